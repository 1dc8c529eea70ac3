//! The store on which the guarantees are proved here: PostgreSQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use commerce_adapters::postgres::PgStore;
use commerce_core::Host;
use commerce_core::store::Store;
use commerce_test_postgres::{TestDatabase, database};
use tokio::sync::OnceCell;

static HOME: OnceCell<TestDatabase> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A store of its own, empty, on the host's clock.
pub(crate) async fn new_store(host: Arc<dyn Host>, partitions: u32) -> Arc<dyn Store> {
    let home = HOME.get_or_init(database).await;
    let schema = format!("store_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let options = PgStore::connect(home.url()).schema(schema).host(host).partitions(partitions);
    Arc::new(options.migrate().await.unwrap())
}
