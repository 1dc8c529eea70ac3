//! Writes that are no commits: leases, messages that fall due, and what has served its time.

use std::time::Duration;

use commerce_core::store::{Lease, Prune, Released, StoreError};
use commerce_core::{Timestamp, id};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, Row};
use uuid::Uuid;

use super::database::{Database, Text};
use super::error::store_error;
use super::layout::clamp;
use super::read::position_of;
use super::statement::{BITS, EVER, GIVEN_BACK};

/// So many rows go at a time, so that none of these writes holds up others for long.
const AT_ONCE: i64 = 5_000;

/// The texts of these writes in one schema.
pub(super) struct Maintenance {
    database: Database,
    acquire: Text,
    release: Text,
    release_due: Text,
    next_due: Text,
    prune_messages: Text,
    prune_claims: Text,
    prune_gone: Text,
    prune_commits: Text,
}

/// What [`Maintenance::release_due`] did, and where its transaction began in the log.
pub(super) struct Due {
    pub(super) released: Released,
    pub(super) base: Option<(i64, i64)>,
}

const NOW: &str = "coalesce($1::int8, (extract(epoch FROM clock_timestamp()) * 1000000)::int8)";

impl Maintenance {
    pub(super) fn new(database: Database, schema: &str, xid_offset: i64, lock: i64) -> Self {
        // Of two that take an expired lease at once, the second waits, and then finds it held.
        let acquire = format!(
            "INSERT INTO {schema}.commerce_leases AS l (name, holder, token, expires_at)
             VALUES ($2, $3, 1, {NOW} + $4)
             ON CONFLICT (name) DO UPDATE
               SET holder = excluded.holder, expires_at = excluded.expires_at,
                   token = l.token + CASE WHEN l.holder = excluded.holder THEN 0 ELSE 1 END
               WHERE l.holder IS NULL OR l.holder = excluded.holder OR l.expires_at <= {NOW}
             RETURNING token, expires_at"
        );
        // One process at a time, or two would mix the order of what falls due.
        let release_due = format!(
            "WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock({lock}) AS mine),
             due AS MATERIALIZED (
               SELECT not_before, commit_id, ordinal FROM {schema}.commerce_scheduled_messages
               WHERE not_before <= {NOW} AND (SELECT mine FROM turn)
               ORDER BY not_before, commit_id, ordinal LIMIT $2),
             gone AS (
               DELETE FROM {schema}.commerce_scheduled_messages s USING due
               WHERE s.not_before = due.not_before AND s.commit_id = due.commit_id AND s.ordinal = due.ordinal
               RETURNING s.*),
             numbered AS MATERIALIZED (
               SELECT gone.*, row_number() OVER (ORDER BY not_before, commit_id, ordinal) AS number FROM gone),
             here AS MATERIALIZED (
               SELECT (pg_current_xact_id()::text::int8 + {xid_offset}) << {BITS} AS base,
                      (pg_snapshot_xmin(pg_current_snapshot())::text::int8 + {xid_offset}) << {BITS} AS oldest
               WHERE EXISTS (SELECT FROM numbered)),
             sent AS (
               INSERT INTO {schema}.commerce_messages
                 (position, recorded_at, id, partition, tenant, topic, key, type, headers, metadata, payload)
               SELECT here.base + number, recorded_at, id, partition, tenant, topic, key, type, headers, metadata, payload
               FROM numbered CROSS JOIN here),
             noted AS (
               UPDATE {schema}.commerce_commits c
               SET waiting = c.waiting - n.messages,
                   last_message = greatest(c.last_message, here.base + n.last)
               FROM (SELECT commit_id, count(*) AS messages, max(number) AS last FROM numbered GROUP BY commit_id) n
                    CROSS JOIN here
               WHERE c.id = n.commit_id)
             SELECT (SELECT count(*) FROM numbered), (SELECT base FROM here), (SELECT oldest FROM here)"
        );
        // In the order of their keys, and without what others have under way: two that prune never wait for each other.
        let prune_messages = format!(
            "WITH old AS MATERIALIZED (
               SELECT partition, position FROM {schema}.commerce_messages
               WHERE partition = ANY (ARRAY(SELECT generate_series(0, 255))) AND position <= $1
               ORDER BY partition, position LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED),
             gone AS (
               DELETE FROM {schema}.commerce_messages m USING old
               WHERE m.partition = old.partition AND m.position = old.position RETURNING m.position),
             noted AS (
               INSERT INTO {schema}.commerce_settings AS s (name, value)
               SELECT 'pruned_to', max(position) FROM gone HAVING count(*) > 0
               ON CONFLICT (name) DO UPDATE SET value = greatest(s.value, excluded.value))
             SELECT count(*) FROM gone"
        );
        let oldest =
            format!("((pg_snapshot_xmin(pg_current_snapshot())::text::int8 + {xid_offset}) << {BITS})");
        // What was given back is met by everyone who began before; when all these have ended it may go.
        let is_over = format!("(held_until >= {EVER} OR held_until < {GIVEN_BACK} + {oldest})");
        let prune_claims = format!(
            "WITH old AS MATERIALIZED (
               SELECT name, scope, tenant FROM {schema}.commerce_claims WHERE held_until <= {NOW} AND {is_over}
               ORDER BY held_until LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED),
             gone AS (
               DELETE FROM {schema}.commerce_claims c USING old
               WHERE c.name = old.name AND c.scope = old.scope AND c.tenant = old.tenant
                 AND c.held_until <= {NOW} AND {is_over} RETURNING 1)
             SELECT count(*) FROM gone"
        );
        // One that someone has locked stays for the next time, and its line with it.
        let prune_gone = format!(
            "WITH old AS MATERIALIZED (
               SELECT position, collection, tenant, id FROM {schema}.commerce_gone_documents
               WHERE position < {oldest}
               ORDER BY position LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED),
             rows AS MATERIALIZED (
               SELECT old.*, d.place FROM old CROSS JOIN LATERAL (
                 SELECT d.ctid AS place FROM {schema}.commerce_documents d
                 WHERE d.collection = old.collection AND d.tenant = old.tenant AND d.id = old.id
                   AND d.version = 0 AND d.base = old.position LIMIT 1 FOR UPDATE SKIP LOCKED) d),
             deleted AS (
               DELETE FROM {schema}.commerce_documents WHERE ctid = ANY (ARRAY(SELECT place FROM rows))),
             done AS MATERIALIZED (
               SELECT position, collection, tenant, id FROM rows
               UNION ALL
               SELECT old.* FROM old WHERE NOT EXISTS (
                 SELECT FROM {schema}.commerce_documents d
                 WHERE d.collection = old.collection AND d.tenant = old.tenant AND d.id = old.id
                   AND d.version = 0 AND d.base = old.position)),
             gone AS (
               DELETE FROM {schema}.commerce_gone_documents g USING done
               WHERE g.position = done.position AND g.collection = done.collection AND g.tenant = done.tenant
                 AND g.id = done.id RETURNING 1)
             SELECT count(*) FROM gone"
        );
        let prune_commits = format!(
            "WITH old AS MATERIALIZED (
               SELECT id FROM {schema}.commerce_commits
               WHERE id < $1 AND at < $2 AND waiting = 0
                 AND (last_message IS NULL
                      OR last_message < (SELECT coalesce(min(m.position), 9223372036854775807)
                           FROM generate_series(0, 255) p,
                             LATERAL (SELECT position FROM {schema}.commerce_messages
                                      WHERE partition = p ORDER BY position LIMIT 1) m))
               ORDER BY id LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED),
             gone AS (DELETE FROM {schema}.commerce_commits c USING old WHERE c.id = old.id RETURNING 1)
             SELECT count(*) FROM gone"
        );
        Self {
            database,
            acquire: acquire.into(),
            release: format!(
                "UPDATE {schema}.commerce_leases SET holder = NULL WHERE name = $1 AND token = $2"
            )
            .into(),
            release_due: release_due.into(),
            next_due: format!("SELECT min(not_before) FROM {schema}.commerce_scheduled_messages").into(),
            prune_messages: prune_messages.into(),
            prune_claims: prune_claims.into(),
            prune_gone: prune_gone.into(),
            prune_commits: prune_commits.into(),
        }
    }

    pub(super) async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        duration: Duration,
        now: Option<i64>,
    ) -> Result<Option<Lease>, StoreError> {
        let duration = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 2);
        let rows = self
            .database
            .rows(&self.acquire, &|to| {
                to.add(now)?;
                to.add(name)?;
                to.add(holder)?;
                to.add(duration)
            })
            .await?;
        let lease = |row: &PgRow| {
            Ok(Lease {
                name: name.to_owned(),
                token: position_of(row.try_get(0)?),
                expires_at: Timestamp::from_micros(row.try_get(1)?),
            })
        };
        rows.first().map(lease).transpose().map_err(|error| self.failed(error))
    }

    pub(super) async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let release = |to: &mut sqlx::postgres::PgArguments| {
            to.add(&lease.name)?;
            to.add(clamp(lease.token))
        };
        self.database.rows(&self.release, &release).await.map(|_| ())
    }

    /// Each message that is due moves to the end of the log, in the order in which they fell due.
    pub(super) async fn release_due(&self, limit: usize, now: Option<i64>) -> Result<Due, StoreError> {
        // Most of the time nothing waits, or not for now: a look costs less than a turn.
        let next = self.next_due().await?;
        let this_moment = match (next, now) {
            (None, _) => return Ok(Due { released: Released::default(), base: None }),
            (Some(_), Some(now)) => now,
            (Some(_), None) => i64::MAX,
        };
        if next.is_some_and(|next| next > this_moment) {
            let next_due = next.map(Timestamp::from_micros);
            return Ok(Due { released: Released { count: 0, next_due }, base: None });
        }
        let rows = self
            .database
            .rows(&self.release_due, &|to| {
                to.add(now)?;
                to.add(clamp(limit as u64).min(AT_ONCE))
            })
            .await?;
        let (count, base) = self.released(&rows)?;
        let next_due = self.next_due().await?.map(Timestamp::from_micros);
        let count = usize::try_from(count).unwrap_or_default();
        Ok(Due { released: Released { count, next_due }, base })
    }

    fn released(&self, rows: &[PgRow]) -> Result<(i64, Option<(i64, i64)>), StoreError> {
        let read = |row: &PgRow| {
            let base: Option<i64> = row.try_get(1)?;
            let oldest: Option<i64> = row.try_get(2)?;
            Ok((row.try_get(0)?, base.zip(oldest)))
        };
        rows.first().ok_or(sqlx::Error::RowNotFound).and_then(read).map_err(|error| self.failed(error))
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        let rows = self.database.rows(&self.next_due, &|_| Ok(())).await?;
        let next = rows.first().map(|row| row.try_get(0)).transpose().map_err(|error| self.failed(error))?;
        Ok(next.flatten())
    }

    pub(super) async fn prune(&self, what: &Prune, now: Option<i64>) -> Result<u64, StoreError> {
        let rows = match what {
            Prune::Messages { up_to } => {
                self.database.rows(&self.prune_messages, &|to| to.add(clamp(*up_to))).await?
            }
            Prune::ExpiredClaims => {
                self.prune_gone_documents().await?;
                self.database.rows(&self.prune_claims, &|to| to.add(now)).await?
            }
            Prune::CommitsBefore(moment) => {
                let first = id::v7(*moment, &[0; 10]);
                let bind = |to: &mut PgArguments| {
                    to.add(first)?;
                    // An id may say another time than when it was used.
                    to.add(moment.as_micros())
                };
                self.database.rows(&self.prune_commits, &bind).await?
            }
        };
        self.count(&rows)
    }

    /// What deleted documents have left behind.
    async fn prune_gone_documents(&self) -> Result<(), StoreError> {
        loop {
            let rows = self.database.rows(&self.prune_gone, &|_| Ok(())).await?;
            if self.count(&rows)? < AT_ONCE.unsigned_abs() {
                return Ok(());
            }
        }
    }

    fn count(&self, rows: &[PgRow]) -> Result<u64, StoreError> {
        let count: Result<i64, _> =
            rows.first().ok_or(sqlx::Error::RowNotFound).and_then(|row| row.try_get(0));
        count.map(position_of).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: sqlx::Error) -> StoreError {
        store_error(&self.database.address().at, error)
    }
}
