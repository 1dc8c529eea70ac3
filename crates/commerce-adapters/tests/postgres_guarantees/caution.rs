//! What needs no look is written without one, until something fails.

use std::sync::Arc;
use std::time::Duration;

use commerce_adapters::postgres::PgStore;
use commerce_core::commit::{Claim, Commit, Conflict, DocumentWrite, Expected};
use commerce_core::store::Store;
use commerce_test_postgres::{Cluster, database};

use crate::support::{
    LOOKS, begin, connect, counted, event, execute, fresh_id, number, own_server, process, stream, until,
    within,
};

fn put(id: &str) -> DocumentWrite {
    DocumentWrite::put("things", id, Expected::ABSENT, b"{}".to_vec())
}

/// A stream, a document and a claim of this name, all of which should be new.
fn new(name: &str) -> Commit {
    Commit::new()
        .append(stream(name), Expected::ABSENT, vec![event()])
        .document(put(name).field("state", "new"))
        .claim(Claim::new("things", name))
}

/// One of three things that are there already, and besides it something of its own.
fn late(round: usize) -> Commit {
    let own = Commit::new().append(stream(fresh_id()), Expected::ABSENT, vec![event()]);
    match round % 3 {
        0 => own.append(stream("there"), Expected::ABSENT, vec![event()]),
        1 => own.document(put("there")),
        _ => own.claim(Claim::new("things", "there")),
    }
}

fn is_told(round: usize, conflict: &Conflict) -> bool {
    let kind = match conflict {
        Conflict::Stream { actual: 1, .. } => 0,
        Conflict::Document { actual: 1, .. } => 1,
        Conflict::Claim { .. } => 2,
        _ => return false,
    };
    kind == round % 3
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_should_be_new_is_not_looked_for_as_long_as_nothing_fails() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        for n in 0..50 {
            store.commit(new(&n.to_string())).await.unwrap();
        }
        assert_eq!(counted(&home, store, LOOKS).await, 0);

        let store = process(home.url()).await;
        store.commit(new("0")).await.unwrap_err();
        for n in 50..100 {
            store.commit(new(&n.to_string())).await.unwrap();
        }
        let looks = counted(&home, store, LOOKS).await;
        assert!(looks >= 50, "after something has failed each stream is looked for: {looks}");
    })
    .await;
}

fn go_on(from: u64) -> Commit {
    Commit::new().append(stream("long"), Expected::Version(from), vec![event()])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_not_looked_at_where_it_goes_on_from_what_this_process_wrote() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        for version in 0..50 {
            store.commit(go_on(version)).await.unwrap();
        }
        assert_eq!(counted(&home, store, LOOKS).await, 0);

        let (store, other) = (process(home.url()).await, process(home.url()).await);
        store.commit(go_on(50)).await.unwrap();
        other.commit(go_on(51)).await.unwrap();
        for expected in [51, 0, 53] {
            let error = store.commit(go_on(expected)).await.unwrap_err();
            let told = matches!(error.conflict(), Some(Conflict::Stream { actual: 52, .. }));
            assert!(told, "{expected}: {error}");
        }
        store.commit(go_on(52)).await.unwrap();
        other.close().await;
    })
    .await;
}

/// A process whose stream has three events, on a server of its own.
async fn with_three_events() -> (Cluster, String, Arc<PgStore>) {
    let (server, url) = own_server().await;
    let store = process(&url).await;
    for version in 0..3 {
        store.commit(go_on(version)).await.unwrap();
    }
    (server, url, store)
}

/// Whoever counts on a third event, once the database can be reached again.
async fn is_refused(store: &PgStore) {
    let error = loop {
        match store.commit(go_on(3)).await {
            Err(error) if error.conflict().is_none() => tokio::time::sleep(Duration::from_millis(20)).await,
            answer => break answer.unwrap_err(),
        }
    };
    assert!(matches!(error.conflict(), Some(Conflict::Stream { actual: 2, .. })), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_on_another_server_is_no_longer_taken_to_be_there() {
    within(60, async {
        let (server, url, store) = with_three_events().await;
        // As if another, which had not been told of it yet, had taken its place.
        let gone = "DELETE FROM commerce.commerce_events WHERE version = 3";
        execute(&mut connect(&url).await, gone).await;
        server.stop().await;
        server.start_again().await;
        let after = async || loop {
            match store.commit(go_on(3)).await {
                Err(error) if error.conflict().is_none() => {
                    tokio::time::sleep(Duration::from_millis(20)).await
                }
                answer => break answer.unwrap_err(),
            }
        };
        let error = after().await;
        assert!(matches!(error.conflict(), Some(Conflict::Stream { actual: 2, .. })), "{error}");
    })
    .await;
}

/// Within one run of the server: its place under the same name is taken by one that knows less.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_in_a_database_that_was_replaced_is_no_longer_taken_to_be_there() {
    within(60, async {
        let (server, _, store) = with_three_events().await;
        let mut db = connect(&server.url("postgres")).await;
        // Ending a session takes the server a moment.
        let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'shop'";
        execute(&mut db, "ALTER DATABASE shop ALLOW_CONNECTIONS false").await;
        until("its sessions have ended", async || number(&mut db, ended).await == 0).await;
        execute(&mut db, "CREATE DATABASE restored TEMPLATE shop").await;
        let mut restored = connect(&server.url("restored")).await;
        execute(&mut restored, "DELETE FROM commerce.commerce_events WHERE version = 3").await;
        drop(restored);
        execute(&mut db, "ALTER DATABASE shop RENAME TO before").await;
        let of_restored =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = 'restored' AND backend_type = 'client backend'";
        until("no one uses it", async || number(&mut db, of_restored).await == 0).await;
        execute(&mut db, "ALTER DATABASE restored RENAME TO shop").await;
        is_refused(&store).await;
    })
    .await;
}

/// An ordinary race within a process: the server's log has no line for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_this_process_knows_to_be_longer_is_refused_without_a_failed_attempt() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        for round in 0..20 {
            let (first, second) = (store.commit(begin(&stream(round))), store.commit(begin(&stream(round))));
            first.await.unwrap();
            let error = second.await.unwrap_err();
            assert!(matches!(error.conflict(), Some(Conflict::Stream { .. })), "{error}");
        }
        let failed = "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()";
        assert_eq!(counted(&home, store, failed).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflicts_one_after_another_cost_one_attempt() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        store.commit(new("there")).await.unwrap();
        for round in 0..90 {
            let neighbours = [fresh_id(), fresh_id()].map(|id| store.commit(new(&id.to_string())));
            let error = store.commit(late(round)).await.unwrap_err();
            assert!(error.conflict().is_some_and(|conflict| is_told(round, conflict)), "{round}: {error}");
            for neighbour in neighbours {
                neighbour.await.expect("a conflict costs its neighbours nothing");
            }
        }
        let failed = "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()";
        let failed = counted(&home, store, failed).await;
        assert!((1..=3).contains(&failed), "of 90 conflicts {failed} failed in the database");
    })
    .await;
}

/// As those of whoever holds aggregates in memory and lets later commits require earlier ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_was_made_for_its_commit_has_no_row_of_its_own() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        let mut before = None;
        for version in 0..20 {
            let id = fresh_id();
            let commit = go_on(version).with_new_id(id);
            store.commit(before.into_iter().fold(commit, Commit::requires)).await.unwrap();
            before = Some(id);
        }
        let rows = "SELECT count(*) FROM commerce.commerce_commits";
        assert_eq!(number(&mut home.connect().await, rows).await, 0);
        store.commit(go_on(20).with_id(fresh_id())).await.unwrap();
        assert_eq!(number(&mut home.connect().await, rows).await, 1);
    })
    .await;
}
