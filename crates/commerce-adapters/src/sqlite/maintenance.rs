//! Writes that are no commits.

use std::time::Duration;

use commerce_core::store::{Lease, Prune, Released};
use commerce_core::{Timestamp, id};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::read::clamp;

pub(super) fn acquire_lease(
    db: &Connection,
    name: &str,
    holder: Uuid,
    duration: Duration,
    now: Timestamp,
) -> rusqlite::Result<Option<Lease>> {
    let found: Option<(Option<Uuid>, u64, i64)> = db
        .prepare_cached("SELECT holder, token, expires_at FROM commerce_leases WHERE name = ?")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let token = match found {
        None => 1,
        Some((Some(other), token, _)) if other == holder => token,
        Some((Some(_), _, expires_at)) if expires_at > now.as_micros() => return Ok(None),
        Some((_, token, _)) => token + 1,
    };
    let expires_at = now.plus(duration);
    db.prepare_cached(
        "INSERT INTO commerce_leases (name, holder, token, expires_at) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET holder = excluded.holder, token = excluded.token,
                                   expires_at = excluded.expires_at",
    )?
    .execute(params![name, holder, token, expires_at.as_micros()])?;
    Ok(Some(Lease { name: name.to_owned(), token, expires_at }))
}

pub(super) fn release_lease(db: &Connection, lease: &Lease) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE commerce_leases SET holder = NULL WHERE name = ? AND token = ?")?
        .execute(params![lease.name, lease.token])?;
    Ok(())
}

/// Each message that is due moves to the end of the log, in the order in which they fell due.
pub(super) fn release_due(db: &Connection, limit: usize, now: Timestamp) -> rusqlite::Result<Released> {
    let mut due = db.prepare_cached(
        "SELECT not_before, commit_id, ordinal FROM commerce_scheduled_messages WHERE not_before <= ?
         ORDER BY not_before, commit_id, ordinal LIMIT ?",
    )?;
    let keys: Vec<(i64, Uuid, u16)> = due
        .query_map(params![now.as_micros(), clamp(limit as u64)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut append = db.prepare_cached(
        "INSERT INTO commerce_messages (partition, tenant, topic, key, type, headers, payload, commit_id, ordinal)
         SELECT partition, tenant, topic, key, type, headers, payload, commit_id, ordinal
         FROM commerce_scheduled_messages WHERE not_before = ? AND commit_id = ? AND ordinal = ?",
    )?;
    let mut remove = db.prepare_cached(
        "DELETE FROM commerce_scheduled_messages WHERE not_before = ? AND commit_id = ? AND ordinal = ?",
    )?;
    let mut noted = db.prepare_cached(
        "UPDATE commerce_commits SET scheduled = scheduled - 1, last_message = max(coalesce(last_message, 0), ?)
         WHERE id = ?",
    )?;
    for key in &keys {
        let position = append.insert(params![key.0, key.1, key.2])?;
        noted.execute(params![position, key.1])?;
        remove.execute(params![key.0, key.1, key.2])?;
    }
    let next_due: Option<i64> = db
        .prepare_cached("SELECT min(not_before) FROM commerce_scheduled_messages")?
        .query_row([], |row| row.get(0))?;
    Ok(Released { count: keys.len(), next_due: next_due.map(Timestamp::from_micros) })
}

/// So many rows go at a time, so that a prune never holds up commits for long: about 20 ms.
const PRUNED_AT_ONCE: i64 = 5_000;

pub(super) fn prune(db: &Connection, what: &Prune, now: Timestamp) -> rusqlite::Result<u64> {
    let rows = match what {
        Prune::Messages { up_to } => db.execute(
            "DELETE FROM commerce_messages WHERE position IN
                 (SELECT position FROM commerce_messages WHERE position <= ? ORDER BY position LIMIT ?)",
            params![clamp(*up_to), PRUNED_AT_ONCE],
        )?,
        Prune::ExpiredClaims => db.execute(
            "DELETE FROM commerce_claims WHERE (tenant, scope, key) IN
                 (SELECT tenant, scope, key FROM commerce_claims WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
            params![now.as_micros(), PRUNED_AT_ONCE],
        )?,
        Prune::CommitsBefore(moment) => db.execute(
            "DELETE FROM commerce_commits WHERE id IN
                 (SELECT id FROM commerce_commits
                  WHERE id < ? AND recorded_at < ? AND has_events = 0 AND scheduled = 0
                    AND (last_message IS NULL
                         OR last_message < (SELECT coalesce(min(position), 9223372036854775807) FROM commerce_messages))
                  ORDER BY id LIMIT ?)",
            // An id may say another time than when it was used.
            params![id::v7(*moment, &[0; 10]), moment.as_micros(), PRUNED_AT_ONCE],
        )?,
    };
    Ok(rows as u64)
}
