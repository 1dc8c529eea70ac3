use std::fmt;
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use commerce_core::Host;
use commerce_core::store::Changes;
use commerce_outbox::SystemHost;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::SqliteStore;
use super::error::OpenError;
use super::file::{OpenedFile, make_private};
use super::read::Readers;
use super::writer::{Desk, Writer, synchronous};

/// Each brings a file from the version of its index to the next. Never change one that was released.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_initial.sql")];

/// How a store is opened.
///
/// ```no_run
/// use commerce_adapters::sqlite::SqliteOptions;
///
/// let store = SqliteOptions::new("shop.db").partitions(4).open()?;
/// # Ok::<(), commerce_adapters::sqlite::OpenError>(())
/// ```
#[derive(Clone)]
pub struct SqliteOptions {
    path: PathBuf,
    host: Arc<dyn Host>,
    partitions: Option<u32>,
    durable: bool,
    exclusive: bool,
}

impl SqliteOptions {
    /// A store in this file, which is made if it does not exist, for its owner alone to read. Its folder must exist. Once
    /// it is open it may not be removed or replaced: nothing is written then. The file may be an application's
    /// own: all our tables are named `commerce_…`. It is put into WAL mode.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            host: Arc::new(SystemHost),
            partitions: None,
            durable: true,
            exclusive: false,
        }
    }

    /// With this clock and source of ids instead of the machine's.
    pub fn host(mut self, host: Arc<dyn Host>) -> Self {
        self.host = host;
        self
    }

    /// Into how many partitions the outbox log is divided, 1 to 256. It is fixed when the file is made; 1 unless set.
    /// One suits a single process, which shares the work of a partition by key.
    pub fn partitions(mut self, partitions: u32) -> Self {
        self.partitions = Some(partitions.clamp(1, 256));
        self
    }

    /// Without waiting for the disk: a power cut may take the last commits, a crash of the process does not. For
    /// tests and for data that can be made again.
    pub fn without_sync(mut self) -> Self {
        self.durable = false;
        self
    }

    /// For this process alone: another that opens the file exclusively is refused. Leases that a former process left
    /// behind are free at once, since none can be at work any more. So all who open it have to do so exclusively: one that
    /// does not is not kept out, and loses its leases to one that does.
    ///
    /// The lock is on a file beside it, with `.lock` added to the name; the system frees it when the process ends,
    /// however it ends.
    pub fn exclusive(mut self) -> Self {
        self.exclusive = true;
        self
    }

    /// Opens the store: makes the file, or brings it to the present version.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing was written then.
    pub fn open(mut self) -> Result<SqliteStore, OpenError> {
        self.path = file_at(self.path)?;
        let failed = |source: rusqlite::Error| OpenError::of(self.path.clone(), source);
        let lock = if self.exclusive { Some(lock(&self.path)?) } else { None };
        make_private(&self.path);
        let mut db = Connection::open(&self.path).map_err(failed)?;
        check_version(&db, &self.path)?;
        configure_writer(&db, self.durable).map_err(failed)?;
        migrate(&mut db, &self.path)?;
        let partitions = self.fix_partitions(&db)?;
        if self.exclusive {
            db.execute("UPDATE commerce_leases SET holder = NULL", []).map_err(failed)?;
        }
        let changes = Changes::default();
        let (host, durable) = (self.host.clone(), self.durable);
        let file = OpenedFile::at(&self.path);
        let desk = Desk { host, partitions, changes: changes.clone(), durable, file: file.clone() };
        let writer = Writer::start(db, desk)
            .map_err(|source| OpenError::Failed { path: self.path.clone(), source: source.into() })?;
        Ok(SqliteStore {
            writer,
            readers: Readers::new(self.path),
            file,
            host: self.host,
            partitions,
            changes,
            _lock: lock,
        })
    }

    fn fix_partitions(&self, db: &Connection) -> Result<u32, OpenError> {
        let failed = |source: rusqlite::Error| OpenError::of(self.path.clone(), source);
        db.execute(
            "INSERT INTO commerce_settings (name, value) VALUES ('partitions', ?) ON CONFLICT DO NOTHING",
            [self.partitions.unwrap_or(1)],
        )
        .map_err(failed)?;
        let found: u32 = db
            .query_row("SELECT value FROM commerce_settings WHERE name = 'partitions'", [], |row| row.get(0))
            .map_err(failed)?;
        match self.partitions {
            Some(asked) if asked != found => {
                Err(OpenError::Partitions { path: self.path.clone(), found, asked })
            }
            _ => Ok(found),
        }
    }
}

impl fmt::Debug for SqliteOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteOptions")
            .field("path", &self.path)
            .field("partitions", &self.partitions)
            .field("durable", &self.durable)
            .field("exclusive", &self.exclusive)
            .finish_non_exhaustive()
    }
}

/// Where a file is, wherever the process goes afterwards: connections are opened later, too.
fn file_at(path: PathBuf) -> Result<PathBuf, OpenError> {
    let names_none = path.as_os_str().is_empty() || path.starts_with(":memory:");
    let is_url = path.to_str().is_some_and(|path| path.starts_with("file:"));
    if names_none || is_url {
        return Err(OpenError::NoFile { path });
    }
    let failed = |source: std::io::Error| OpenError::Failed { path: path.clone(), source: source.into() };
    std::path::absolute(&path).map_err(failed)
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed = |source: std::io::Error| match source.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            OpenError::ReadOnly { path: path.to_owned(), source: source.into() }
        }
        _ => OpenError::Failed { path: path.to_owned(), source: source.into() },
    };
    let file = File::options().create(true).truncate(false).write(true).open(name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(OpenError::InUse { path: path.to_owned(), source: "its lock is taken".into() })
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn check_version(db: &Connection, path: &Path) -> Result<(), OpenError> {
    let found = version(db).map_err(|source| OpenError::of(path.to_owned(), source))?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    Ok(())
}

/// Of which version our tables are; zero if there are none. It stands in a table of ours: `user_version` belongs to the
/// application whose file it may be.
fn version(db: &Connection) -> rusqlite::Result<u32> {
    let ours = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'commerce_settings'";
    if !db.prepare(ours)?.exists([])? {
        return Ok(0);
    }
    db.query_row("SELECT value FROM commerce_settings WHERE name = 'version'", [], |row| row.get(0))
}

fn configure_writer(db: &Connection, durable: bool) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(64);
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", synchronous(durable))?;
    // Measured: 30 % more than the default of 1000 pages, with the same tail.
    db.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    // 8 MiB of pages for the writer: what it changes is near the ends of its indexes; the rest is in the system's cache.
    db.pragma_update(None, "cache_size", -8_192)
}

fn migrate(db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |source: rusqlite::Error| OpenError::of(path.to_owned(), source);
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let present = version(&tx).map_err(failed)?;
    for (version, migration) in (1_u32..).zip(MIGRATIONS).skip(present as usize) {
        tx.execute_batch(migration).map_err(failed)?;
        tx.execute(
            "INSERT INTO commerce_settings (name, value) VALUES ('version', ?)
             ON CONFLICT DO UPDATE SET value = excluded.value",
            [version],
        )
        .map_err(failed)?;
    }
    tx.commit().map_err(failed)
}

/// A connection that can only read.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.set_prepared_statement_cache_capacity(64);
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    db.pragma_update(None, "query_only", true)?;
    Ok(db)
}
