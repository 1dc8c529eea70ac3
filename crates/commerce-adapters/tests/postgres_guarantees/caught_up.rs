//! `caught_up` waits for what began before the last commit, and for nothing else.

use std::time::Duration;

use commerce_core::store::Store;

use crate::support::{append, connect, execute, own_server, process, stream, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_waits_for_the_older_transaction_and_no_longer() {
    within(30, async {
        let (_cluster, url) = own_server().await;
        let store = process(&url).await;
        within(2, store.caught_up()).await.unwrap();

        let (mut older, mut younger) = (connect(&url).await, connect(&url).await);
        let write = "BEGIN; SELECT pg_current_xact_id()";
        execute(&mut older, write).await;
        store.commit(append(&stream(1))).await.unwrap();
        execute(&mut younger, write).await;

        let mut waiting = tokio::spawn({
            let store = store.clone();
            async move { store.caught_up().await }
        });
        assert!(tokio::time::timeout(Duration::from_millis(300), &mut waiting).await.is_err());
        assert!(store.read_log(0, 10).await.unwrap().is_empty());

        execute(&mut older, "COMMIT").await;
        within(2, waiting).await.unwrap().unwrap();
        assert_eq!(store.read_log(0, 10).await.unwrap().len(), 1);
        execute(&mut younger, "COMMIT").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_writer_tells_for_how_long_readers_have_stood_still() {
    within(30, async {
        let (_cluster, url) = own_server().await;
        let store = process(&url).await;
        let mut other = connect(&url).await;
        assert_eq!(store.oldest_writer().await.unwrap(), None);
        execute(&mut other, "BEGIN; SELECT 1").await;
        assert_eq!(store.oldest_writer().await.unwrap(), None, "who only reads delays no one");
        execute(&mut other, "SELECT pg_current_xact_id(); SELECT pg_sleep(0.1)").await;
        let age = store.oldest_writer().await.unwrap().unwrap();
        assert!(age >= Duration::from_millis(100) && age < Duration::from_secs(20), "{age:?}");
        execute(&mut other, "COMMIT").await;
        assert_eq!(store.oldest_writer().await.unwrap(), None);
    })
    .await;
}
