//! Two processes that want the same: one gets it, the other is told who was faster, and neither hears of deadlocks.

use commerce_adapters::postgres::PgStore;
use commerce_core::Timestamp;
use commerce_core::commit::{Claim, Commit, CommitError, Committed, Conflict, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::Store;
use commerce_test_postgres::{TestDatabase, database};
use tokio::task::JoinSet;

use crate::support::{
    Random, append, begin, event, execute, fresh_id, length, own_server, process, stream, stuck_or_done,
    within, written_and_open,
};

/// Deadlocks are found soon: otherwise the server looks for them after a second.
async fn contested() -> TestDatabase {
    let home = database().await;
    home.execute(&format!("ALTER DATABASE \"{}\" SET deadlock_timeout = '10ms'", home.name())).await;
    home
}

fn put(id: impl std::fmt::Display, expected: Expected) -> DocumentWrite {
    DocumentWrite::put("things", id.to_string(), expected, b"{}".to_vec()).field("state", "new")
}

/// One thing that only one can have.
fn wanted(kind: u64, round: u64) -> Commit {
    let version = Expected::Version(round);
    match kind {
        0 => Commit::new().append(stream("contested"), version, vec![event()]),
        1 => Commit::new().document(put("contested", version)),
        2 => Commit::new().document(put(round, Expected::ABSENT)),
        3 => Commit::new().claim(Claim::new("contested", round.to_string())),
        _ => Commit::new().checkpoint("contested", round, round + 1),
    }
}

fn is_told(kind: u64, round: u64, error: &CommitError) -> bool {
    match error.conflict() {
        Some(Conflict::Stream { expected, actual, .. }) => {
            (kind, *expected, *actual) == (0, round, round + 1)
        }
        Some(Conflict::Document { expected, actual, .. }) => {
            (kind == 1 && (*expected, *actual) == (round, round + 1)) || (kind == 2 && *actual == 1)
        }
        Some(Conflict::Claim { .. }) => kind == 3,
        Some(Conflict::Checkpoint { actual, .. }) => kind == 4 && *actual == round + 1,
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_that_want_one_thing_one_gets_it() {
    within(90, async {
        let home = contested().await;
        let stores = [process(home.url()).await, process(home.url()).await];
        let mut wins = [0, 0];
        for round in 0..40 {
            for kind in 0..5 {
                // Something of its own besides, which must not outlive a defeat.
                let own = |n: u64| stream(format!("{kind}-{round}-{n}"));
                let want = |n: u64| wanted(kind, round).append(own(n), Expected::ABSENT, vec![event()]);
                let (first, second) = tokio::join!(stores[0].commit(want(0)), stores[1].commit(want(1)));
                let (winner, error) = match (first, second) {
                    (Ok(_), Err(error)) => (0, error),
                    (Err(error), Ok(_)) => (1, error),
                    both => panic!("{kind}: {both:?}"),
                };
                assert!(is_told(kind, round, &error), "{kind}: {error}");
                wins[winner] += 1;
                let lengths = [length(&stores[0], &own(0)).await, length(&stores[0], &own(1)).await];
                assert_eq!((lengths[winner], lengths[1 - winner]), (1, 0));
            }
        }
        println!("{wins:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_that_want_an_expired_claim_one_gets_it() {
    within(60, async {
        let home = contested().await;
        let stores = [process(home.url()).await, process(home.url()).await];
        for round in 0..40 {
            let claim = || Claim::new("expired", round.to_string());
            stores[0].commit(Commit::new().claim(claim().until(Timestamp::from_micros(1)))).await.unwrap();
            let neighbours = (0..8).map(|_| stores[0].commit(Commit::new().claim(fresh_claim())));
            let (first, second, neighbours) = tokio::join!(
                stores[0].commit(Commit::new().claim(claim())),
                stores[1].commit(Commit::new().claim(claim())),
                futures_util::future::join_all(neighbours),
            );
            assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
            let error = first.err().or(second.err()).unwrap();
            assert!(matches!(error.conflict(), Some(Conflict::Claim { .. })), "{error}");
            assert!(neighbours.iter().all(Result::is_ok), "{neighbours:?}");
        }
    })
    .await;
}

fn fresh_claim() -> Claim {
    Claim::new("own", fresh_id().to_string())
}

/// A document that is deleted and made again by two processes at once is counted right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_deleted_under_a_write_is_no_first_version() {
    within(60, async {
        let home = contested().await;
        let stores = [process(home.url()).await, process(home.url()).await];
        for _ in 0..60 {
            stores[0].commit(Commit::new().document(put("a", Expected::Any))).await.unwrap();
            let found = stores[0].document(&Tenant::default(), "things", "a").await.unwrap().unwrap();
            let gone = Commit::new().document(DocumentWrite::delete("things", "a", Expected::Any));
            let next = Commit::new().document(put("a", Expected::Version(found.version)));
            let (written, deleted) = tokio::join!(stores[0].commit(next), stores[1].commit(gone));
            deleted.unwrap();
            if let Err(error) = written {
                assert!(matches!(error.conflict(), Some(Conflict::Document { actual: 0, .. })), "{error}");
            }
            // Written first and then deleted, or deleted first and then refused.
            assert!(stores[0].document(&Tenant::default(), "things", "a").await.unwrap().is_none());
        }
    })
    .await;
}

/// Documents, or streams, or both, each in any order, which is what deadlocks are made of.
async fn crisscross(store: &PgStore, random: &mut Random) -> Result<Committed, CommitError> {
    let mut order: Vec<u64> = (0..6).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, random.below(last as u64 + 1) as usize);
    }
    let kind = random.below(3);
    let mut commit = Commit::new();
    for n in order {
        if kind != 0 {
            commit = commit.document(put(n, Expected::Any));
        }
        if kind != 1 {
            commit = commit.append(stream(n), Expected::Any, vec![event()]);
            commit = commit.append(stream(format!("counted-{n}")), Expected::ABSENT, vec![]);
        }
    }
    store.commit(commit).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_deadlock_reaches_a_caller() {
    within(120, async {
        let home = contested().await;
        let stores = [process(home.url()).await, process(home.url()).await];
        let mut callers = JoinSet::new();
        for caller in 0..8 {
            let store = stores[caller % 2].clone();
            callers.spawn(async move {
                let mut random = Random(caller as u64);
                for _ in 0..60 {
                    crisscross(&store, &mut random).await.unwrap();
                }
            });
        }
        callers.join_all().await;
        let query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        println!("{} deadlocks", crate::support::number(&mut home.connect().await, query).await);
    })
    .await;
}

/// Looked at or not: else two processes that both want a claim and something else could wait for each other in a circle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_are_taken_before_anything_else_is_new() {
    within(60, async {
        let home = database().await;
        let (one, other) = (process(home.url()).await, process(home.url()).await);
        for round in 0..2 {
            let mut application = home.connect().await;
            execute(
                &mut application,
                "BEGIN; INSERT INTO commerce.commerce_claims (commit_id, tenant, scope, name)
                        VALUES (gen_random_uuid(), 'default', 'things', 'held')",
            )
            .await;
            let id = fresh_id();
            let rest = || begin(&stream(round)).document(put(round, Expected::ABSENT)).with_id(id);
            let waits = tokio::spawn(one.commit(rest().claim(Claim::new("things", "held"))));
            stuck_or_done(home.url(), &waits).await;
            assert!(!waits.is_finished());
            // Nothing of the rest is in its way.
            within(10, other.commit(rest())).await.unwrap();
            execute(&mut application, "ROLLBACK").await;
            waits.await.unwrap().unwrap_err();
            // From here on everything is looked at.
        }
    })
    .await;
}

/// One that an application's open transaction holds up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_held_up_holds_up_no_one_else() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let store = process(&url).await;
        let mut host = written_and_open(&store, &url, &append(&stream("b"))).await;
        let first = store.commit(append(&stream("first")));
        let handed: Vec<_> = (0..20)
            .map(|n| store.commit(append(&stream(if n == 7 { "b".to_owned() } else { n.to_string() }))))
            .collect();
        first.await.unwrap();
        for (n, answer) in handed.into_iter().enumerate() {
            assert_eq!(answer.await.is_ok(), n != 7, "{n}");
        }
        execute(&mut host, "COMMIT").await;
        store.commit(append(&stream("b"))).await.unwrap();
    })
    .await;
}
