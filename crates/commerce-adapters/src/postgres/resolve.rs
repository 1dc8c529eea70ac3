//! What became of commits whose answer was lost.
//!
//! The connection is gone, but at its other end a server process may still be at work, or may yet find the statement among
//! what it has received. So first that process is ended; then what it has written is all it ever will.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::CommitId;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::connect::{CONNECT_WITHIN, no_answer_within};
use super::desk::Desk;
use super::error::{self, Class, Said};
use super::statement::BITS;

/// After this the callers are told that the outcome is not known.
const RESOLVED_WITHIN: Duration = Duration::from_secs(15);

/// A server process, told from all others that will ever have its number.
#[derive(Clone, Copy, Debug)]
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
        let row = sqlx::query(
            "SELECT pid, (extract(epoch FROM backend_start) * 1000000)::int8,
                    (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8, datid::int8
             FROM pg_stat_activity WHERE pid = pg_backend_pid()",
        )
        .fetch_one(db);
        let row = timeout(CONNECT_WITHIN, row).await.map_err(|_| no_answer_within(CONNECT_WITHIN))??;
        let origin = Origin { started: row.try_get(2)?, database: row.try_get(3)? };
        Ok(Self { pid: row.try_get(0)?, started: row.try_get(1)?, origin })
    }

    /// Ends it, and waits until it has gone.
    async fn end(self, db: &mut PgConnection, until: Instant) -> Result<(), sqlx::Error> {
        loop {
            let there = sqlx::query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE pid = $1 AND (extract(epoch FROM backend_start) * 1000000)::int8 = $2",
            )
            .bind(self.pid)
            .bind(self.started)
            .fetch_optional(&mut *db)
            .await?;
            if there.is_none() {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(sqlx::Error::Io(std::io::Error::new(
                    std::io::ErrorKind::TimedOut,
                    format!("server process {} does not end", self.pid),
                )));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
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
            Err(error) if error::class(&error) != Class::Lost || Instant::now() + pause > until => {
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
    Ok((db, found))
}

/// Whether a commit was written, by whatever process. Whoever is just writing is waited for.
pub(super) async fn was_written(
    schema: &str,
    id: CommitId,
    db: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    let mut writers = writers(schema, None, db).await?;
    while !writers.is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
        writers = self::writers(schema, Some(writers), db).await?;
    }
    let text = format!(
        "SELECT EXISTS (SELECT FROM {schema}.commerce_events WHERE commit_id = $1 AND ordinal = 0)
             OR EXISTS (SELECT FROM {schema}.commerce_commits WHERE id = $1)"
    );
    sqlx::query_scalar(AssertSqlSafe(text)).bind(id.0).fetch_one(db).await
}

/// The transactions that may be writing commits, of all or of these: a statement locks its tables before it begins.
async fn writers(
    schema: &str,
    of: Option<Vec<String>>,
    db: &mut PgConnection,
) -> Result<Vec<String>, sqlx::Error> {
    let text = format!(
        "SELECT DISTINCT virtualtransaction FROM pg_locks
         WHERE relation IN ('{schema}.commerce_events'::regclass, '{schema}.commerce_commits'::regclass)
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND mode = 'RowExclusiveLock' AND granted AND ($1::text[] IS NULL OR virtualtransaction = ANY ($1))",
        schema = schema.replace('\'', "''")
    );
    sqlx::query_scalar(AssertSqlSafe(text)).bind(of).fetch_all(db).await
}
