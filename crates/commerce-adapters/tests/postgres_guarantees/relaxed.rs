//! What may be lost with the machine waits for no disk; everything else does.

use std::time::Duration;

use commerce_core::commit::Commit;
use commerce_core::store::Store;

use crate::support::{
    EventReader, append, begin, connect, execute, own_server, own_server_with, process, stream, until,
    wait_for_nobody, within,
};

/// A commit that waits does so for good, as long as the standby that it waits for isn't there.
const WAITS: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relaxed_commit_is_answered_before_it_is_durable_and_no_other_is() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let store = process(&url).await;
        store.commit(append(&stream("warm"))).await.unwrap();
        let mut db = wait_for_nobody(&url).await;
        let moved = |from| Commit::new().checkpoint("reader", from, from + 1);
        let mut waits = None;
        for n in 0..100 {
            // Until the server has read its settings.
            let commit = store.commit(append(&stream(n)));
            match tokio::time::timeout(WAITS, commit).await {
                Ok(done) => drop(done.unwrap()),
                Err(_) => {
                    waits = Some(n);
                    break;
                }
            }
        }
        assert!(waits.is_some(), "a commit that is to be durable waits");
        // The other writer answers it.
        for from in 0..5 {
            let relaxed = store.commit(moved(from).relaxed());
            tokio::time::timeout(Duration::from_secs(10), relaxed)
                .await
                .expect("it waits for no one")
                .unwrap();
        }
        let mixed = [store.commit(moved(5).relaxed()), store.commit(append(&stream("mixed")))];
        let mixed = tokio::time::timeout(WAITS, futures_util::future::join_all(mixed)).await;
        assert!(mixed.is_err(), "one of two that are written together waits");
        execute(&mut db, "ALTER SYSTEM RESET synchronous_standby_names").await;
        execute(&mut db, "SELECT pg_reload_conf()").await;
        store.close().await;
    })
    .await;
}

/// A reader must not see what a crash takes back: what is written after it would have the same positions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_on_after_a_crash_misses_nothing() {
    within(60, async {
        for by_application in [false, true] {
            let settings = [("wal_writer_delay", "10s"), ("synchronous_commit", "off")];
            let (cluster, url) = own_server_with(&settings).await;
            let store = process(&url).await;
            let mut host = connect(&url).await;
            for n in 0..20 {
                let commit = begin(&stream(format!("before-{n}")));
                if by_application {
                    execute(&mut host, "BEGIN").await;
                    store.apply_in(&mut host, &commit).await.unwrap();
                    execute(&mut host, "COMMIT").await;
                } else {
                    store.commit(commit.relaxed()).await.unwrap();
                }
            }
            store.caught_up().await.unwrap();
            let mut reader = EventReader::default();
            while reader.read(&store).await > 0 {}
            cluster.kill().await;
            cluster.start_again().await;
            for n in 0..5 {
                let commit = begin(&stream(format!("after-{n}")));
                until("it is there again", async || store.commit(commit.clone()).await.is_ok()).await;
            }
            store.caught_up().await.unwrap();
            while reader.read(&store).await > 0 {}
            assert_eq!(reader.seen, 25, "by an application's connection: {by_application}");
        }
    })
    .await;
}
