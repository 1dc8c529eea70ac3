//! Callers that go away in the middle leave nothing behind: no connection, no half commit, no lock.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use commerce_adapters::postgres::sqlx::{self, Connection, PgConnection};
use commerce_adapters::postgres::{PgDatabase, PgStore};
use commerce_core::commit::CommitId;
use commerce_core::id::Tenant;
use commerce_core::store::{CommitOutcome, Prune, Query, ReadMessages, Store};
use commerce_test_postgres::database;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{
    Random, SCHEMA, append, connect, execute, fresh_id, length, number, numbered, process, stream,
    stuck_or_done, until, whole, within,
};

const READERS: usize = 3;
const CALLS: u64 = 150;
const CALLERS: u64 = 8;

/// Polls a future so many times at most, and drops it.
async fn poll_times<F: Future>(future: F, times: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// One call of any kind, by someone who soon loses interest. Answers the commit that was handed over.
async fn call(store: &PgStore, url: &str, random: &mut Random) -> Option<CommitId> {
    let (tenant, patience, id) = (Tenant::default(), random.below(7), fresh_id());
    let kind = random.below(10);
    let holder = Uuid::from_u128(u128::from(random.below(3)));
    let request = ReadMessages { partition: 0, after: 0, topics: &["numbered"], limit: 50 };
    let some = Duration::from_millis(random.below(20));
    match kind {
        0 => drop(poll_times(store.read_log(0, 50), patience).await),
        1 => drop(poll_times(store.read_messages(request), patience).await),
        2 => drop(poll_times(store.documents(&Query::of(&tenant, "things")), patience).await),
        3 => drop(poll_times(store.acquire_lease("lease", holder, some), patience).await),
        4 => drop(poll_times(store.outcome(id), patience).await),
        5 => drop(poll_times(store.caught_up(), patience).await),
        6 => drop(poll_times(store.prune(Prune::ExpiredClaims), patience).await),
        7 => {
            let mut host = connect(url).await;
            execute(&mut host, "BEGIN").await;
            drop(poll_times(store.apply_in(&mut host, &whole(id)), patience).await);
            // Whatever had come of it is rolled back with the connection.
        }
        _ => {
            let handed = store.commit(whole(id));
            drop(poll_times(handed, patience).await);
            return Some(id);
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_away_leaves_nothing_behind() {
    within(120, async {
        let home = database().await;
        let database = PgDatabase::with_readers(home.url(), READERS).unwrap();
        let store = Arc::new(database.store(SCHEMA).migrate().await.unwrap());
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let (store, url) = (store.clone(), home.url().to_owned());
            callers.spawn(async move {
                let (mut random, mut handed) = (Random(caller), Vec::new());
                for _ in 0..CALLS {
                    handed.extend(call(&store, &url, &mut random).await);
                }
                handed
            });
        }
        let handed: Vec<CommitId> = callers.join_all().await.into_iter().flatten().collect();
        assert!(handed.len() > 100);

        // No half commit: all that were handed over were written, and nothing else was.
        for id in &handed {
            assert_eq!(store.outcome(*id).await.unwrap(), CommitOutcome::Committed);
        }
        let mut db = home.connect().await;
        let all = handed.len() as i64;
        for (table, each) in [("commits", 1), ("events", 2), ("documents", 1), ("messages", 1), ("claims", 1)]
        {
            let query = format!("SELECT count(*) FROM commerce.commerce_{table}");
            assert_eq!(number(&mut db, &query).await, all * each, "{table}");
        }

        // No connection is left over, and each that is allowed can still be had.
        let most = 2 + READERS as i64 + 1;
        let connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                         AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        until("connections are closed", async || number(&mut db, connected).await <= most).await;
        let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()";
        until("nothing is under way", async || number(&mut db, busy).await == 0).await;
        let mut locking = home.connect().await;
        execute(&mut locking, "BEGIN; LOCK TABLE commerce.commerce_events").await;
        let reads: JoinSet<_> = (0..READERS)
            .map(|_| {
                let store = store.clone();
                async move { store.read_log(0, 1).await.map(drop) }
            })
            .collect();
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                       AND backend_type = 'client backend' AND wait_event_type = 'Lock'";
        until("all readers read at once", async || number(&mut db, waiting).await == READERS as i64).await;
        execute(&mut locking, "COMMIT").await;
        locking.close().await.unwrap();
        for read in reads.join_all().await {
            read.unwrap();
        }
        store.commit(append(&stream("last"))).await.unwrap();
    })
    .await;
}

/// A connection that was left in the middle of an answer is not used for the next question.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_the_answer_to_another_ones_question() {
    within(60, async {
        let home = database().await;
        let store = PgDatabase::with_readers(home.url(), 1).unwrap().store(SCHEMA).migrate().await.unwrap();
        for n in 0..50 {
            store.commit(append(&stream(n)).message(numbered(&n.to_string(), 1))).await.unwrap();
        }
        store.caught_up().await.unwrap();
        for round in 0..200 {
            drop(poll_times(store.read_log(0, 100), round % 9).await);
            assert_eq!(length(&store, &stream(round % 50)).await, 1);
            assert_eq!(store.read_log(0, 100).await.unwrap().len(), 50);
        }
    })
    .await;
}

/// Whoever gives up on a slow answer takes its connection along: the next caller gets another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_the_answer_that_another_one_gave_up() {
    within(30, async {
        let home = database().await;
        let store = PgDatabase::with_readers(home.url(), 1).unwrap().store(SCHEMA).migrate().await.unwrap();
        let store = Arc::new(store);
        let mut locking = home.connect().await;
        execute(&mut locking, "BEGIN; LOCK TABLE commerce.commerce_events").await;
        let slow = tokio::spawn({
            let store = store.clone();
            async move { store.read_log(0, 1).await }
        });
        stuck_or_done(home.url(), &slow).await;
        slow.abort();
        let other = within(5, store.document(&Tenant::default(), "things", "1")).await;
        assert_eq!(other.unwrap(), None);
        execute(&mut locking, "COMMIT").await;
    })
    .await;
}

/// Whoever waits for several things at once drops a read each time that another is there first. A connection for each
/// would cost more than all the reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_go_away_cost_no_connections() {
    within(60, async {
        let home = database().await;
        let database = PgDatabase::with_readers(home.url(), READERS).unwrap();
        let store = database.store(SCHEMA).migrate().await.unwrap();
        for number in 0..20 {
            store.commit(append(&stream("s")).message(numbered("k", number))).await.unwrap();
        }
        store.caught_up().await.unwrap();
        let mut db = home.connect().await;
        let mut seen = BTreeSet::new();
        for patience in 0..200 {
            let request = ReadMessages { partition: 0, after: 0, topics: &[], limit: 50 };
            drop(poll_times(store.read_messages(request), 1 + patience % 3).await);
            assert_eq!(
                store.read_log(0, 50).await.unwrap().len(),
                20,
                "what others left is not mixed up with this"
            );
            seen.extend(readers(&mut db).await);
        }
        assert!((1..=READERS).contains(&seen.len()), "{} connections have read", seen.len());
        store.close().await;
    })
    .await;
}

/// The processes of the server that read at the moment, or have read last.
async fn readers(db: &mut PgConnection) -> Vec<i32> {
    let query =
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                 AND query LIKE '%commerce_events%' AND query NOT LIKE '/* commerce-commit */%'";
    sqlx::query_scalar(query).fetch_all(db).await.unwrap()
}

/// What waits for its turn when a program ends must not be handed on for ever.
#[tokio::test]
async fn a_runtime_that_ends_while_lookups_wait_ends() {
    within(60, async {
        let home = database().await;
        let url = home.url().to_owned();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let store = runtime.spawn(async move { process(&url).await }).await.unwrap();
        let mut host = connect(home.url()).await;
        execute(&mut host, "BEGIN; LOCK TABLE commerce.commerce_documents IN ACCESS EXCLUSIVE MODE").await;
        let mut lookups = Vec::new();
        for _ in 0..16 {
            let store = store.clone();
            lookups.push(
                runtime.spawn(
                    async move { store.document(&Tenant::default(), "things", "1").await.map(|_| ()) },
                ),
            );
        }
        stuck_or_done(home.url(), &lookups[0]).await;
        tokio::task::spawn_blocking(move || drop(runtime)).await.unwrap();
        for lookup in lookups {
            // Some may still learn from their runtime's end that no one will answer.
            assert!(!matches!(lookup.await, Ok(Ok(()))), "it was answered behind a lock");
        }
        execute(&mut host, "ROLLBACK").await;
    })
    .await;
}
