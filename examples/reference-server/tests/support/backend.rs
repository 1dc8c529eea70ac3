//! Where a test keeps its stores.
#![allow(dead_code)] // each test uses a part of it

use std::sync::{Arc, Mutex};

use commerce_adapters::postgres::PgDatabase;
use commerce_core::Host;
use commerce_core::store::Store;
use commerce_test_postgres::{TestDatabase, database};
use reference_server::shop::{StoreUrl, Stores};
use tempfile::TempDir;

/// Where a test keeps its stores.
pub(crate) enum Backend {
    Memory(Mutex<Option<Stores>>),
    Sqlite(TempDir),
    Postgres(TestDatabase),
}

impl Backend {
    pub(crate) fn memory() -> Self {
        Self::Memory(Mutex::default())
    }

    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(crate) async fn postgres() -> Self {
        Self::Postgres(database().await)
    }

    pub(crate) async fn all() -> [Self; 3] {
        [Self::memory(), Self::sqlite(), Self::postgres().await]
    }

    /// Opens the stores, or opens them again, on this clock. None while tasks that were aborted still hold them.
    pub(crate) async fn open(&self, host: &Arc<dyn Host>) -> Option<Stores> {
        match self {
            Self::Memory(stores) => {
                let made = Stores::open(&StoreUrl::Memory, host).await.unwrap();
                Some(stores.lock().unwrap().get_or_insert(made).clone())
            }
            Self::Sqlite(folder) => {
                Stores::open(&StoreUrl::Sqlite(folder.path().to_owned()), host).await.ok()
            }
            Self::Postgres(database) => Some(on_postgres(database, host).await),
        }
    }

    /// Whether this text is anywhere in what is kept: in events, messages, documents, answers, whatever there is.
    pub(crate) async fn holds(&self, text: &str) -> bool {
        match self {
            Self::Memory(_) => panic!("what memory keeps can't be read as a whole"),
            Self::Sqlite(folder) => folder.path().read_dir().unwrap().any(|file| {
                let bytes = std::fs::read(file.unwrap().path()).unwrap();
                bytes.windows(text.len()).any(|window| window == text.as_bytes())
            }),
            Self::Postgres(database) => database.rows().await.iter().any(|row| row.contains(text)),
        }
    }
}

/// As the program does, but by the test's clock.
async fn on_postgres(database: &TestDatabase, host: &Arc<dyn Host>) -> Stores {
    let database = PgDatabase::new(database.url()).unwrap();
    let store = async |service| {
        let store = database.store(service).host(host.clone()).migrate().await.unwrap();
        Arc::new(store) as Arc<dyn Store>
    };
    Stores {
        order: store("order").await,
        inventory: store("inventory").await,
        payment: store("payment").await,
        shipping: store("shipping").await,
        catalog: store("catalog").await,
        identity: store("identity").await,
        notification: store("notification").await,
        analytics: store("analytics").await,
    }
}
