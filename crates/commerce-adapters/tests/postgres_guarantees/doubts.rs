//! What will most likely be refused is looked at beside the others, and costs them nothing.

use std::sync::Arc;

use commerce_adapters::postgres::PgStore;
use commerce_core::commit::{Claim, Commit, CommitError, Conflict, Expected};
use commerce_core::store::Store;
use commerce_test_postgres::database;

use crate::support::{LOOKS, Random, begin, counted, event, fresh_id, process, stream, within};

fn append(from: u64) -> Commit {
    Commit::new().append(stream("there"), Expected::Version(from), vec![event()])
}

/// A commit with two others that share nothing with it and must succeed: they are written together more often than not.
async fn among_others(store: &Arc<PgStore>, commit: Commit) -> Result<(), CommitError> {
    let others = || [(); 2].map(|()| store.commit(begin(&stream(fresh_id()))));
    let (before, answer, behind) = (others(), store.commit(commit), others());
    for other in before.into_iter().chain(behind) {
        other.await.expect("a conflict costs its neighbours nothing");
    }
    answer.await.map(|_| ())
}

fn is_at(error: &CommitError, version: u64) -> bool {
    matches!(error.conflict(), Some(Conflict::Stream { actual, .. }) if *actual == version)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflicts_on_one_stream_have_no_one_else_looked_at() {
    within(60, async {
        let home = database().await;
        process(home.url()).await.commit(append(0)).await.unwrap();
        let store = process(home.url()).await;
        store.commit(append(0)).await.unwrap_err();
        // Until caution has passed.
        let cautious = 256;
        for _ in 0..cautious {
            store.commit(begin(&stream(fresh_id()))).await.unwrap();
        }
        let rounds = 200;
        for _ in 0..rounds {
            let error = among_others(&store, append(0)).await.unwrap_err();
            assert!(is_at(&error, 1), "{error}");
        }
        // A conflict that happens to be alone with one or two others has these looked at as well.
        let looks = counted(&home, store, LOOKS).await;
        let most = cautious + 2 * rounds;
        assert!((rounds..most).contains(&looks), "{rounds} conflicts had {looks} streams looked at");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_version_of_a_stream_is_told_as_it_is_and_not_as_it_was() {
    within(60, async {
        let home = database().await;
        let (store, other) = (process(home.url()).await, process(home.url()).await);
        for version in 1..50 {
            other.commit(append(version - 1)).await.unwrap();
            let error = among_others(&store, append(0)).await.unwrap_err();
            assert!(is_at(&error, version), "{version}: {error}");
        }
        among_others(&store, append(49)).await.unwrap();
        other.close().await;
    })
    .await;
}

/// As where an older state was restored beside a running program.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_wrongly_in_doubt_is_written() {
    within(60, async {
        let home = database().await;
        let (store, other) = (process(home.url()).await, process(home.url()).await);
        for _ in 0..50 {
            other.commit(append(0)).await.unwrap();
            let error = among_others(&store, append(0)).await.unwrap_err();
            assert!(is_at(&error, 1), "{error}");
            home.execute("DELETE FROM commerce.commerce_events WHERE stream = 'thing/there'").await;
            among_others(&store, append(0)).await.unwrap();
            home.execute("DELETE FROM commerce.commerce_events WHERE stream = 'thing/there'").await;
        }
        other.close().await;
    })
    .await;
}

/// A claim whose key is too long for the index makes its group fail, and the group is written one by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_doubt_is_answered_whatever_becomes_of_its_neighbours() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        store.commit(append(0)).await.unwrap();
        let mut random = Random(1);
        for _ in 0..30 {
            let long: String = (0..1_000).map(|_| format!("{:016x}", random.below(u64::MAX))).collect();
            let first = store.commit(begin(&stream(fresh_id())));
            let too_long = store.commit(Commit::new().claim(Claim::new("once", long)));
            let error = among_others(&store, append(0)).await.unwrap_err();
            assert!(is_at(&error, 1), "{error}");
            first.await.unwrap();
            too_long.await.unwrap_err();
        }
    })
    .await;
}
