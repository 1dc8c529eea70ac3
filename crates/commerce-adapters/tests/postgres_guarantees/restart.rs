//! The server crashes and comes back: what was answered is so, and the store goes on by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use commerce_adapters::postgres::PgStore;
use commerce_core::commit::{Claim, Commit, CommitError, CommitId, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::{CommitFuture, CommitOutcome, Store};
use tokio::task::JoinSet;

use crate::support::{
    Gate, append, build_gate, connect, event_of, fresh_id, length, number, numbered, own_server, process,
    stream, until, within,
};

const CALLERS: usize = 32;
/// A caller waits no longer than this while there is no server.
const BOUND: Duration = Duration::from_secs(8);

struct Call {
    id: CommitId,
    began: Instant,
    took: Duration,
    answer: Result<(), CommitError>,
}

async fn call(store: &PgStore) -> Call {
    let (id, began) = (fresh_id(), Instant::now());
    let commit = append(&stream(id)).with_id(id).claim(Claim::new("once", id.to_string()));
    let answer = store.commit(commit.message(numbered(&id.to_string(), 1))).await.map(drop);
    Call { id, began, took: began.elapsed(), answer }
}

/// Callers that commit one after the other until they are stopped.
fn load(store: &Arc<PgStore>, stop: &Arc<AtomicBool>) -> JoinSet<Vec<Call>> {
    (0..CALLERS)
        .map(|_| {
            let (store, stop) = (store.clone(), stop.clone());
            async move {
                let mut calls = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    calls.push(call(&store).await);
                    if calls.last().is_some_and(|call| call.answer.is_err()) {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
                calls
            }
        })
        .collect()
}

/// Each answer is true, and no caller was left with "unknown" but where that is allowed.
async fn check(store: &PgStore, calls: &[Call], may_be_unknown: bool) {
    let mut counts = [0; 3];
    for Call { id, answer, .. } in calls {
        let outcome = store.outcome(*id).await.unwrap();
        let is_there = outcome == CommitOutcome::Committed;
        let claimed = store.claimed(&Tenant::default(), "once", &id.to_string()).await.unwrap().is_some();
        assert_eq!((length(store, &stream(id)).await == 1, claimed), (is_there, is_there), "half of {id}");
        match answer {
            Ok(()) => assert!(is_there, "{id} was answered and is lost"),
            Err(CommitError::RolledBack { .. }) => assert!(!is_there, "{id} was written all the same"),
            Err(CommitError::Unknown { id: of, .. }) => assert!(may_be_unknown && of == id),
            Err(error) => panic!("{error}"),
        }
        counts[match answer {
            Ok(()) => 0,
            Err(CommitError::RolledBack { .. }) => 1,
            Err(_) => 2,
        }] += 1;
    }
    println!("{} committed, {} rolled back, {} unknown", counts[0], counts[1], counts[2]);
    assert!(counts[0] > CALLERS && counts[1] > 0);
}

async fn calls_of(callers: JoinSet<Vec<Call>>) -> Vec<Call> {
    callers.join_all().await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_around_crashes_is_so() {
    within(120, async {
        let (cluster, url) = own_server().await;
        let (store, stop) = (process(&url).await, Arc::new(AtomicBool::new(false)));
        let callers = load(&store, &stop);
        for crash in 0..3 {
            let before = call(&store).await;
            assert!(before.answer.is_ok(), "it has not recovered from crash {crash}");
            tokio::time::sleep(Duration::from_millis(200)).await;
            cluster.kill().await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            cluster.start_again().await;
            until("the store is back", async || call(&store).await.answer.is_ok()).await;
        }
        stop.store(true, Ordering::SeqCst);
        let calls = calls_of(callers).await;
        // The server was never away for so long that an answer could not be found.
        check(&store, &calls, false).await;

        let mut db = connect(&url).await;
        let doubled = "SELECT count(*) FROM (SELECT FROM commerce.commerce_messages GROUP BY key HAVING count(*) > 1) d";
        assert_eq!(number(&mut db, doubled).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_callers_are_told_in_time_and_where_it_should_be() {
    within(120, async {
        let (cluster, url) = own_server().await;
        let (store, stop) = (process(&url).await, Arc::new(AtomicBool::new(false)));
        let callers = load(&store, &stop);
        let mut db = connect(&url).await;
        let written = "SELECT count(*) FROM commerce.commerce_commits";
        until("it runs", async || number(&mut db, written).await > 200).await;
        cluster.kill().await;
        let down = Instant::now();
        let at = format!("127.0.0.1:{}/shop", cluster.port());

        // Longer than a lost answer is looked for.
        while down.elapsed() < Duration::from_secs(17) {
            let began = Instant::now();
            let error = store.read_log(0, 1).await.unwrap_err().to_string();
            assert!(error.contains(&at) && error.contains("can't be reached"), "{error}");
            assert!(store.outcome(fresh_id()).await.is_err());
            assert!(store.acquire_lease("any", uuid::Uuid::nil(), BOUND).await.is_err());
            assert!(began.elapsed() < BOUND);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        stop.store(true, Ordering::SeqCst);
        let calls = calls_of(callers).await;
        // Before anyone has noticed, a commit may still be sent on a connection that is dead: it is looked for.
        for call in calls.iter().filter(|call| call.began > down + Duration::from_secs(1)) {
            assert!(call.took < BOUND, "{:?}", call.took);
            let error = call.answer.as_ref().unwrap_err();
            assert!(matches!(error, CommitError::RolledBack { .. }), "nothing was sent: {error}");
            let error = error.to_string();
            assert!(error.contains(&at) && error.contains("can't be reached"), "{error}");
        }
        // However many wait: they are all told as soon as one is.
        let began = Instant::now();
        let many: Vec<_> = (0..5_000).map(|n| store.commit(append(&stream(n)))).collect();
        for answer in many {
            assert!(answer.await.is_err());
        }
        assert!(began.elapsed() < BOUND / 2, "{:?}", began.elapsed());

        cluster.start_again().await;
        until("the store is back", async || call(&store).await.answer.is_ok()).await;
        check(&store, &calls, true).await;
    })
    .await;
}

/// Two commits under way, each over a connection of its own.
async fn both_writers_at_work(store: &PgStore, url: &str) -> (Gate, [CommitFuture; 2]) {
    let mut gate = Gate::close(url).await;
    let held = || Commit::new().append(stream(fresh_id()), Expected::ABSENT, vec![event_of("Held")]);
    let first = store.commit(held());
    gate.holds(1).await;
    let second = store.commit(held());
    gate.holds(2).await;
    (gate, [first, second])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_lost_answer_is_enough_to_distrust_all_connections() {
    within(120, async {
        let (cluster, url) = own_server().await;
        let store = process(&url).await;
        build_gate(&mut connect(&url).await).await;
        let (gate, both) = both_writers_at_work(&store, &url).await;
        gate.open().await;
        for commit in both {
            commit.await.unwrap();
        }
        cluster.kill().await;

        let looked_for = store.commit(append(&stream(1)));
        tokio::time::sleep(Duration::from_secs(1)).await;
        // Another writer takes it, over a connection on which nothing has failed yet.
        let next = call(&store).await;
        let error = next.answer.unwrap_err();
        assert!(matches!(error, CommitError::RolledBack { .. }), "nothing was sent: {error}");
        assert!(next.took < BOUND, "{:?}", next.took);
        drop(looked_for);
    })
    .await;
}

/// Although each writer has something under way, and looks for what became of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_while_all_writers_look_for_lost_answers() {
    within(60, async {
        let (cluster, url) = own_server().await;
        let store = process(&url).await;
        build_gate(&mut connect(&url).await).await;
        let (_gate, [first, second]) = both_writers_at_work(&store, &url).await;

        cluster.kill().await;
        let error = within(4, store.commit(append(&stream(3)))).await.unwrap_err();
        assert!(matches!(error, CommitError::RolledBack { .. }), "{error}");
        assert!(error.to_string().contains("can't be reached"), "{error}");
        cluster.start_again().await;
        for lost in [first, second] {
            let error = lost.await.unwrap_err();
            assert!(matches!(error, CommitError::RolledBack { .. }), "{error}");
        }
    })
    .await;
}
