use std::path::{Path, PathBuf};
use std::sync::Arc;

use commerce_core::Host;
use commerce_core::store::Changes;
use commerce_outbox::SystemHost;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::SqliteStore;
use super::error::OpenError;
use super::read::Readers;
use super::writer::{Desk, Writer};

/// "Comm" in ASCII: tells our files from other SQLite files.
const APPLICATION_ID: i32 = 0x436f_6d6d;

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
}

impl SqliteOptions {
    /// A store in this file, which is made if it does not exist. Its folder must exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), host: Arc::new(SystemHost), partitions: None, durable: true }
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

    /// Opens the store: makes the file, or brings it to the present version.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing was written then.
    pub fn open(self) -> Result<SqliteStore, OpenError> {
        let failed = |source: rusqlite::Error| OpenError::of(self.path.clone(), source);
        let mut db = Connection::open(&self.path).map_err(failed)?;
        check_identity(&db, &self.path)?;
        configure_writer(&db, self.durable).map_err(failed)?;
        migrate(&mut db, &self.path)?;
        let partitions = self.fix_partitions(&db)?;
        let changes = Changes::default();
        let desk = Desk { host: self.host.clone(), partitions, changes: changes.clone() };
        let writer = Writer::start(db, desk)
            .map_err(|source| OpenError::Failed { path: self.path.clone(), source: source.into() })?;
        Ok(SqliteStore { writer, readers: Readers::new(self.path), host: self.host, partitions, changes })
    }

    fn fix_partitions(&self, db: &Connection) -> Result<u32, OpenError> {
        let failed = |source: rusqlite::Error| OpenError::of(self.path.clone(), source);
        db.execute(
            "INSERT INTO settings (name, value) VALUES ('partitions', ?) ON CONFLICT DO NOTHING",
            [self.partitions.unwrap_or(1)],
        )
        .map_err(failed)?;
        let found: u32 = db
            .query_row("SELECT value FROM settings WHERE name = 'partitions'", [], |row| row.get(0))
            .map_err(failed)?;
        match self.partitions {
            Some(asked) if asked != found => {
                Err(OpenError::Partitions { path: self.path.clone(), found, asked })
            }
            _ => Ok(found),
        }
    }
}

fn check_identity(db: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |source: rusqlite::Error| OpenError::of(path.to_owned(), source);
    let tables: u32 =
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    let application: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
    if application != APPLICATION_ID && (tables > 0 || application != 0) {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    Ok(())
}

fn configure_writer(db: &Connection, durable: bool) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(64);
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
    // Measured: 30 % more than the default of 1000 pages, with the same tail.
    db.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    // 32 MiB of pages for the writer: the working set of indexes of a shop with 100,000 open streams.
    db.pragma_update(None, "cache_size", -32_768)
}

fn migrate(db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |source: rusqlite::Error| OpenError::of(path.to_owned(), source);
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let version: usize = tx.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(version) {
        tx.execute_batch(migration).map_err(failed)?;
        tx.pragma_update(None, "user_version", index + 1).map_err(failed)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
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
