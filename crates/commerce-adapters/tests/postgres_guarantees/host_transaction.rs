//! An application's own rows and a commit in one transaction.

use commerce_adapters::postgres::PgStore;
use commerce_core::Timestamp;
use commerce_core::commit::{Claim, Commit, Conflict, DocumentWrite, Expected, NewMessage};
use commerce_core::id::Tenant;
use commerce_core::store::Store;
use commerce_test_postgres::{TestDatabase, database};

use crate::support::{append, begin, connect, event, execute, length, number, process, stream, within};

async fn invoices(home: &TestDatabase) -> i64 {
    number(&mut home.connect().await, "SELECT count(*) FROM invoices").await
}

async fn sent(home: &TestDatabase) -> i64 {
    number(&mut home.connect().await, "SELECT count(*) FROM commerce.commerce_messages").await
}

#[tokio::test]
async fn its_rows_and_the_commit_stand_and_fall_together() {
    within(30, async {
        let home = database().await;
        home.execute("CREATE TABLE invoices (number int PRIMARY KEY)").await;
        let store = process(home.url()).await;
        let commit = || begin(&stream(7)).message(NewMessage::new("invoice.sent", "7"));
        let mut host = connect(home.url()).await;
        for (end, there) in [("ROLLBACK", 0), ("COMMIT", 1)] {
            execute(&mut host, "BEGIN; INSERT INTO invoices VALUES (7)").await;
            store.apply_in(&mut host, &commit()).await.unwrap();
            assert_eq!((invoices(&home).await, sent(&home).await), (0, 0), "it is not committed yet");
            execute(&mut host, end).await;
            assert_eq!((invoices(&home).await, sent(&home).await), (there, there), "{end}");
            assert_eq!(length(&store, &stream(7)).await as i64, there);
        }
    })
    .await;
}

#[tokio::test]
async fn a_savepoint_takes_back_the_commit_alone() {
    within(30, async {
        let home = database().await;
        home.execute("CREATE TABLE invoices (number int PRIMARY KEY)").await;
        let store = process(home.url()).await;
        let mut host = connect(home.url()).await;
        execute(&mut host, "BEGIN; INSERT INTO invoices VALUES (7); SAVEPOINT before").await;
        store.apply_in(&mut host, &begin(&stream(7))).await.unwrap();
        execute(&mut host, "ROLLBACK TO before").await;
        store.apply_in(&mut host, &begin(&stream(8))).await.unwrap();
        execute(&mut host, "COMMIT").await;
        assert_eq!(invoices(&home).await, 1);
        assert_eq!((length(&store, &stream(7)).await, length(&store, &stream(8)).await), (0, 1));
    })
    .await;
}

#[tokio::test]
async fn a_conflict_leaves_the_transaction_as_it_was() {
    within(30, async {
        let home = database().await;
        home.execute("CREATE TABLE invoices (number int PRIMARY KEY)").await;
        let store = process(home.url()).await;
        store.commit(begin(&stream(1)).claim(Claim::new("sku", "a"))).await.unwrap();
        let lost = store
            .acquire_lease("lease", uuid::Uuid::nil(), std::time::Duration::ZERO)
            .await
            .unwrap()
            .unwrap();
        store.release_lease(&lost).await.unwrap();
        let mut host = connect(home.url()).await;
        execute(&mut host, "BEGIN; INSERT INTO invoices VALUES (7)").await;

        // Each with something that would be written if the rest were right.
        let whole = || begin(&stream(2)).message(NewMessage::new("sent", "2"));
        let put = DocumentWrite::put("d", "1", Expected::Version(4), b"{}".to_vec());
        let conflicts = [
            whole().append(stream(1), Expected::ABSENT, vec![event()]),
            whole().append(stream(1), Expected::ABSENT, vec![]),
            whole().document(put),
            whole().claim(Claim::new("sku", "a")),
            whole().checkpoint("reader", 3, 4),
            whole().fenced_by(&lost),
            whole().requires(crate::support::fresh_id()),
        ];
        for commit in &conflicts {
            let error = store.apply_in(&mut host, commit).await.unwrap_err();
            assert!(error.conflict().is_some(), "{error}");
        }
        let zero = Commit::new().message(NewMessage::new("a\0b", "1"));
        store.apply_in(&mut host, &zero).await.unwrap_err();

        store.apply_in(&mut host, &whole()).await.unwrap();
        execute(&mut host, "COMMIT").await;
        assert_eq!((invoices(&home).await, sent(&home).await), (1, 1));
        assert_eq!((length(&store, &stream(1)).await, length(&store, &stream(2)).await), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn several_commits_in_one_transaction_see_each_other() {
    within(30, async {
        let home = database().await;
        let store = process(home.url()).await;
        let mut host = connect(home.url()).await;
        execute(&mut host, "BEGIN").await;
        let mut last = 0;
        for version in 0..5 {
            let next = Commit::new()
                .append(stream(1), Expected::Version(version), vec![event(), event()][..1].to_vec())
                .append(stream("counted on"), Expected::ABSENT, vec![])
                .document(DocumentWrite::put("d", "1", Expected::Version(version), b"{}".to_vec()))
                .message(NewMessage::new("sent", "1"));
            let committed = store.apply_in(&mut host, &next).await.unwrap();
            assert!(committed.position > last);
            last = committed.position;
        }
        let error = store.apply_in(&mut host, &begin(&stream(1))).await.unwrap_err();
        assert!(matches!(error.conflict(), Some(Conflict::Stream { actual: 5, .. })), "{error}");
        execute(&mut host, "COMMIT").await;

        let document = store.document(&Tenant::default(), "d", "1").await.unwrap().unwrap();
        assert_eq!((document.version, sent(&home).await), (5, 5));
        store.commit(append(&stream(1))).await.unwrap();
        store.caught_up().await.unwrap();
        let log = store.read_log(0, 100).await.unwrap();
        let versions: Vec<_> = log.iter().map(|event| event.version).collect();
        assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
    })
    .await;
}

/// A claim that has expired, and that nothing has pruned.
async fn expired(store: &PgStore) -> Claim {
    let claim = Claim::new("seen", "1");
    store.commit(Commit::new().claim(claim.clone().until(Timestamp::from_micros(1)))).await.unwrap();
    claim
}

#[tokio::test]
async fn an_expired_claim_is_taken_and_the_transaction_goes_on() {
    within(30, async {
        let home = database().await;
        let store = process(home.url()).await;
        let claim = expired(&store).await;
        let mut host = connect(home.url()).await;
        execute(&mut host, "BEGIN").await;
        store.apply_in(&mut host, &Commit::new().claim(claim)).await.unwrap();
        execute(&mut host, "COMMIT").await;
        assert!(store.claimed(&Tenant::default(), "seen", "1").await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn streams_are_written_in_one_order_however_a_connection_plans() {
    within(30, async {
        let home = database().await;
        let store = process(home.url()).await;
        let mut host = connect(home.url()).await;
        execute(&mut host, "SET enable_nestloop = off; SET enable_hashjoin = off; BEGIN").await;
        let commit = (0..8).fold(Commit::new(), |commit, id| {
            let expected = if id % 2 == 0 { Expected::ABSENT } else { Expected::Any };
            commit.append(stream(id), expected, vec![event()])
        });
        store.apply_in(&mut host, &commit).await.unwrap();
        execute(&mut host, "COMMIT").await;
        let out_of_order = "SELECT count(*)
            FROM (SELECT stream_key < lag(stream_key) OVER (ORDER BY ctid) AS behind FROM commerce.commerce_events) e
            WHERE behind";
        assert_eq!(number(&mut host, out_of_order).await, 0);
    })
    .await;
}
