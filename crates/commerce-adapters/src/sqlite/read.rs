//! Reads: on connections of their own, beside the writer.
//!
//! A read runs on the caller's thread. Nearly all are a few pages out of memory, about 10 µs: handing them to another
//! thread would cost more than they do (docs/decisions/0003-sqlite.md).

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use commerce_core::Timestamp;
use commerce_core::commit::CommitId;
use commerce_core::context::Metadata;
use commerce_core::id::Tenant;
use commerce_core::store::{MessageBatch, ReadMessages, RecordedMessage, StoreError};
use commerce_core::stream::{Position, RecordedEvent, StateEvent, StreamId, Version};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::error::store_error;
use super::open::open_reader;

pub(super) struct Readers {
    pub(super) path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Vec::new()) }
    }

    /// Runs a read on an idle connection, or on a new one.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let db = match idle {
            Some(db) => db,
            None => open_reader(&self.path).map_err(store_error)?,
        };
        let result = read(&db).map_err(store_error);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
        result
    }
}

const EVENT: &str =
    "SELECT e.position, e.tenant, e.stream, e.version, e.type, e.schema, e.payload, e.commit_id,
                            e.ordinal, c.recorded_at, c.metadata
                     FROM commerce_events e JOIN commerce_commits c ON c.id = e.commit_id";

pub(super) fn stream(
    db: &Connection,
    tenant: &Tenant,
    stream: &StreamId,
    after: Version,
    limit: usize,
) -> rusqlite::Result<Vec<RecordedEvent>> {
    let mut query = db.prepare_cached(&format!(
        "{EVENT} WHERE e.tenant = ? AND e.stream = ? AND e.version > ? ORDER BY e.version LIMIT ?"
    ))?;
    let mut commits = LastCommit::default();
    query
        .query_map(params![tenant.as_str(), stream.as_str(), clamp(after), clamp(limit as u64)], |row| {
            event(row, &mut commits, tenant.clone(), stream.clone())
        })?
        .collect()
}

pub(super) fn for_state(
    db: &Connection,
    tenant: &Tenant,
    stream: &StreamId,
    after: Version,
    limit: usize,
) -> rusqlite::Result<Vec<StateEvent>> {
    let mut query = db.prepare_cached(
        "SELECT version, type, schema, payload FROM commerce_events
         WHERE tenant = ? AND stream = ? AND version > ? ORDER BY version LIMIT ?",
    )?;
    let read = |row: &Row<'_>| {
        Ok(StateEvent {
            version: row.get(0)?,
            event_type: row.get_ref(1)?.as_str()?.into(),
            schema: row.get(2)?,
            payload: row.get(3)?,
        })
    };
    query
        .query_map(params![tenant.as_str(), stream.as_str(), clamp(after), clamp(limit as u64)], read)?
        .collect()
}

pub(super) fn log(db: &Connection, after: Position, limit: usize) -> rusqlite::Result<Vec<RecordedEvent>> {
    let mut query =
        db.prepare_cached(&format!("{EVENT} WHERE e.position > ? ORDER BY e.position LIMIT ?"))?;
    let mut commits = LastCommit::default();
    query
        .query_map(params![clamp(after), clamp(limit as u64)], |row| {
            let tenant = tenant(row, 1)?;
            let stream = StreamId::from(row.get_ref(2)?.as_str()?);
            event(row, &mut commits, tenant, stream)
        })?
        .collect()
}

fn event(
    row: &Row<'_>,
    commits: &mut LastCommit,
    tenant: Tenant,
    stream: StreamId,
) -> rusqlite::Result<RecordedEvent> {
    let commit = CommitId(row.get(7)?);
    Ok(RecordedEvent {
        position: row.get(0)?,
        tenant,
        stream,
        version: row.get(3)?,
        event_type: row.get_ref(4)?.as_str()?.into(),
        schema: row.get(5)?,
        payload: row.get(6)?,
        id: commit.event_id(row.get(8)?),
        commit,
        recorded_at: Timestamp::from_micros(row.get(9)?),
        metadata: commits.metadata(commit, row, 10)?,
    })
}

/// Neighbouring rows often belong to one commit: its metadata is read once.
#[derive(Default)]
struct LastCommit(Option<(CommitId, Arc<Metadata>)>);

impl LastCommit {
    fn metadata(
        &mut self,
        commit: CommitId,
        row: &Row<'_>,
        column: usize,
    ) -> rusqlite::Result<Arc<Metadata>> {
        if let Some((last, metadata)) = &self.0
            && *last == commit
        {
            return Ok(metadata.clone());
        }
        let metadata: Metadata = json(row, column)?;
        let metadata = Arc::new(metadata);
        self.0 = Some((commit, metadata.clone()));
        Ok(metadata)
    }
}

pub(super) fn messages(db: &Connection, request: &ReadMessages<'_>) -> rusqlite::Result<MessageBatch> {
    let end: Position = db
        .prepare_cached("SELECT coalesce(max(position), 0) FROM commerce_messages")?
        .query_row([], |row| row.get(0))?;
    if end <= request.after || request.limit == 0 {
        return Ok(MessageBatch { messages: Vec::new(), next: request.after });
    }
    let mut query = db.prepare_cached(
        "SELECT m.position, m.tenant, m.topic, m.key, m.type, m.headers, m.payload, m.commit_id, m.ordinal,
                c.recorded_at, c.metadata
         FROM commerce_messages m JOIN commerce_commits c ON c.id = m.commit_id
         WHERE m.position > ?1 AND m.position <= ?2 AND m.partition = ?3
           AND (?4 IS NULL OR m.topic IN (SELECT value FROM json_each(?4)))
         ORDER BY m.position LIMIT ?5",
    )?;
    let topics =
        (!request.topics.is_empty()).then(|| serde_json::to_string(request.topics).unwrap_or_default());
    let mut commits = LastCommit::default();
    let messages = query
        .query_map(
            params![clamp(request.after), clamp(end), request.partition, topics, clamp(request.limit as u64)],
            |row| message(row, &mut commits),
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let next = match messages.last() {
        Some(last) if messages.len() >= request.limit => last.position,
        _ => end,
    };
    Ok(MessageBatch { messages, next })
}

/// Where the outbox log ends, also if its last messages were pruned.
pub(super) fn last_message(db: &Connection) -> rusqlite::Result<Position> {
    let end = db
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'commerce_messages'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(end.unwrap_or(0))
}

fn message(row: &Row<'_>, commits: &mut LastCommit) -> rusqlite::Result<RecordedMessage> {
    let commit = CommitId(row.get(7)?);
    let headers = match row.get_ref(5)? {
        rusqlite::types::ValueRef::Null => std::collections::BTreeMap::new(),
        _ => json(row, 5)?,
    };
    Ok(RecordedMessage {
        position: row.get(0)?,
        tenant: tenant(row, 1)?,
        topic: row.get_ref(2)?.as_str()?.into(),
        key: row.get_ref(3)?.as_str()?.into(),
        message_type: row.get_ref(4)?.as_str()?.into(),
        headers,
        payload: row.get(6)?,
        id: commit.message_id(row.get(8)?),
        recorded_at: Timestamp::from_micros(row.get(9)?),
        metadata: commits.metadata(commit, row, 10)?,
    })
}

/// Most rows belong to the default tenant, which costs no allocation.
pub(super) fn tenant(row: &Row<'_>, column: usize) -> rusqlite::Result<Tenant> {
    let default = Tenant::default();
    let name = row.get_ref(column)?.as_str()?;
    Ok(if name == default.as_str() { default } else { Tenant::new(name) })
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_slice(row.get_ref(column)?.as_bytes()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}

/// SQLite's integers are signed.
pub(super) fn clamp(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn commit_exists(db: &Connection, id: Uuid) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM commerce_commits WHERE id = ?")?.exists([id])
}
