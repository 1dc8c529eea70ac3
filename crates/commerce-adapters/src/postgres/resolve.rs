//! What became of commits whose answer was lost.
//!
//! The connection is gone, but at its other end a server process may still be at work, or may yet find the statement among
//! what it has received. So first that process is ended; then what it has written is all it ever will.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::CommitId;
use commerce_core::store::StoreError;
use sqlx::{Arguments, AssertSqlSafe, PgConnection, Row};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::connect::{CONNECT_WITHIN, no_answer_within};
use super::database::Database;
use super::desk::Desk;
use super::error::{self, Class, Said, store_error};
use super::statement::BITS;

/// After this the callers are told that the outcome is not known.
const RESOLVED_WITHIN: Duration = Duration::from_secs(15);

/// A server process, told from all others that will ever have its number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Backend {
    pid: i32,
    /// In microseconds since 1970.
    started: i64,
    pub(super) origin: Origin,
}

/// A database, in one run of its server: as long as both stay the same, nothing durable is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// When the server was started, in microseconds since 1970.
    started: i64,
    /// Its number; one that takes its place, under the same name, has another.
    database: i64,
}

impl Backend {
    pub(super) async fn of(db: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let text = as_who_signed_in(
            "SELECT pid, (extract(epoch FROM backend_start) * 1000000)::int8,
                    (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8, datid::int8
             FROM pg_stat_activity WHERE pid = pg_backend_pid()",
        );
        let rows = sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(db);
        let rows = timeout(CONNECT_WITHIN, rows).await.map_err(|_| no_answer_within(CONNECT_WITHIN))??;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let origin = Origin { started: row.try_get(2)?, database: row.try_get(3)? };
        Ok(Self { pid: row.try_get(0)?, started: row.try_get(1)?, origin })
    }

    /// Ends it, and waits until it has gone.
    async fn end(self, db: &mut PgConnection, until: Instant) -> Result<(), sqlx::Error> {
        let Self { pid, started, .. } = self;
        let text = as_who_signed_in(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE pid = {pid} AND (extract(epoch FROM backend_start) * 1000000)::int8 = {started}"
        ));
        loop {
            let there = sqlx::raw_sql(AssertSqlSafe(text.clone())).fetch_all(&mut *db).await?;
            if there.is_empty() {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(sqlx::Error::Io(std::io::Error::new(
                    std::io::ErrorKind::TimedOut,
                    format!("server process {pid} does not end"),
                )));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// A statement run by whoever signed in: a role that is set besides sees other processes of that user only in part.
fn as_who_signed_in(statement: &str) -> String {
    format!("BEGIN; SET LOCAL ROLE NONE; {statement}; COMMIT")
}

/// Ends the server processes that could not be ended when the outcome of what they had been sent was looked up. Before that
/// no outcome is certain, and nothing may be written that is meant to come later.
pub(super) async fn end_those_left(desk: &Desk, db: &mut PgConnection) -> Result<(), sqlx::Error> {
    for backend in desk.left_behind() {
        backend.end(db, Instant::now() + CONNECT_WITHIN).await?;
        desk.is_ended(backend);
    }
    Ok(())
}

/// A new connection, and of these commits those that were written, each with its position and time.
pub(super) async fn resolve(
    desk: &Desk,
    ids: &[CommitId],
    backend: Backend,
) -> Result<(PgConnection, HashMap<CommitId, (i64, i64)>), Arc<sqlx::Error>> {
    let until = Instant::now() + RESOLVED_WITHIN;
    let mut pause = Duration::from_millis(10);
    loop {
        let looking = timeout(RESOLVED_WITHIN, look_up(desk, ids, backend, until)).await;
        match looking.unwrap_or_else(|_| Err(no_answer_within(RESOLVED_WITHIN))) {
            Ok(found) => return Ok(found),
            Err(error) if !may_pass(&error) || Instant::now() + pause > until => {
                desk.leave_behind(backend);
                return Err(error.into());
            }
            Err(error) => {
                // All writers may be here: who waits for one is told that there is no server.
                desk.refuse_waiting(&Said::new(&desk.address.at, error));
                tokio::time::sleep(pause).await;
            }
        }
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}

/// Whether the same may be answered soon, by the server or by another in its place.
fn may_pass(error: &sqlx::Error) -> bool {
    matches!(error::class(error), Class::Lost | Class::ReadOnly)
}

async fn look_up(
    desk: &Desk,
    ids: &[CommitId],
    backend: Backend,
    until: Instant,
) -> Result<(PgConnection, HashMap<CommitId, (i64, i64)>), sqlx::Error> {
    let mut db = desk.address.connect().await?;
    backend.end(&mut db, until).await?;
    let schema = &desk.schema;
    let text = format!(
        "SELECT commit_id, (SELECT max(position) FROM {schema}.commerce_events o
                            WHERE o.position >= e.position AND o.position < e.position + (1 << {BITS})
                              AND o.commit_id = e.commit_id), at, true
         FROM {schema}.commerce_events e WHERE commit_id = ANY ($1) AND ordinal = 0
         UNION ALL
         SELECT id, (SELECT coalesce(max(position), 0) FROM {schema}.commerce_events), at, false
         FROM {schema}.commerce_commits WHERE id = ANY ($1)"
    );
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query(AssertSqlSafe(text)).bind(ids).fetch_all(&mut db).await?;
    let mut found = HashMap::new();
    for row in rows {
        let (id, written, has_events) =
            (CommitId(row.try_get(0)?), (row.try_get(1)?, row.try_get(2)?), row.try_get(3)?);
        // One whose id was given is found twice.
        if has_events || !found.contains_key(&id) {
            found.insert(id, written);
        }
    }
    if !found.is_empty() {
        // Whom a second server has to confirm was perhaps interrupted before it had: what can be confirmed after it, confirms it.
        sqlx::query("SELECT pg_logical_emit_message(true, 'commerce', '')").execute(&mut db).await?;
    }
    Ok((db, found))
}

/// Whether a commit was written, by whatever process. Whoever is just writing is waited for; meanwhile others read.
pub(super) async fn was_written(desk: &Desk, database: &Database, id: CommitId) -> Result<bool, StoreError> {
    if !desk.left_behind().is_empty() {
        let mut reader = database.reader().await?;
        if let Err(error) = end_those_left(desk, reader.db()).await {
            // It may be in the middle of a transaction.
            reader.close();
            return Err(store_error(&desk.address.at, error));
        }
        reader.put_back();
    }
    let mut pause = Duration::from_millis(2);
    let mut under_way = writers(desk, database, None).await?;
    while !under_way.is_empty() {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(100));
        under_way = writers(desk, database, Some(under_way)).await?;
    }
    let text = format!(
        "SELECT EXISTS (SELECT FROM {schema}.commerce_events WHERE commit_id = $1 AND ordinal = 0)
             OR EXISTS (SELECT FROM {schema}.commerce_commits WHERE id = $1)",
        schema = desk.schema
    );
    let rows = database.rows(&text.into(), &|to| to.add(id.0)).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound);
    row.and_then(|row| row.try_get(0)).map_err(|error| store_error(&desk.address.at, error))
}

/// The transactions, of all or of these, that may be writing commits: a statement locks its tables before it begins, and may
/// wait for any of these locks.
async fn writers(
    desk: &Desk,
    database: &Database,
    of: Option<Vec<String>>,
) -> Result<Vec<String>, StoreError> {
    let text = format!(
        "SELECT DISTINCT virtualtransaction FROM pg_locks
         WHERE relation IN (SELECT oid FROM pg_class WHERE relname LIKE 'commerce\\_%' AND relkind = 'r'
                              AND relnamespace = (SELECT relnamespace FROM pg_class
                                                  WHERE oid = '{schema}.commerce_events'::regclass))
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND mode = 'RowExclusiveLock' AND ($1::text[] IS NULL OR virtualtransaction = ANY ($1))",
        schema = desk.schema.replace('\'', "''")
    );
    database.read(&text.into(), &|to| to.add(&of), |row| row.try_get(0)).await
}
