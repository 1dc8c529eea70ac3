//! A store's schema and tables: made, and brought to the present version.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::cluster::CLUSTER;
use super::error::OpenError;

/// Each brings a schema from the version of its index to the next. Never change one that was released.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_commit_ids.sql"),
    include_str!("migrations/0003_held_places.sql"),
    include_str!("migrations/0004_gone_for_a_while.sql"),
    include_str!("migrations/0005_stream_keys.sql"),
    include_str!("migrations/0006_places_wherever.sql"),
];
/// The present version.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Into how many partitions an outbox log is divided, unless set: as many processes can share its work.
const PARTITIONS: u32 = 4;
/// Where a store is.
pub(super) struct Place<'a> {
    pub(super) at: &'a str,
    pub(super) name: &'a str,
    /// The name, quoted.
    pub(super) schema: String,
}

impl Place<'_> {
    pub(super) fn failed(&self, error: sqlx::Error) -> OpenError {
        OpenError::opening(self.at, self.name, error)
    }

    pub(super) fn absent(&self) -> OpenError {
        OpenError::Absent { at: self.at.to_owned(), schema: self.name.to_owned() }
    }
}

/// Of which version the tables are; zero if there are none.
///
/// The catalog is read as a table: `to_regclass` answers from a cache, which may not know yet what was committed while
/// this transaction waited for its turn.
pub(super) async fn version(db: &mut PgConnection, place: &Place<'_>) -> Result<i64, OpenError> {
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

pub(super) async fn setting(
    db: &mut PgConnection,
    place: &Place<'_>,
    name: &str,
) -> Result<Option<i64>, OpenError> {
    let text = format!("SELECT value FROM {}.commerce_settings WHERE name = $1", place.schema);
    sqlx::query_scalar(AssertSqlSafe(text))
        .bind(name)
        .fetch_optional(db)
        .await
        .map_err(|error| place.failed(error))
}

/// All that is missing in one transaction, one process at a time.
pub(super) async fn migrate(
    db: &mut PgConnection,
    place: &Place<'_>,
    partitions: Option<u32>,
) -> Result<(), OpenError> {
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

pub(super) async fn set(
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

/// The number of an advisory lock of a schema.
pub(super) fn lock_of(schema: &str, which: i64) -> i64 {
    let hash = schema.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.cast_signed().wrapping_add(which)
}
