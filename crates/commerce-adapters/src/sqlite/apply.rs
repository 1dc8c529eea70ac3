//! One commit, inside a transaction that is open: look for conflicts first, then write.
//!
//! The transaction is the only one that writes (`BEGIN IMMEDIATE`), so what was looked at can't change before it is
//! written: a conflict leaves nothing behind, and its neighbours in the same transaction never notice. Claims alone are looked
//! at by taking them, after everything else: a commit that finds one held gives back those it has taken.

use commerce_core::commit::{
    Append, Commit, CommitError, CommitId, Committed, Conflict, DocumentWrite, FieldValue, NewMessage,
};
use commerce_core::store::partition_of;
use commerce_core::stream::Position;
use commerce_core::{Host, Timestamp};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, ToSql, params};

use super::claims;
use super::statements::Statements;

/// Why a commit was not applied.
#[derive(Debug)]
pub(super) enum ApplyError {
    /// The commit is at fault, or was too late. Nothing was written.
    Answer(CommitError),
    /// SQLite failed. Something may have been written: roll back.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Conflict> for ApplyError {
    fn from(conflict: Conflict) -> Self {
        Self::Answer(CommitError::Conflict(conflict))
    }
}

/// What the look at the present state found, for the writes that follow.
struct Found {
    heads: Vec<u64>,
    documents: Vec<Option<FoundDocument>>,
}

struct FoundDocument {
    row: i64,
    fields: Vec<(String, FieldValue)>,
}

/// Applies a commit within the open transaction.
pub(super) fn apply(
    commit: &Commit,
    statements: &mut Statements<'_>,
    host: &dyn Host,
    partitions: u32,
) -> Result<Committed, ApplyError> {
    commit.check().map_err(ApplyError::Answer)?;
    let now = host.now();
    let id = commit.id.unwrap_or_else(|| CommitId(host.new_id()));
    let found = look(commit, id, statements, now)?;
    let position = write(commit, id, &found, statements, now, partitions)?;
    Ok(Committed { id, position, recorded_at: now })
}

/// Takes its claims as well, as the last thing that can conflict: to look at them first would be one look more.
fn look(
    commit: &Commit,
    id: CommitId,
    statements: &mut Statements<'_>,
    now: Timestamp,
) -> Result<Found, ApplyError> {
    if let Some(id) = commit.id
        && statements.commit_exists.exists([id.0])?
    {
        return Err(ApplyError::Answer(CommitError::Invalid(format!("commit id {id} was used already"))));
    }
    look_at_fences(commit, statements)?;
    look_at_required(commit, statements)?;
    let heads = look_at_streams(commit, statements)?;
    let documents = look_at_documents(commit, statements)?;
    if let Err(moved) = look_at_checkpoints(commit, statements) {
        // Claims come before: whether they are free is otherwise seen when they are taken.
        claims::look_at(commit, statements, now)?;
        return Err(moved);
    }
    claims::take(commit, id, statements, now)?;
    Ok(Found { heads, documents })
}

fn look_at_fences(commit: &Commit, statements: &mut Statements<'_>) -> Result<(), ApplyError> {
    for lease in &commit.fences {
        let token: Option<u64> =
            statements.lease_token.query_row([&lease.name], |row| row.get(0)).optional()?;
        if token != Some(lease.token) {
            return Err(Conflict::Fenced { name: lease.name.clone(), token: lease.token }.into());
        }
    }
    Ok(())
}

/// One that was applied earlier in the same transaction is found as well: should it be rolled back, so is this one.
fn look_at_required(commit: &Commit, statements: &mut Statements<'_>) -> Result<(), ApplyError> {
    for required in &commit.requires {
        if !statements.commit_exists.exists([required.0])? {
            return Err(Conflict::Required { commit: *required }.into());
        }
    }
    Ok(())
}

fn look_at_streams(commit: &Commit, statements: &mut Statements<'_>) -> Result<Vec<u64>, ApplyError> {
    let mut heads = Vec::with_capacity(commit.appends.len());
    for Append { stream, expected, .. } in &commit.appends {
        let head: Option<u64> = statements
            .head
            .query_row(params![commit.tenant.as_str(), stream.as_str()], |row| row.get(0))
            .optional()?;
        let actual = head.unwrap_or(0);
        if let commerce_core::commit::Expected::Version(version) = *expected
            && version != actual
        {
            return Err(Conflict::Stream { stream: stream.clone(), expected: version, actual }.into());
        }
        heads.push(actual);
    }
    Ok(heads)
}

fn look_at_documents(
    commit: &Commit,
    statements: &mut Statements<'_>,
) -> Result<Vec<Option<FoundDocument>>, ApplyError> {
    let mut found = Vec::with_capacity(commit.documents.len());
    for DocumentWrite { collection, id, expected, .. } in &commit.documents {
        let document = statements
            .find_document
            .query_row(params![commit.tenant.as_str(), collection, id], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, u64>(1)?, row.get::<_, Option<String>>(2)?))
            })
            .optional()?;
        let actual = document.as_ref().map_or(0, |(_, version, _)| *version);
        if let commerce_core::commit::Expected::Version(version) = *expected
            && version != actual
        {
            let (collection, id) = (collection.clone().into_owned(), id.clone());
            return Err(Conflict::Document { collection, id, expected: version, actual }.into());
        }
        found.push(document.map(|(row, _, fields)| FoundDocument { row, fields: read_fields(fields) }));
    }
    Ok(found)
}

fn look_at_checkpoints(commit: &Commit, statements: &mut Statements<'_>) -> Result<(), ApplyError> {
    for moved in &commit.checkpoints {
        let position: Option<Position> =
            statements.checkpoint.query_row([&moved.reader], |row| row.get(0)).optional()?;
        let actual = position.unwrap_or(0);
        if actual != moved.from {
            let reader = moved.reader.clone();
            return Err(Conflict::Checkpoint { reader, expected: moved.from, actual }.into());
        }
    }
    Ok(())
}

fn write(
    commit: &Commit,
    id: CommitId,
    found: &Found,
    statements: &mut Statements<'_>,
    now: Timestamp,
    partitions: u32,
) -> Result<Position, ApplyError> {
    let tenant = commit.tenant.as_str();
    let position = write_events(commit, id, &found.heads, statements)?;
    for (document, before) in commit.documents.iter().zip(&found.documents) {
        write_document(tenant, document, before.as_ref(), statements)?;
    }
    claims::release_and_retake(commit, id, statements, now)?;
    for moved in &commit.checkpoints {
        statements.move_checkpoint.execute(params![moved.reader, moved.to])?;
    }
    let messages = write_messages(commit, id, statements, now, partitions)?;
    let has_events = commit.appends.iter().any(|append| !append.events.is_empty());
    let metadata = serde_json::to_string(&commit.metadata).unwrap_or_default();
    // Also of a commit that changes nothing: others may ask for it, or require it.
    statements.insert_commit.execute(params![
        id.0,
        tenant,
        now.as_micros(),
        metadata,
        has_events,
        messages.scheduled,
        messages.last
    ])?;
    Ok(position)
}

fn write_events(
    commit: &Commit,
    id: CommitId,
    heads: &[u64],
    statements: &mut Statements<'_>,
) -> Result<Position, ApplyError> {
    let mut ordinal = 0_u16;
    let mut position = None;
    for (append, head) in commit.appends.iter().zip(heads) {
        for (version, event) in (head + 1..).zip(&append.events) {
            position = Some(statements.insert_event.insert(params![
                commit.tenant.as_str(),
                append.stream.as_str(),
                version,
                event.event_type,
                event.schema,
                event.payload,
                id.0,
                ordinal
            ])?);
            ordinal += 1;
        }
    }
    match position {
        Some(position) => Ok(Position::try_from(position).unwrap_or_default()),
        None => Ok(statements.last_event.query_row([], |row| row.get(0))?),
    }
}

fn write_document(
    tenant: &str,
    write: &DocumentWrite,
    before: Option<&FoundDocument>,
    statements: &mut Statements<'_>,
) -> Result<(), ApplyError> {
    let old = before.map_or(&[][..], |found| &found.fields);
    for (name, value) in old {
        if !write.fields.iter().any(|(other, new)| other == name && new == value) {
            let field = params![write.collection, name, Field(value), tenant, write.id];
            statements.delete_field.execute(field)?;
        }
    }
    for (name, value) in &write.fields {
        if !old.iter().any(|(other, known)| other == name && known == value) {
            let field = params![write.collection, name, Field(value), tenant, write.id];
            statements.insert_field.execute(field)?;
        }
    }
    match (&write.body, before) {
        (Some(body), Some(found)) => {
            statements.update_document.execute(params![write_fields(&write.fields), body, found.row])?
        }
        (Some(body), None) => statements.insert_document.execute(params![
            tenant,
            write.collection,
            write.id,
            write_fields(&write.fields),
            body
        ])?,
        (None, Some(found)) => statements.delete_document.execute([found.row])?,
        (None, None) => 0,
    };
    Ok(())
}

struct WrittenMessages {
    last: Option<i64>,
    scheduled: u32,
}

fn write_messages(
    commit: &Commit,
    id: CommitId,
    statements: &mut Statements<'_>,
    now: Timestamp,
    partitions: u32,
) -> Result<WrittenMessages, ApplyError> {
    let mut written = WrittenMessages { last: None, scheduled: 0 };
    let tenant = commit.tenant.as_str();
    for (ordinal, message) in (0_u16..).zip(&commit.messages) {
        let NewMessage { topic, key, message_type, payload, headers, not_before } = message;
        let partition = partition_of(key, partitions);
        let headers = (!headers.is_empty()).then(|| serde_json::to_string(headers).unwrap_or_default());
        match not_before.filter(|moment| *moment > now) {
            None => {
                let row =
                    params![partition, tenant, topic, key, message_type, headers, payload, id.0, ordinal];
                written.last = Some(statements.insert_message.insert(row)?);
            }
            Some(moment) => {
                statements.schedule_message.execute(params![
                    moment.as_micros(),
                    partition,
                    tenant,
                    topic,
                    key,
                    message_type,
                    headers,
                    payload,
                    id.0,
                    ordinal
                ])?;
                written.scheduled += 1;
            }
        }
    }
    Ok(written)
}

/// A field's value as SQLite sees it.
pub(super) struct Field<'a>(pub(super) &'a FieldValue);

impl ToSql for Field<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            FieldValue::Integer(value) => ValueRef::Integer(*value),
            FieldValue::Text(value) => ValueRef::Text(value.as_bytes()),
        }))
    }
}

/// A document's fields as they stand beside its body: `[["status","stuck"],["due",17]]`.
fn write_fields(fields: &[(std::borrow::Cow<'static, str>, FieldValue)]) -> Option<String> {
    let list: Vec<(&str, serde_json::Value)> = fields
        .iter()
        .map(|(name, value)| {
            let value = match value {
                FieldValue::Integer(number) => serde_json::Value::from(*number),
                FieldValue::Text(text) => serde_json::Value::from(text.as_str()),
            };
            (&**name, value)
        })
        .collect();
    (!list.is_empty()).then(|| serde_json::to_string(&list).unwrap_or_default())
}

fn read_fields(fields: Option<String>) -> Vec<(String, FieldValue)> {
    let Some(fields) = fields else { return Vec::new() };
    let list: Vec<(String, serde_json::Value)> = serde_json::from_str(&fields).unwrap_or_default();
    list.into_iter()
        .map(|(name, value)| match value {
            serde_json::Value::Number(number) => {
                (name, FieldValue::Integer(number.as_i64().unwrap_or_default()))
            }
            serde_json::Value::String(text) => (name, FieldValue::Text(text)),
            other => (name, FieldValue::Text(other.to_string())),
        })
        .collect()
}
