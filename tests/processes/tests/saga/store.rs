//! The store on which the promises are proved here: PostgreSQL.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use commerce_adapters::postgres::PgDatabase;
use commerce_core::Host;
use commerce_core::store::Store;
use commerce_test_postgres::{TestDatabase, database};
use tokio::runtime::{Builder, Runtime};

use crate::ashore::{Ashore, Tide};

/// Where time is not paused.
struct Shore {
    runtime: Runtime,
    home: TestDatabase,
    database: PgDatabase,
    stores: Mutex<Stores>,
}

/// To make a store takes longer than most tests: they are used one after the other.
#[derive(Default)]
struct Stores {
    made: usize,
    free: Vec<Lent>,
}

struct Lent {
    schema: String,
    store: Arc<dyn Store>,
    tide: Arc<Tide>,
}

/// A store that comes back empty, once no one has a call under way.
pub struct Loan(Option<Lent>);

impl Loan {
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.as_ref().expect("it is lent until it is dropped").store
    }

    pub fn tide(&self) -> &Tide {
        &self.0.as_ref().expect("it is lent until it is dropped").tide
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(lent) = self.0.take() {
            let shore = shore();
            shore.runtime.spawn(async move {
                shore.home.execute(&emptied(&lent.schema)).await;
                shore.stores().free.push(lent);
            });
        }
    }
}

/// Deletes all that a store holds, except for what it is.
fn emptied(schema: &str) -> String {
    format!(
        "DO $$ DECLARE name text; BEGIN
           FOR name IN SELECT tablename FROM pg_tables
                       WHERE schemaname = '{schema}' AND tablename <> 'commerce_settings' LOOP
             EXECUTE format('DELETE FROM {schema}.%I', name);
           END LOOP;
         END $$"
    )
}

impl Shore {
    fn stores(&self) -> std::sync::MutexGuard<'_, Stores> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self, host: Arc<dyn Host>) -> Loan {
        let (free, number) = {
            let mut stores = self.stores();
            let free = stores.free.pop();
            stores.made += usize::from(free.is_none());
            (free, stores.made)
        };
        if let Some(lent) = free {
            lent.tide.belong_to(host);
            return Loan(Some(lent));
        }
        let (schema, tide) = (format!("store_{number}"), Arc::new(Tide::of(host)));
        let options = self.database.store(&schema).host(tide.clone()).partitions(1).writers(1);
        let store = self.runtime.block_on(options.without_notify().migrate()).unwrap();
        Loan(Some(Lent { schema, store: Arc::new(store), tide }))
    }
}

fn shore() -> &'static Shore {
    static SHORE: OnceLock<Shore> = OnceLock::new();
    SHORE.get_or_init(|| {
        // Within a test's runtime none other may be waited for.
        let made = std::thread::spawn(|| {
            let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let home = runtime.block_on(database());
            let database = PgDatabase::new(home.url()).unwrap();
            Shore { runtime, home, database, stores: Mutex::default() }
        });
        made.join().unwrap()
    })
}

/// A store of its own, empty, on the host's clock.
pub async fn new_store(host: Arc<dyn Host>) -> Arc<dyn Store> {
    let loan = tokio::task::spawn_blocking(move || shore().lend(host)).await.unwrap();
    Arc::new(Ashore::new(Arc::new(loan), shore().runtime.handle().clone()))
}
