//! Opening a store.

use std::sync::Arc;

use commerce_core::Host;
use commerce_outbox::SystemHost;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::database::{Database, PgDatabase, Texts};
use super::desk::Desk;
use super::documents::Documents;
use super::error::OpenError;
use super::maintenance::Maintenance;
use super::read::Reads;
use super::statement::BITS;
use super::streams::Streams;
use super::wake::{self, Wake};
use super::writer;
use super::{NEWEST, OLDEST, PgStore};

/// Each brings a schema from the version of its index to the next. Never change one that was released.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_initial.sql")];

/// The schema of a store, unless another is named.
const SCHEMA: &str = "commerce";
/// Into how many partitions an outbox log is divided, unless set: as many processes can share its work.
const PARTITIONS: u32 = 4;
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
        if name.is_empty() || name.len() > 63 || name.contains('\0') {
            return Err(OpenError::SchemaName { name });
        }
        let address = database.address().clone();
        let place =
            Place { at: &address.at, name: &name, schema: format!("\"{}\"", name.replace('"', "\"\"")) };
        let mut db = address.connect().await.map_err(|error| OpenError::connecting(place.at, error))?;
        let found = prepare(&mut db, &place, entry, self.partitions).await?;
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
            documents: Documents::new(database.clone(), schema.clone()),
            maintenance: Maintenance::new(database.clone(), &schema, xid_offset, lock_of(&schema, 1)),
            tasks: wake::start(&wake, &database, &schema, self.announces),
            host: clock.clone().unwrap_or_else(|| Arc::new(SystemHost)),
            has_clock: clock.is_some(),
            desk,
            database,
            schema,
            partitions,
            wake,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Entry {
    Migrate,
    Open,
    Adopt,
}

/// What the settings say.
struct Found {
    xid_offset: i64,
    partitions: u32,
}

struct Place<'a> {
    at: &'a str,
    name: &'a str,
    /// The name, quoted.
    schema: String,
}

impl Place<'_> {
    fn failed(&self, error: sqlx::Error) -> OpenError {
        OpenError::opening(self.at, self.name, error)
    }

    fn absent(&self) -> OpenError {
        OpenError::Absent { at: self.at.to_owned(), schema: self.name.to_owned() }
    }
}

async fn prepare(
    db: &mut PgConnection,
    place: &Place<'_>,
    entry: Entry,
    asked: Option<u32>,
) -> Result<Found, OpenError> {
    check_server(db, place).await?;
    let known = MIGRATIONS.len() as i64;
    let found = version(db, place).await?;
    if found > known {
        let (at, schema) = (place.at.to_owned(), place.name.to_owned());
        return Err(OpenError::Newer { at, schema, found, known });
    }
    match entry {
        Entry::Open | Entry::Adopt if found == 0 => return Err(place.absent()),
        Entry::Open if found < known => {
            let (at, schema) = (place.at.to_owned(), place.name.to_owned());
            return Err(OpenError::Older { at, schema, found, needed: known });
        }
        Entry::Open => {}
        Entry::Migrate | Entry::Adopt => migrate(db, place, asked).await?,
    }
    if is_of_another_cluster(db, place).await? {
        if entry != Entry::Adopt {
            let (at, schema) = (place.at.to_owned(), place.name.to_owned());
            return Err(OpenError::OtherCluster { at, schema });
        }
        adopt(db, place).await?;
    }
    let partitions = setting(db, place, "partitions").await?.unwrap_or(1);
    let partitions = u32::try_from(partitions).unwrap_or(1);
    if let Some(asked) = asked.filter(|asked| *asked != partitions) {
        let (at, schema) = (place.at.to_owned(), place.name.to_owned());
        return Err(OpenError::Partitions { at, schema, found: partitions, asked });
    }
    Ok(Found { partitions, xid_offset: setting(db, place, "xid_offset").await?.unwrap_or(0) })
}

async fn check_server(db: &mut PgConnection, place: &Place<'_>) -> Result<(), OpenError> {
    let row = sqlx::query(
        "SELECT current_setting('server_version_num')::int4,
                pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool",
    )
    .fetch_one(db)
    .await
    .map_err(|error| place.failed(error))?;
    let (version, read_only): (i32, bool) = (
        row.try_get(0).map_err(|error| place.failed(error))?,
        row.try_get(1).map_err(|error| place.failed(error))?,
    );
    check_version(version, place.at)?;
    if read_only {
        return Err(OpenError::ReadOnly { at: place.at.to_owned() });
    }
    Ok(())
}

/// Older servers lack what the statements need. Newer ones have always understood what older ones did.
fn check_version(version: i32, at: &str) -> Result<(), OpenError> {
    let major = u32::try_from(version / 10_000).unwrap_or_default();
    if major < OLDEST {
        return Err(OpenError::Unsupported { at: at.to_owned(), found: major });
    }
    if major > NEWEST {
        tracing::warn!(at, major, "this PostgreSQL is newer than those this store is tested with");
    }
    Ok(())
}

/// Of which version the tables are; zero if there are none.
///
/// The catalog is read as a table: `to_regclass` answers from a cache, which may not know yet what was committed while
/// this transaction waited for its turn.
async fn version(db: &mut PgConnection, place: &Place<'_>) -> Result<i64, OpenError> {
    let there: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = $1 AND c.relname = 'commerce_settings')",
    )
    .bind(place.name)
    .fetch_one(&mut *db)
    .await
    .map_err(|error| place.failed(error))?;
    if there { Ok(setting(db, place, "version").await?.unwrap_or(0)) } else { Ok(0) }
}

async fn setting(db: &mut PgConnection, place: &Place<'_>, name: &str) -> Result<Option<i64>, OpenError> {
    let text = format!("SELECT value FROM {}.commerce_settings WHERE name = $1", place.schema);
    sqlx::query_scalar(AssertSqlSafe(text))
        .bind(name)
        .fetch_optional(db)
        .await
        .map_err(|error| place.failed(error))
}

/// All that is missing in one transaction, one process at a time.
async fn migrate(db: &mut PgConnection, place: &Place<'_>, partitions: Option<u32>) -> Result<(), OpenError> {
    let failed = |error| place.failed(error);
    let mut transaction = db.begin().await.map_err(failed)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(lock_of(&place.schema, 0))
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    let present = version(&mut transaction, place).await?;
    if present == 0 {
        make_schema(&mut transaction, place).await?;
    }
    for (version, migration) in (1_i64..).zip(MIGRATIONS).skip(usize::try_from(present).unwrap_or_default()) {
        let text = migration.replace("{schema}", &place.schema);
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *transaction).await.map_err(failed)?;
        set(&mut transaction, place, "version", "$1", version).await?;
    }
    if present == 0 {
        set(&mut transaction, place, "partitions", "$1", i64::from(partitions.unwrap_or(PARTITIONS))).await?;
        set(&mut transaction, place, "xid_offset", "$1", 0).await?;
        set(&mut transaction, place, "cluster", CLUSTER, 0).await?;
    }
    transaction.commit().await.map_err(failed)
}

/// Only if it is not there: whoever may use a schema may not always make one.
async fn make_schema(db: &mut PgConnection, place: &Place<'_>) -> Result<(), OpenError> {
    let there: Option<i32> = sqlx::query_scalar("SELECT 1 FROM pg_namespace WHERE nspname = $1")
        .bind(place.name)
        .fetch_optional(&mut *db)
        .await
        .map_err(|error| place.failed(error))?;
    if there.is_none() {
        let text = format!("CREATE SCHEMA {}", place.schema);
        sqlx::raw_sql(AssertSqlSafe(text)).execute(db).await.map_err(|error| place.failed(error))?;
    }
    Ok(())
}

/// Tells one database cluster from all others.
const CLUSTER: &str = "(SELECT system_identifier FROM pg_control_system()) + 0 * $1";

async fn set(
    db: &mut PgConnection,
    place: &Place<'_>,
    name: &str,
    expression: &str,
    value: i64,
) -> Result<(), OpenError> {
    let text = format!(
        "INSERT INTO {}.commerce_settings (name, value) VALUES ('{name}', {expression})
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        place.schema
    );
    sqlx::query(AssertSqlSafe(text)).bind(value).execute(db).await.map_err(|error| place.failed(error))?;
    Ok(())
}

/// The highest position that was ever given out.
fn highest(schema: &str) -> String {
    format!(
        "greatest((SELECT max(position) FROM {schema}.commerce_events),
                  (SELECT max(m.position) FROM generate_series(0, 255) p,
                     LATERAL (SELECT position FROM {schema}.commerce_messages
                              WHERE partition = p ORDER BY position DESC LIMIT 1) m),
                  (SELECT max(value) FROM {schema}.commerce_settings WHERE name = 'pruned_to'), 0)"
    )
}

/// By the cluster's identity, or because its transaction ids are behind what is stored.
async fn is_of_another_cluster(db: &mut PgConnection, place: &Place<'_>) -> Result<bool, OpenError> {
    let schema = &place.schema;
    let text = format!(
        "SELECT (SELECT value FROM {schema}.commerce_settings WHERE name = 'cluster')
                  IS DISTINCT FROM (SELECT system_identifier FROM pg_control_system())
             OR {} >> {BITS} > pg_snapshot_xmax(pg_current_snapshot())::text::int8
                  + (SELECT value FROM {schema}.commerce_settings WHERE name = 'xid_offset')",
        highest(schema)
    );
    sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(db).await.map_err(|error| place.failed(error))
}

/// Moves transaction ids so that positions go on behind those there are.
async fn adopt(db: &mut PgConnection, place: &Place<'_>) -> Result<(), OpenError> {
    let failed = |error| place.failed(error);
    let mut transaction = db.begin().await.map_err(failed)?;
    let schema = &place.schema;
    // Documents are no log, but tell by their positions which transaction wrote them. They are looked at here alone: there
    // is no index.
    let offset = format!(
        "greatest((SELECT value FROM {schema}.commerce_settings WHERE name = 'xid_offset'),
                  (greatest({}, (SELECT max(position) FROM {schema}.commerce_documents)) >> {BITS}) + 1
                    - pg_snapshot_xmin(pg_current_snapshot())::text::int8) + 0 * $1",
        highest(schema)
    );
    set(&mut transaction, place, "xid_offset", &offset, 0).await?;
    set(&mut transaction, place, "cluster", CLUSTER, 0).await?;
    transaction.commit().await.map_err(failed)
}

/// The number of an advisory lock of a schema.
fn lock_of(schema: &str, which: i64) -> i64 {
    let hash = schema.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.cast_signed().wrapping_add(which)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_from_14_on_are_taken() {
        for version in [140_000, 150_018, 180_001, 190_000] {
            assert!(check_version(version, "here").is_ok(), "{version}");
        }
        let error = check_version(130_014, "here").unwrap_err();
        assert!(matches!(error, OpenError::Unsupported { found: 13, .. }), "{error}");
        assert!(error.to_string().contains("14 to 18"), "{error}");
    }
}
