//! The stores that are measured.

use std::sync::Arc;

use commerce_adapters::postgres::{PgDatabase, PgStore};
use commerce_adapters::sqlite::SqliteStore;
use commerce_core::Host;
use commerce_core::memory::MemoryStore;
use commerce_core::store::Store;
use commerce_outbox::SystemHost;
use reference_server::shop::{SERVICES, StoreUrl, Stores};
use tempfile::TempDir;

use crate::bench::{Bench, Database};

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// In this process's memory: what the library itself costs.
    Memory,
    /// A file.
    Sqlite,
    /// A database of a server that shares the machine.
    Postgres,
}

impl Kind {
    /// The first word of its figures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// A new, empty store.
pub(crate) struct Stand {
    pub(crate) store: Arc<dyn Store>,
    place: Place,
}

/// A store for each of the shop's services.
pub(crate) struct ShopStand {
    pub(crate) stores: Stores,
    place: Place,
}

/// Where the data is.
enum Place {
    Memory,
    Folder(#[expect(dead_code, reason = "it is deleted when this is dropped")] TempDir),
    Postgres { database: Database, stores: Vec<Arc<PgStore>> },
}

impl Place {
    /// So many stores, each in a schema of its own.
    async fn postgres(bench: &Bench, count: usize) -> (Self, Vec<Arc<PgStore>>) {
        let database = bench.database().await;
        let shared = PgDatabase::new(&database.url).unwrap();
        let mut stores = Vec::new();
        for number in 0..count {
            stores.push(Arc::new(shared.store(format!("bench_{number}")).migrate().await.unwrap()));
        }
        (Self::Postgres { database, stores: stores.clone() }, stores)
    }

    async fn settle(&self) {
        if let Self::Postgres { database, .. } = self {
            database.settle().await;
        }
    }

    async fn close(self) {
        let Self::Postgres { database, stores } = self else { return };
        for store in stores {
            store.close().await;
        }
        database.drop().await;
    }
}

impl Stand {
    pub(crate) async fn open(bench: &Bench, kind: Kind) -> Self {
        match kind {
            Kind::Memory => {
                let host: Arc<dyn Host> = Arc::new(SystemHost);
                Self { store: Arc::new(MemoryStore::new(host)), place: Place::Memory }
            }
            Kind::Sqlite => {
                let folder = tempfile::tempdir_in(&bench.folder).unwrap();
                let store = SqliteStore::open(folder.path().join("store.db")).unwrap();
                Self { store: Arc::new(store), place: Place::Folder(folder) }
            }
            Kind::Postgres => {
                let (place, mut stores) = Place::postgres(bench, 1).await;
                Self { store: stores.pop().unwrap(), place }
            }
        }
    }

    /// After filling, before measuring.
    pub(crate) async fn settle(&self) {
        self.place.settle().await;
    }

    pub(crate) async fn close(self) {
        self.place.close().await;
    }
}

impl ShopStand {
    pub(crate) async fn open(bench: &Bench, kind: Kind) -> Self {
        let host: Arc<dyn Host> = Arc::new(SystemHost);
        let open = async |url: StoreUrl| Stores::open(&url, &host).await.unwrap();
        match kind {
            Kind::Memory => Self { stores: open(StoreUrl::Memory).await, place: Place::Memory },
            Kind::Sqlite => {
                let folder = tempfile::tempdir_in(&bench.folder).unwrap();
                let stores = open(StoreUrl::Sqlite(folder.path().to_owned())).await;
                Self { stores, place: Place::Folder(folder) }
            }
            Kind::Postgres => {
                let (place, stores) = Place::postgres(bench, SERVICES.len()).await;
                let mut stores = stores.into_iter();
                let mut store = || -> Arc<dyn Store> { stores.next().unwrap() };
                let stores = Stores {
                    order: store(),
                    inventory: store(),
                    payment: store(),
                    shipping: store(),
                    catalog: store(),
                    identity: store(),
                    notification: store(),
                    analytics: store(),
                };
                Self { stores, place }
            }
        }
    }

    /// After filling, before measuring.
    pub(crate) async fn settle(&self) {
        self.place.settle().await;
    }

    pub(crate) async fn close(self) {
        self.place.close().await;
    }
}
