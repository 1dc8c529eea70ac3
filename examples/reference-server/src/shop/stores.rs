use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use commerce_adapters::sqlite::{self, SqliteOptions};
use commerce_core::Host;
use commerce_core::memory::MemoryStore;
use commerce_core::store::Store;

/// Where the services keep their data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// In memory, until the program ends.
    Memory,
    /// In this folder, a file for each service.
    Sqlite(PathBuf),
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        match url.split_once("://") {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            _ => Err("a store is sqlite://FOLDER or memory://".to_owned()),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory://"),
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
        }
    }
}

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
    #[error("there is no data in {}: run `replay` first, or name another --store", path.display())]
    Absent {
        /// The folder.
        path: PathBuf,
    },
    /// A file in it can't be opened.
    #[error(transparent)]
    Sqlite(#[from] sqlite::OpenError),
}

impl Stores {
    /// Opens the stores; makes what is not there.
    ///
    /// # Errors
    /// When the folder is in use, can't be written to, is damaged or of a newer version.
    pub fn open(url: &StoreUrl, host: &Arc<dyn Host>) -> Result<Self, OpenError> {
        match url {
            StoreUrl::Memory => Ok(Self::in_memory(host)),
            StoreUrl::Sqlite(folder) => {
                std::fs::create_dir_all(folder)
                    .map_err(|source| OpenError::Folder { path: folder.clone(), source })?;
                Self::in_folder(folder, host)
            }
        }
    }

    /// Opens stores that must be there already.
    ///
    /// # Errors
    /// As [`open`](Self::open), and when there is no data.
    pub fn open_existing(url: &StoreUrl, host: &Arc<dyn Host>) -> Result<Self, OpenError> {
        if let StoreUrl::Sqlite(folder) = url
            && !folder.join("order.db").exists()
        {
            return Err(OpenError::Absent { path: folder.clone() });
        }
        Self::open(url, host)
    }

    fn in_memory(host: &Arc<dyn Host>) -> Self {
        let store = || Arc::new(MemoryStore::new(host.clone()));
        Self { order: store(), inventory: store(), payment: store(), shipping: store(), catalog: store() }
    }

    fn in_folder(folder: &Path, host: &Arc<dyn Host>) -> Result<Self, OpenError> {
        let store = |name: &str| -> Result<Arc<dyn Store>, OpenError> {
            let options = SqliteOptions::new(folder.join(name)).host(host.clone()).exclusive();
            Ok(Arc::new(options.open()?))
        };
        Ok(Self {
            order: store("order.db")?,
            inventory: store("inventory.db")?,
            payment: store("payment.db")?,
            shipping: store("shipping.db")?,
            catalog: store("catalog.db")?,
        })
    }

    /// Each with its service's name.
    pub fn all(&self) -> [(&'static str, &Arc<dyn Store>); 5] {
        [
            ("order", &self.order),
            ("inventory", &self.inventory),
            ("payment", &self.payment),
            ("shipping", &self.shipping),
            ("catalog", &self.catalog),
        ]
    }
}
