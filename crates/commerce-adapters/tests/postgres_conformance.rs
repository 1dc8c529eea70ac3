//! The PostgreSQL store is a store.
#![cfg(feature = "postgres")]
// A helper of tests may panic like they do.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use commerce_adapters::postgres::PgDatabase;
use commerce_core::Host;
use commerce_core::testing::conformance::{check, checks};

async fn conforms(partitions: u32, writers: usize) {
    let home = commerce_test_postgres::database().await;
    let database = PgDatabase::new(home.url()).unwrap();
    let count = AtomicU32::new(0);
    for name in checks() {
        println!("{name}");
        check(name, |host: Arc<dyn Host>| {
            let schema = format!("check_{}", count.fetch_add(1, Ordering::Relaxed));
            let options = database.store(schema).host(host).partitions(partitions).writers(writers);
            async move { options.migrate().await.unwrap() }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_with_one_partition() {
    conforms(1, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_with_seven_partitions() {
    conforms(7, 2).await;
}

#[tokio::test]
async fn postgres_with_one_writer() {
    conforms(2, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_with_four_writers() {
    conforms(3, 4).await;
}
