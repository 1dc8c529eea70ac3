//! Opening a store.

use std::fmt;
use std::sync::Arc;

use commerce_core::Host;
use commerce_outbox::SystemHost;
use sqlx::PgConnection;

use super::PgStore;
use super::claims::Claims;
use super::database::{Database, PgDatabase, Texts};
use super::desk::Desk;
use super::documents::Documents;
use super::entry::{Entry, Found, enter};
use super::error::OpenError;
use super::maintenance::Maintenance;
use super::read::Reads;
use super::schema::{Place, lock_of};
use super::streams::Streams;
use super::wake::{self, Wake};
use super::writer;

/// The schema of a store, unless another is named.
const SCHEMA: &str = "commerce";
/// One writer works while the other waits for the disk; more have never helped where it was measured.
const WRITERS: usize = 2;

/// How a store is opened.
///
/// ```no_run
/// use commerce_adapters::postgres::PgStore;
///
/// # async fn example() -> Result<(), commerce_adapters::postgres::OpenError> {
/// let store = PgStore::connect("postgres://shop@localhost/shop").schema("shop_messages").migrate().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PgOptions {
    database: Result<PgDatabase, OpenError>,
    schema: String,
    host: Option<Arc<dyn Host>>,
    partitions: Option<u32>,
    writers: usize,
    announces: bool,
}

impl PgOptions {
    pub(super) fn new(database: Result<PgDatabase, OpenError>) -> Self {
        let schema = SCHEMA.to_owned();
        Self { database, schema, host: None, partitions: None, writers: WRITERS, announces: true }
    }

    /// In this schema; in `commerce` unless set. It may be one that an application uses: all our tables are named
    /// `commerce_…`.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// With this clock and source of ids instead of the database's clock and this machine's ids. For tests: the clocks of
    /// several processes never agree.
    pub fn host(mut self, host: Arc<dyn Host>) -> Self {
        self.host = Some(host);
        self
    }

    /// Into how many partitions the outbox log is divided, 1 to 256: so many processes can share its work. It is fixed
    /// when the store is made; 4 unless set.
    pub fn partitions(mut self, partitions: u32) -> Self {
        self.partitions = Some(partitions.clamp(1, 256));
        self
    }

    /// With so many connections that write, 1 to 8; 2 unless set.
    pub fn writers(mut self, writers: usize) -> Self {
        self.writers = writers.clamp(1, 8);
        self
    }

    /// Without telling other processes of commits: they then find them when they look by themselves.
    pub fn without_notify(mut self) -> Self {
        self.announces = false;
        self
    }

    /// Opens a store; first makes its schema and tables, or brings them to the present version.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing was changed then.
    pub async fn migrate(self) -> Result<PgStore, OpenError> {
        self.enter(Entry::Migrate).await
    }

    /// Opens a store whose tables must be there already, in the present version. It needs no right to change them.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(self) -> Result<PgStore, OpenError> {
        self.enter(Entry::Open).await
    }

    /// Opens a store that was restored into another database cluster than the one it was written in, or whose cluster was
    /// upgraded: from now on positions go on behind those there are, and every cursor keeps its meaning. No other program
    /// may have it open. Does nothing where nothing was restored.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing was changed then.
    pub async fn adopt(self) -> Result<PgStore, OpenError> {
        self.enter(Entry::Adopt).await
    }

    async fn enter(self, entry: Entry) -> Result<PgStore, OpenError> {
        let database = self.database.clone()?.0;
        let name = self.schema.clone();
        if name.is_empty() || name.len() > 63 || name.contains('\0') || name.contains("$$") {
            return Err(OpenError::SchemaName { name });
        }
        let address = database.address().clone();
        let place =
            Place { at: &address.at, name: &name, schema: format!("\"{}\"", name.replace('"', "\"\"")) };
        let mut db = address.connect().await.map_err(|error| OpenError::connecting(place.at, error))?;
        let found = enter(&mut db, &place, entry, self.partitions).await?;
        Ok(self.assemble(database, db, found, place.schema.clone()))
    }

    fn assemble(self, database: Database, first: PgConnection, found: Found, schema: String) -> PgStore {
        let address = database.address().clone();
        let Found { xid_offset, partitions } = found;
        let wake = Arc::new(Wake::new(Texts::new(xid_offset)));
        let clock = self.host.clone();
        let desk = Desk::new(address, schema.clone(), partitions, clock.clone(), xid_offset, wake.clone());
        let desk = Arc::new(desk);
        writer::start(&desk, self.writers, first);
        if self.announces {
            database.listen(&schema, &wake);
        }
        PgStore {
            reads: Reads::new(database.clone(), &schema, xid_offset, partitions),
            streams: Streams::new(database.clone(), &schema),
            claims: Claims::new(database.clone(), &schema),
            documents: Documents::new(database.clone(), schema.clone()),
            maintenance: Maintenance::new(database.clone(), &schema, xid_offset, lock_of(&schema, 1)),
            tasks: wake::start(&wake, &database, &schema, self.announces),
            host: clock.clone().unwrap_or_else(|| Arc::new(SystemHost)),
            has_clock: clock.is_some(),
            desk,
            database,
            partitions,
            wake,
        }
    }
}

impl fmt::Debug for PgOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is wrong with an address is left out: its text may hold a password.
        f.debug_struct("PgOptions")
            .field("database", &self.database.as_ref().ok())
            .field("schema", &self.schema)
            .field("partitions", &self.partitions)
            .field("writers", &self.writers)
            .field("announces", &self.announces)
            .finish_non_exhaustive()
    }
}
