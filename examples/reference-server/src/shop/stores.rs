use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use commerce_adapters::postgres::{self, PgDatabase, PgOptions};
use commerce_adapters::sqlite::{self, SqliteOptions};
use commerce_core::Host;
use commerce_core::memory::MemoryStore;
use commerce_core::store::{Store, StoreError};

use super::url::{PgUrl, StoreUrl};

/// The services, each of which has a store.
pub const SERVICES: [&str; 8] =
    ["order", "inventory", "payment", "shipping", "catalog", "identity", "notification", "analytics"];
/// The schema of a service that has a database to itself.
const SCHEMA: &str = "commerce";
/// How many connections read a database of one service alone: of eight such databases, as many as the server's usual
/// limit of 100 has room for with two processes.
const READERS: usize = 3;

/// One store for each service. No service reads another's.
#[derive(Clone)]
pub struct Stores {
    /// Of the order service.
    pub order: Arc<dyn Store>,
    /// Of the inventory service.
    pub inventory: Arc<dyn Store>,
    /// Of the payment service.
    pub payment: Arc<dyn Store>,
    /// Of the shipping service.
    pub shipping: Arc<dyn Store>,
    /// Of the catalog service.
    pub catalog: Arc<dyn Store>,
    /// Of the identity service.
    pub identity: Arc<dyn Store>,
    /// Of the notification service.
    pub notification: Arc<dyn Store>,
    /// Of the analytics service.
    pub analytics: Arc<dyn Store>,
}

/// Why the stores could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder can't be made, or is not a folder.
    #[error("the data folder {} can't be used: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is in the way.
        source: std::io::Error,
    },
    /// There is no data to look at.
    #[error("there is no data in {place}: run `replay` or `migrate` first, or name another --store")]
    Absent {
        /// The folder, or the schema and its database.
        place: String,
    },
    /// Programs of the older version may be at work in it: nothing but `migrate` changes it.
    #[error(
        "{place} is of version {found}, this program needs version {needed}: stop all programs that use it, then run \
         `migrate`"
    )]
    Older {
        /// The schema and its database.
        place: String,
        /// Its version.
        found: i64,
        /// The version that is needed.
        needed: i64,
    },
    /// Some services have data and others no store, as after a backup that was restored in part.
    #[error("{place} is missing or empty, though other services have their data beside it: restore it")]
    Incomplete {
        /// The file that isn't there, or the schema and its database.
        place: String,
    },
    /// A file in it can't be opened.
    #[error(transparent)]
    Sqlite(#[from] sqlite::OpenError),
    /// A database can't be opened.
    #[error(transparent)]
    Postgres(postgres::OpenError),
    /// What is there can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<postgres::OpenError> for OpenError {
    fn from(error: postgres::OpenError) -> Self {
        match error {
            postgres::OpenError::Absent { at, schema } => {
                Self::Absent { place: format!("schema {schema} at {at}") }
            }
            postgres::OpenError::Older { at, schema, found, needed } => {
                Self::Older { place: format!("schema {schema} at {at}"), found, needed }
            }
            error => Self::Postgres(error),
        }
    }
}

impl Stores {
    /// Opens the stores; makes what is not there. A folder, which one process has to itself, is brought to the present
    /// version; a database is not, since programs of the older version may be at work in it: [`migrate`](super::migrate())
    /// does that. On PostgreSQL the database's clock counts, not the host's: several processes share it.
    ///
    /// # Errors
    /// When the folder is in use, can't be written to, is damaged or of a newer version; when the database is out of
    /// reach, refuses, or is of another version.
    pub async fn open(url: &StoreUrl, host: &Arc<dyn Host>) -> Result<Self, OpenError> {
        match url {
            StoreUrl::Memory => Ok(Self::in_memory(host)),
            StoreUrl::Sqlite(folder) => {
                make(folder).map_err(|source| OpenError::Folder { path: folder.clone(), source })?;
                Self::in_folder(folder, host, Missing::IsMade).await
            }
            StoreUrl::Postgres(url) => Self::on_server(url, Missing::IsMade).await,
        }
    }

    /// Opens stores that must be there already.
    ///
    /// # Errors
    /// As [`open`](Self::open), and when there is no data.
    pub async fn open_existing(url: &StoreUrl, host: &Arc<dyn Host>) -> Result<Self, OpenError> {
        match url {
            StoreUrl::Memory => Ok(Self::in_memory(host)),
            StoreUrl::Sqlite(folder) => Self::in_folder(folder, host, Missing::IsRefused).await,
            StoreUrl::Postgres(url) => Self::on_server(url, Missing::IsRefused).await,
        }
    }

    fn in_memory(host: &Arc<dyn Host>) -> Self {
        let store = || Arc::new(MemoryStore::new(host.clone()));
        Self {
            order: store(),
            inventory: store(),
            payment: store(),
            shipping: store(),
            catalog: store(),
            identity: store(),
            notification: store(),
            analytics: store(),
        }
    }

    /// One store for each of [`SERVICES`], in that order.
    fn of(stores: Vec<Arc<dyn Store>>) -> Self {
        let stores: Result<[Arc<dyn Store>; SERVICES.len()], _> = stores.try_into();
        let Ok([order, inventory, payment, shipping, catalog, identity, notification, analytics]) = stores
        else {
            unreachable!("a store is opened for each service");
        };
        Self { order, inventory, payment, shipping, catalog, identity, notification, analytics }
    }

    async fn in_folder(folder: &Path, host: &Arc<dyn Host>, missing: Missing) -> Result<Self, OpenError> {
        let path = |service| folder.join(format!("{service}.db"));
        let open = |service| -> Result<Arc<dyn Store>, OpenError> {
            Ok(Arc::new(SqliteOptions::new(path(service)).host(host.clone()).exclusive().open()?))
        };
        let mut absent = None;
        for service in SERVICES {
            if !is_there(&path(service))? {
                absent.get_or_insert(service);
            }
        }
        let incomplete = |service| OpenError::Incomplete { place: path(service).display().to_string() };
        // The first service's file is made last: where it is, all have been. Nothing is opened then, as that may change it.
        if let Some(absent) = absent
            && is_there(&path(SERVICES[0]))?
        {
            return Err(incomplete(absent));
        }
        let mut stores = Vec::new();
        for service in SERVICES {
            stores.push(if is_there(&path(service))? { Some(open(service)?) } else { None });
        }
        if let Some(absent) = absent {
            if any_has_data(&stores).await? {
                return Err(incomplete(absent));
            }
            if missing == Missing::IsRefused {
                return Err(OpenError::Absent { place: folder.display().to_string() });
            }
        }
        for (service, store) in SERVICES.into_iter().zip(&mut stores).rev() {
            if store.is_none() {
                *store = Some(open(service)?);
            }
        }
        Ok(Self::of(stores.into_iter().flatten().collect()))
    }

    async fn on_server(url: &PgUrl, missing: Missing) -> Result<Self, OpenError> {
        let all = on_postgres(url)?;
        let mut stores: Vec<Option<Arc<dyn Store>>> = Vec::new();
        let mut absent = None;
        for options in &all {
            match options.clone().open().await {
                Ok(store) => stores.push(Some(Arc::new(store))),
                // What is there may belong to programs that are at work: nothing is changed of it.
                Err(error @ postgres::OpenError::Absent { .. }) => {
                    stores.push(None);
                    absent.get_or_insert(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(absent) = absent {
            if any_has_data(&stores).await? {
                // Another process may have made them meanwhile.
                for (options, store) in all.iter().zip(&mut stores).filter(|(_, store)| store.is_none()) {
                    *store = Some(Arc::new(options.clone().open().await.map_err(lost)?));
                }
            } else if missing == Missing::IsRefused {
                return Err(absent.into());
            }
        }
        for (options, store) in all.into_iter().zip(&mut stores) {
            if store.is_none() {
                *store = Some(Arc::new(options.migrate().await?));
            }
        }
        Ok(Self::of(stores.into_iter().flatten().collect()))
    }

    /// Each with its service's name.
    pub fn all(&self) -> [(&'static str, &Arc<dyn Store>); SERVICES.len()] {
        let [order, inventory, payment, shipping, catalog, identity, notification, analytics] = SERVICES;
        [
            (order, &self.order),
            (inventory, &self.inventory),
            (payment, &self.payment),
            (shipping, &self.shipping),
            (catalog, &self.catalog),
            (identity, &self.identity),
            (notification, &self.notification),
            (analytics, &self.analytics),
        ]
    }

    /// That of this service, if there is such a service.
    pub(crate) fn of_service(&self, service: &str) -> Option<&Arc<dyn Store>> {
        self.all().into_iter().find(|(name, _)| *name == service).map(|(_, store)| store)
    }

    /// Waits until all logs show everything that this process has written.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn caught_up(&self) -> Result<(), StoreError> {
        for (_, store) in self.all() {
            store.caught_up().await?;
        }
        Ok(())
    }
}

/// What becomes of stores that are not there.
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    IsMade,
    IsRefused,
}

/// Whether anything has ever happened in one of these. What was only made has not been lost by whoever was interrupted in
/// making the others.
async fn any_has_data(stores: &[Option<Arc<dyn Store>>]) -> Result<bool, StoreError> {
    for store in stores.iter().flatten() {
        if !store.read_log(0, 1).await?.is_empty() || store.last_message().await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is not there was, as others beside it have data.
pub(super) fn lost(absent: postgres::OpenError) -> OpenError {
    match absent.into() {
        OpenError::Absent { place } => OpenError::Incomplete { place },
        error => error,
    }
}

/// Whether there is a file with something in it.
fn is_there(path: &Path) -> Result<bool, OpenError> {
    match std::fs::metadata(path) {
        Ok(file) => Ok(file.len() > 0),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(source) => Err(OpenError::Folder { path: path.to_owned(), source }),
    }
}

/// How each service's store is opened.
pub(super) fn on_postgres(url: &PgUrl) -> Result<Vec<PgOptions>, postgres::OpenError> {
    if url.has_database_each() {
        let store = |service| Ok(PgDatabase::with_readers(&url.of(service), READERS)?.store(SCHEMA));
        return SERVICES.into_iter().map(store).collect();
    }
    let database = PgDatabase::new(&url.of(""))?;
    Ok(SERVICES.into_iter().map(|service| database.store(service)).collect())
}

/// There are password hashes and signing keys in it: nobody else on the machine may look into a folder that is made here.
fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
