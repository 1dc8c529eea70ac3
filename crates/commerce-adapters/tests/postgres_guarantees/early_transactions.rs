//! A transaction that began to write before another, and comes to us after it, puts nothing before what it builds on.

use commerce_core::commit::{Claim, ClaimKey, Commit, CommitError, DocumentWrite, Expected, NewMessage};
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use commerce_core::store::{ReadMessages, Store};
use commerce_test_postgres::{TestDatabase, database};
use sqlx::PgConnection;

use commerce_adapters::postgres::{PgStore, sqlx};

use crate::support::{EventReader, append, begin, event, execute, length, process, stream, within};

const BEGIN: &str = "BEGIN; INSERT INTO orders VALUES (1)";

/// A transaction that has its id already.
async fn begin_early(home: &TestDatabase) -> PgConnection {
    let mut host = home.connect().await;
    execute(&mut host, "CREATE TABLE IF NOT EXISTS orders (number int)").await;
    execute(&mut host, BEGIN).await;
    host
}

#[track_caller]
fn assert_too_early(result: Result<impl std::fmt::Debug, CommitError>) {
    match result {
        Err(error @ CommitError::RolledBack { .. }) => {
            assert_eq!(error.kind(), Kind::Retryable);
            assert!(error.to_string().contains("run it again"), "{error}");
        }
        other => panic!("it is as if it had come in time: {other:?}"),
    }
}

/// Reads the whole log, which fails if a version comes before another of its stream.
async fn assert_log_in_order(store: &PgStore, events: usize) {
    store.caught_up().await.unwrap();
    let mut reader = EventReader::default();
    while reader.read(store).await > 0 {}
    assert_eq!(reader.seen, events);
}

#[tokio::test]
async fn version_8_never_lies_before_version_7() {
    within(30, async {
        let home = database().await;
        let store = process(home.url()).await;
        let seven = vec![event(); 6];
        store.commit(Commit::new().append(stream(1), Expected::ABSENT, seven)).await.unwrap();
        for expected in [Expected::Version(7), Expected::Any] {
            let mut host = begin_early(&home).await;
            let version = length(&store, &stream(1)).await;
            store.commit(append(&stream(1))).await.unwrap();
            let expected =
                if expected == Expected::Any { expected } else { Expected::Version(version as u64 + 1) };

            let next = Commit::new().append(stream(1), expected, vec![event()]);
            assert_too_early(store.apply_in(&mut host, &next).await);

            // Run again from its beginning, as the error says, it is in time.
            execute(&mut host, "ROLLBACK").await;
            execute(&mut host, BEGIN).await;
            store.apply_in(&mut host, &next).await.unwrap();
            execute(&mut host, "COMMIT").await;
        }
        assert_log_in_order(&store, 10).await;
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_is_only_counted_on_must_not_be_newer_either() {
    within(30, async {
        let home = database().await;
        let store = process(home.url()).await;
        let mut host = begin_early(&home).await;
        store.commit(append(&stream(1))).await.unwrap();
        let counts = begin(&stream(2)).append(stream(1), Expected::Version(1), vec![]);
        assert_too_early(store.apply_in(&mut host, &counts).await);
    })
    .await;
}

#[tokio::test]
async fn a_document_is_not_taken_back_to_an_earlier_transaction() {
    within(30, async {
        let home = database().await;
        let store = process(home.url()).await;
        let put =
            |expected| Commit::new().document(DocumentWrite::put("stock", "a", expected, b"1".to_vec()));
        for expected in [Expected::Version(1), Expected::Any] {
            let mut host = begin_early(&home).await;
            store.commit(put(Expected::Any)).await.unwrap();
            assert_too_early(store.apply_in(&mut host, &put(expected)).await);
            execute(&mut host, "ROLLBACK").await;
            execute(&mut host, BEGIN).await;
            store.apply_in(&mut host, &put(expected)).await.unwrap();
            execute(&mut host, "COMMIT").await;
        }
        let found = store.document(&Tenant::default(), "stock", "a").await.unwrap().unwrap();
        assert_eq!(found.version, 4);
    })
    .await;
}

#[tokio::test]
async fn what_is_gone_is_not_written_anew_before_it_went() {
    within(30, async {
        let home = database().await;
        let store = process(home.url()).await;
        let put =
            || Commit::new().document(DocumentWrite::put("stock", "a", Expected::ABSENT, b"1".to_vec()));
        let claim = || Commit::new().claim(Claim::new("stock", "a"));
        let delete = || Commit::new().document(DocumentWrite::delete("stock", "a", Expected::Version(1)));
        let release = || Commit::new().release(ClaimKey::new("stock", "a"));
        for (take, leave) in
            [(&put as &dyn Fn() -> Commit, &delete as &dyn Fn() -> Commit), (&claim, &release)]
        {
            store.commit(take()).await.unwrap();
            let mut host = begin_early(&home).await;
            store.commit(leave()).await.unwrap();
            assert_too_early(store.apply_in(&mut host, &take()).await);
            execute(&mut host, "ROLLBACK").await;
            execute(&mut host, BEGIN).await;
            store.apply_in(&mut host, &take()).await.unwrap();
            // As it may come and go within one transaction.
            for _ in 0..2 {
                store.apply_in(&mut host, &leave()).await.unwrap();
                store.apply_in(&mut host, &take()).await.unwrap();
            }
            execute(&mut host, "COMMIT").await;
        }
        assert!(store.document(&Tenant::default(), "stock", "a").await.unwrap().is_some());
        assert!(store.claimed(&Tenant::default(), "stock", "a").await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn an_early_transaction_that_builds_on_nothing_newer_is_in_time() {
    within(30, async {
        let home = database().await;
        let store = process(home.url()).await;
        let mut host = begin_early(&home).await;
        let message = |key: &str| NewMessage::new("sent", key);
        store.commit(append(&stream("newer")).message(message("newer"))).await.unwrap();
        store.commit(append(&stream("newer")).message(message("newer"))).await.unwrap();

        let first =
            store.apply_in(&mut host, &append(&stream("other")).message(message("other"))).await.unwrap();
        let second =
            store.apply_in(&mut host, &append(&stream("other")).message(message("other"))).await.unwrap();
        execute(&mut host, "COMMIT").await;
        assert!(first.position < second.position);

        // It lies where its transaction began, before the newer ones.
        assert_log_in_order(&store, 4).await;
        let log = store.read_log(0, 10).await.unwrap();
        let streams: Vec<_> = log.iter().map(|event| event.stream.id()).collect();
        assert_eq!(streams, ["other", "other", "newer", "newer"]);
        let mut positions = Vec::new();
        for partition in 0..store.partitions() {
            let request = ReadMessages { partition, after: 0, topics: &[], limit: 10 };
            for message in store.read_messages(request).await.unwrap().messages {
                positions.push((message.position, message.key.to_string()));
            }
        }
        positions.sort();
        let keys: Vec<_> = positions.iter().map(|(_, key)| key.as_str()).collect();
        assert_eq!(keys, ["other", "other", "newer", "newer"]);
    })
    .await;
}
