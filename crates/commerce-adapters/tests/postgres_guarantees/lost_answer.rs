//! A commit whose answer is lost is answered all the same, truthfully.

use std::sync::Arc;
use std::time::Duration;

use commerce_adapters::postgres::{PgDatabase, PgStore};
use commerce_core::commit::{Commit, CommitError, CommitId, Committed, Conflict, Expected};
use commerce_core::store::{CommitFuture, CommitOutcome, Store};
use commerce_test_postgres::{CutMode, Proxy, TestDatabase, database};

use crate::support::{
    Gate, SCHEMA, append, build_gate, event, event_of, fresh_id, number, process, stream, until, whole,
    within,
};

/// A word in a comment of the statement that writes commits.
const NEEDLE: &str = "commerce-commit";
/// Over the three moments of a cut: 500.
const ROUNDS: [(CutMode, usize); 3] =
    [(CutMode::BeforeServer, 170), (CutMode::AfterServer, 170), (CutMode::InFlight, 160)];

/// How many of its parts there are.
async fn parts(home: &TestDatabase, id: CommitId) -> i64 {
    let mut db = home.connect().await;
    let query = format!(
        "SELECT (SELECT count(*) FROM commerce.commerce_events WHERE stream = 'thing/{id}')
              + (SELECT count(*) FROM commerce.commerce_documents WHERE id = '{id}')
              + (SELECT count(*) FROM commerce.commerce_messages WHERE key = '{id}')
              + (SELECT count(*) FROM commerce.commerce_claims WHERE name = '{id}')
              + (SELECT count(*) FROM commerce.commerce_commits WHERE id = '{id}')"
    );
    number(&mut db, &query).await
}

const ALL_PARTS: i64 = 6;

type Answer = (CommitId, Result<Committed, CommitError>);

/// Hands over what one round commits: one alone, several callers, or a chain.
fn hand_over(store: &PgStore, round: usize) -> Vec<(CommitId, CommitFuture)> {
    let callers = [1, 7, 5][round % 3];
    let is_chain = round % 3 == 2;
    let mut handed: Vec<(CommitId, CommitFuture)> = Vec::new();
    for _ in 0..callers {
        let id = fresh_id();
        let mut commit = whole(id);
        if let Some((last, _)) = handed.last().filter(|_| is_chain) {
            commit = commit.requires(*last);
        }
        handed.push((id, store.commit(commit)));
    }
    handed
}

/// What was answered is so, and what was rolled back can be tried again under the same id.
async fn check(home: &TestDatabase, store: &Arc<PgStore>, answers: Vec<Answer>, is_chain: bool) {
    let mut has_failed = false;
    for (id, answer) in answers {
        let there = parts(home, id).await;
        let outcome = store.outcome(id).await.unwrap();
        match answer {
            Ok(committed) => {
                assert_eq!(committed.id, id);
                assert_eq!((there, outcome), (ALL_PARTS, CommitOutcome::Committed), "{id} is lost");
                assert!(!(is_chain && has_failed), "{id} was applied without what it requires");
            }
            Err(CommitError::RolledBack { .. }) => {
                assert_eq!((there, outcome), (0, CommitOutcome::RolledBack), "{id} would be doubled");
                store.commit(whole(id)).await.unwrap();
                assert_eq!(parts(home, id).await, ALL_PARTS);
                has_failed = true;
            }
            Err(CommitError::Conflict(Conflict::Required { .. })) if is_chain && has_failed => {
                assert_eq!((there, outcome), (0, CommitOutcome::RolledBack));
            }
            Err(error) => panic!("{id}: {error}"),
        }
    }
}

async fn cut_in_each_round((mode, rounds): (CutMode, usize)) {
    let home = database().await;
    let proxy = Proxy::before_database(&home).await;
    // Its looks at what there is do not go through the proxy.
    let store = PgDatabase::new(&proxy.url(home.name())).unwrap().store(SCHEMA).migrate().await.unwrap();
    let store = Arc::new(store);
    let (mut committed, mut rolled_back) = (0, 0);
    for round in 0..rounds {
        match mode {
            CutMode::BeforeServer => proxy.cut_before_server(NEEDLE, 1),
            CutMode::AfterServer => proxy.cut_after_server(NEEDLE, 1),
            CutMode::InFlight => proxy.cut_in_flight(NEEDLE, 1),
        }
        let mut answers = Vec::new();
        for (id, answer) in hand_over(&store, round) {
            answers.push((id, answer.await));
        }
        assert_eq!(proxy.cuts(), round + 1, "the cut was not made");
        let succeeded = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
        committed += succeeded;
        rolled_back += answers.len() - succeeded;
        check(&home, &store, answers, round % 3 == 2).await;
    }
    println!("{mode:?}: {committed} committed, {rolled_back} rolled back");
    match mode {
        CutMode::BeforeServer => assert!(rolled_back >= rounds),
        CutMode::AfterServer => assert_eq!(rolled_back, 0),
        CutMode::InFlight => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_before_the_server_has_the_commit_is_a_rollback() {
    within(120, cut_in_each_round(ROUNDS[0])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_after_the_server_has_committed_is_a_commit() {
    within(120, cut_in_each_round(ROUNDS[1])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_in_flight_is_answered_as_it_turned_out() {
    within(120, cut_in_each_round(ROUNDS[2])).await;
}

/// A commit that waits at the gate.
fn held(id: CommitId) -> Commit {
    Commit::new().with_id(id).append(stream(1), Expected::ABSENT, vec![event_of("Held")])
}

/// The server may still be at work on it when the connection has long gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_answered_as_rolled_back_does_not_happen_afterwards() {
    within(60, async {
        let home = database().await;
        let proxy = Proxy::before_database(&home).await;
        let store = process(&proxy.url(home.name())).await;
        build_gate(&mut home.connect().await).await;
        let mut gate = Gate::close(home.url()).await;

        let id = fresh_id();
        let answer = store.commit(held(id));
        gate.holds(1).await;
        proxy.cut_all();
        match answer.await {
            Err(CommitError::RolledBack { .. }) => {}
            other => panic!("{other:?}"),
        }
        // It holds the server process no more: nothing is left that could still write it.
        gate.holds(0).await;
        gate.open().await;
        assert_eq!(store.outcome(id).await.unwrap(), CommitOutcome::RolledBack);
        // Its other writer's connection was cut as well: it finds that out, and tells the caller to try again.
        until("the id can be used", async || store.commit(append(&stream(1)).with_id(id)).await.is_ok())
            .await;
    })
    .await;
}

/// Whatever is being written has locked its tables, wherever it waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_elsewhere_waits_for_a_commit_that_is_being_written() {
    within(60, async {
        let home = database().await;
        let (store, other) = (process(home.url()).await, process(home.url()).await);
        build_gate(&mut home.connect().await).await;
        let mut gate = Gate::close(home.url()).await;
        let id = fresh_id();
        let answer = store.commit(held(id));
        gate.holds(1).await;
        let outcome = tokio::spawn(async move { other.outcome(id).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!outcome.is_finished(), "it is not known yet");
        gate.open().await;
        answer.await.unwrap();
        assert_eq!(outcome.await.unwrap().unwrap(), CommitOutcome::Committed);
    })
    .await;
}

/// A group whose answer is lost, in which some members were refused by the statement itself: they were not written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_that_conflicted_in_a_lost_group_were_not_written() {
    within(60, async {
        let home = database().await;
        let proxy = Proxy::before_database(&home).await;
        let store = process(&proxy.url(home.name())).await;
        store.commit(append(&stream("taken"))).await.unwrap();
        let stale = |commit: Commit| commit.append(stream("taken"), Expected::Version(9), vec![event()]);
        // Once something has failed, all is looked at, and members are refused by the statement that writes the others.
        store.commit(stale(whole(fresh_id()))).await.unwrap_err();
        for _ in 0..20 {
            proxy.cut_after_server(NEEDLE, 1);
            let handed: Vec<_> = (0..10)
                .map(|n| {
                    let id = fresh_id();
                    let commit = whole(id);
                    let is_stale = n % 3 == 0;
                    (id, is_stale, store.commit(if is_stale { stale(commit) } else { commit }))
                })
                .collect();
            for (id, is_stale, answer) in handed {
                match answer.await {
                    Ok(_) => assert!(!is_stale && parts(&home, id).await == ALL_PARTS),
                    Err(CommitError::RolledBack { .. } | CommitError::Conflict(_)) => {
                        assert!(is_stale && parts(&home, id).await == 0);
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
        assert_eq!(proxy.cuts(), 20);
    })
    .await;
}
