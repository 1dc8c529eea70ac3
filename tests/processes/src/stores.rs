//! One database, a schema for each service.

use std::sync::Arc;
use std::time::Duration;

use commerce_adapters::postgres::{PgDatabase, PgStore};
use commerce_core::store::Store;

/// Into how many partitions the outbox logs are divided.
pub const PARTITIONS: u32 = 8;

/// Makes the services' schemas.
pub async fn migrate(url: &str, services: &[&str]) {
    let database = PgDatabase::new(url).unwrap();
    for service in services {
        database.store(*service).partitions(PARTITIONS).migrate().await.unwrap().close().await;
    }
}

/// The services' stores. A server that is down is waited for.
pub async fn open<const N: usize>(url: &str, services: [&str; N]) -> [Arc<dyn Store>; N] {
    let database = PgDatabase::new(url).unwrap();
    let mut stores = Vec::new();
    for service in services {
        stores.push(opened(&database, service).await);
    }
    stores.try_into().unwrap_or_else(|_| panic!("as many as asked for"))
}

async fn opened(database: &PgDatabase, service: &str) -> Arc<dyn Store> {
    loop {
        match database.store(service).open().await {
            Ok(store) => return Arc::<PgStore>::new(store),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
