//! The SQLite store is a store.
#![cfg(feature = "sqlite")]
// A helper of tests may panic like they do.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use commerce_adapters::sqlite::SqliteOptions;
use commerce_core::Host;
use commerce_core::testing::conformance::conformance;

async fn conforms(partitions: u32) {
    let folder = tempfile::tempdir().unwrap();
    let count = AtomicU32::new(0);
    conformance(|host: Arc<dyn Host>| {
        let path = folder.path().join(format!("{}.db", count.fetch_add(1, Ordering::Relaxed)));
        async move { SqliteOptions::new(path).host(host).partitions(partitions).without_sync().open().unwrap() }
    })
    .await;
}

#[tokio::test]
async fn sqlite_with_one_partition() {
    conforms(1).await;
}

#[tokio::test]
async fn sqlite_with_seven_partitions() {
    conforms(7).await;
}
