//! What a commit expects of a stream that it does not write holds until it is committed, whoever else writes it.

use commerce_core::commit::{Commit, CommitError, Conflict, DocumentWrite, Expected};
use commerce_core::store::Store;
use commerce_core::stream::StreamId;
use commerce_test_postgres::database;

use crate::support::{
    Gate, append, begin, build_gate, event, event_of, execute, length, number, process, stream,
    stuck_or_done, within,
};

/// Begins one stream as long as the other has not begun.
fn either(this: &StreamId, other: &StreamId, kind: &'static str) -> Commit {
    Commit::new().append(this.clone(), Expected::ABSENT, vec![event_of(kind)]).append(
        other.clone(),
        Expected::ABSENT,
        vec![],
    )
}

fn is_conflict_over(error: &CommitError, stream: &StreamId) -> bool {
    matches!(error.conflict(), Some(Conflict::Stream { stream: of, expected: 0, actual: 1 }) if of == stream)
}

const HELD_PLACES: &str = "SELECT count(*) FROM commerce.commerce_events WHERE ordinal < 0";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_count_on_each_others_absence_one_is_refused() {
    within(60, async {
        let home = database().await;
        let (one, other) = (process(home.url()).await, process(home.url()).await);
        build_gate(&mut home.connect().await).await;
        let (a, b) = (stream("a"), stream("b"));

        // Given one that has looked at both and not written yet, the other comes and goes.
        let mut gate = Gate::close(home.url()).await;
        let first = one.commit(either(&a, &b, "Held"));
        gate.holds(1).await;
        let second = tokio::spawn(other.commit(either(&b, &a, "Happened")));
        stuck_or_done(home.url(), &second).await;
        gate.open().await;

        let (first, second) = (first.await, second.await.unwrap());
        match (&first, &second) {
            (Ok(_), Err(error)) => assert!(is_conflict_over(error, &a) || is_conflict_over(error, &b)),
            (Err(error), Ok(_)) => assert!(is_conflict_over(error, &b) || is_conflict_over(error, &a)),
            both => panic!("{both:?}"),
        }
        assert_eq!(length(&one, &a).await + length(&one, &b).await, 1);
        assert_eq!(number(&mut home.connect().await, HELD_PLACES).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_two_processes_meet_never_both_are_applied() {
    within(90, async {
        let home = database().await;
        let database = home.name();
        home.execute(&format!("ALTER DATABASE \"{database}\" SET deadlock_timeout = '10ms'")).await;
        let (one, other) = (process(home.url()).await, process(home.url()).await);
        let mut wins = [0, 0];
        for round in 0..100 {
            let (a, b) = (stream(format!("a{round}")), stream(format!("b{round}")));
            let (first, second) = (either(&a, &b, "Happened"), either(&b, &a, "Happened"));
            let (first, second) = tokio::join!(one.commit(first), other.commit(second));
            match (first, second) {
                (Ok(_), Err(error)) => {
                    assert!(is_conflict_over(&error, &b) || is_conflict_over(&error, &a), "{error}");
                    wins[0] += 1;
                }
                (Err(error), Ok(_)) => {
                    assert!(is_conflict_over(&error, &b) || is_conflict_over(&error, &a), "{error}");
                    wins[1] += 1;
                }
                both => panic!("{both:?}"),
            }
        }
        println!("{wins:?}");
        let mut db = home.connect().await;
        assert_eq!(number(&mut db, "SELECT count(*) FROM commerce.commerce_events").await, 100);
        assert_eq!(number(&mut db, HELD_PLACES).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_an_open_transaction_counts_on_is_appended_to_after_it() {
    within(30, async {
        let home = database().await;
        let (one, other) = (process(home.url()).await, process(home.url()).await);
        let limit = stream("limit");
        one.commit(begin(&limit)).await.unwrap();
        for (end, documents) in [("ROLLBACK", 0), ("COMMIT", 1)] {
            let version = length(&one, &limit).await as u64;
            let counts = Commit::new()
                .append(limit.clone(), Expected::Version(version), vec![])
                .document(DocumentWrite::put("orders", "1", Expected::ABSENT, b"{}".to_vec()));
            let mut host = home.connect().await;
            execute(&mut host, "BEGIN").await;
            one.apply_in(&mut host, &counts).await.unwrap();

            let appended = tokio::spawn(other.commit(append(&limit)));
            stuck_or_done(home.url(), &appended).await;
            assert!(!appended.is_finished(), "it did not wait");
            execute(&mut host, end).await;
            appended.await.unwrap().unwrap();
            let mut db = home.connect().await;
            assert_eq!(number(&mut db, HELD_PLACES).await, 0);
            let found = number(&mut db, "SELECT count(*) FROM commerce.commerce_documents").await;
            assert_eq!(found, documents);
        }
        // Nothing of what was held shows in the log.
        one.commit(Commit::new().append(limit.clone(), Expected::Version(3), vec![event()])).await.unwrap();
        assert_eq!(length(&one, &limit).await, 4);
    })
    .await;
}

/// The more of them, the longer it takes, but no more than that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_may_have_tens_of_thousands_of_streams() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        for (kind, expected, events) in [("any", Expected::Any, 1), ("counted", Expected::ABSENT, 0)] {
            let commit = (0..30_000).fold(append(&stream(kind)), |commit, n| {
                commit.append(stream(format!("{kind}-{n}")), expected, vec![event(); events])
            });
            store.commit(commit).await.unwrap();
        }
    })
    .await;
}
