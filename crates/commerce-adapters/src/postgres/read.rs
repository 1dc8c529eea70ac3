//! Reads.
//!
//! A log is read only as far as no transaction under way can still write: a position begins with its transaction's id, so
//! everything below the oldest that is under way is final, and a reader never steps over what commits late.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::Timestamp;
use commerce_core::commit::CommitId;
use commerce_core::context::Metadata;
use commerce_core::id::Tenant;
use commerce_core::store::{MessageBatch, ReadMessages, RecordedMessage, StoreError};
use commerce_core::stream::{Position, RecordedEvent, StreamId};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, Row};
use uuid::Uuid;

use super::database::{Database, Text};
use super::error::store_error;
use super::layout::{clamp, number};
use super::statement::BITS;

/// How long to wait, at first and at most, before it is asked again whether an older transaction has ended.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// The texts of all reads of one schema.
pub(super) struct Reads {
    database: Database,
    log: Text,
    messages: MessageTexts,
    last_message: Text,
    newest: Text,
    oldest: Text,
    checkpoint: Text,
    now: Text,
}

/// The texts that read messages. Where all topics are wanted, what is found says how far the log was read; only a reader of
/// some topics must be told. One partition, as a relay often asks for, needs no arrays.
struct MessageTexts {
    of_topics: Text,
    of_all_topics: Text,
    of_one_partition: Text,
}

impl MessageTexts {
    fn new(schema: &str, oldest: &str) -> Self {
        let columns = "position, recorded_at, id, tenant, topic, key, type, headers, metadata, payload";
        let wanted = "(SELECT unnest($1::int4[]) AS partition, unnest($2::int8[]) AS after, unnest($3::int8[]) AS wanted,
                              generate_subscripts($3::int8[], 1) AS number) w";
        // Of each partition there is always a row: it tells how far the log was looked at, also if nothing was found.
        // OFFSET 0 has that looked up once a partition: the planner would rather do it again for each message.
        let of_topics = format!(
            "SELECT m.*, w.number, last.position
             FROM {wanted}
             CROSS JOIN LATERAL (
               SELECT coalesce((SELECT position FROM {schema}.commerce_messages
                 WHERE partition = w.partition AND position > w.after AND position < {oldest}
                 ORDER BY position DESC LIMIT 1), w.after) AS position OFFSET 0) last
             LEFT JOIN LATERAL (
               SELECT {columns} FROM {schema}.commerce_messages m
               WHERE m.partition = w.partition AND m.position > w.after AND m.position <= last.position
                 AND topic = ANY ($4::text[])
               ORDER BY m.position LIMIT w.wanted) m ON true
             ORDER BY w.number, m.position"
        );
        let of_all_topics = format!(
            "SELECT m.*, w.number
             FROM {wanted}
             CROSS JOIN LATERAL (
               SELECT {columns} FROM {schema}.commerce_messages m
               WHERE m.partition = w.partition AND m.position > w.after AND m.position < {oldest}
               ORDER BY m.position LIMIT w.wanted) m
             ORDER BY w.number, m.position"
        );
        let of_one_partition = format!(
            "SELECT {columns}, 1 AS number FROM {schema}.commerce_messages
             WHERE partition = $1 AND position > $2 AND position < {oldest}
             ORDER BY position LIMIT $3"
        );
        Self {
            of_topics: of_topics.into(),
            of_all_topics: of_all_topics.into(),
            of_one_partition: of_one_partition.into(),
        }
    }
}

impl Reads {
    pub(super) fn new(database: Database, schema: &str, xid_offset: i64, partitions: u32) -> Self {
        let oldest =
            format!("(pg_snapshot_xmin(pg_current_snapshot())::text::int8 + {xid_offset}) << {BITS}");
        let messages = MessageTexts::new(schema, &oldest);
        // What a page begins with may belong to a commit whose first event is on the page before.
        let metadata = format!(
            "CASE WHEN e.ordinal > 0
               AND e.position = (SELECT position FROM {schema}.commerce_events
                                 WHERE position > $1 ORDER BY position LIMIT 1)
             THEN (SELECT f.metadata FROM {schema}.commerce_events f WHERE f.position = e.position - e.ordinal)
             ELSE e.metadata END"
        );
        let log = format!(
            "SELECT {}, e.tenant, e.stream
             FROM (SELECT * FROM {schema}.commerce_events
                   WHERE position > $1 AND position < {oldest} ORDER BY position LIMIT $2) e
             ORDER BY e.position",
            event_with(&metadata)
        );
        let last_message = format!(
            "(SELECT max(m.position) FROM generate_series(0, {partitions} - 1) p,
                LATERAL (SELECT position FROM {schema}.commerce_messages
                         WHERE partition = p ORDER BY position DESC LIMIT 1) m),
             (SELECT value FROM {schema}.commerce_settings WHERE name = 'pruned_to')"
        );
        Self {
            log: log.into(),
            messages,
            last_message: format!("SELECT greatest({last_message}, 0)").into(),
            newest: format!(
                "SELECT greatest((SELECT max(position) FROM {schema}.commerce_events), {last_message}, 0)"
            )
            .into(),
            oldest: format!("SELECT {oldest}").into(),
            checkpoint: format!("SELECT position FROM {schema}.commerce_checkpoints WHERE reader = $1")
                .into(),
            now: "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8".into(),
            database,
        }
    }

    pub(super) async fn log(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        let mut commits = LastCommit::default();
        let mut last_tenant = None;
        let bind = |to: &mut PgArguments| {
            to.add(clamp(after))?;
            to.add(clamp(limit as u64))
        };
        let read = |row: PgRow| {
            event(&row, &mut commits, |row| {
                let tenant = tenant(row.try_get_unchecked(9)?, &mut last_tenant);
                Ok((tenant, StreamId::from(row.try_get_unchecked::<&str, _>(10)?)))
            })
        };
        self.database.read(&self.log, &bind, read).await
    }

    /// Messages of several partitions, all of the topics of the first request.
    pub(super) async fn messages(
        &self,
        requests: &[ReadMessages<'_>],
    ) -> Result<Vec<MessageBatch>, StoreError> {
        let Some(first) = requests.first() else { return Ok(Vec::new()) };
        let partitions: Vec<i32> = requests.iter().map(|of| number(of.partition as usize)).collect();
        let after: Vec<i64> = requests.iter().map(|of| clamp(of.after)).collect();
        let wanted: Vec<i64> = requests.iter().map(|of| clamp(of.limit as u64)).collect();
        let of_topics = !first.topics.is_empty();
        let text = match requests {
            _ if of_topics => &self.messages.of_topics,
            [_] => &self.messages.of_one_partition,
            _ => &self.messages.of_all_topics,
        };
        let bind = |to: &mut PgArguments| match requests {
            [_] if !of_topics => {
                to.add(partitions[0])?;
                to.add(after[0])?;
                to.add(wanted[0])
            }
            _ => {
                to.add(&partitions[..])?;
                to.add(&after[..])?;
                to.add(&wanted[..])?;
                if of_topics { to.add(first.topics) } else { Ok(()) }
            }
        };
        let mut last = LastMessage::default();
        let read = |row: PgRow| {
            let number = usize::try_from(row.try_get_unchecked::<i32, _>(10)? - 1).unwrap_or_default();
            let looked_up_to = if of_topics { position_of(row.try_get_unchecked(11)?) } else { 0 };
            let is_there = row.try_get_unchecked::<Option<i64>, _>(0)?.is_some();
            Ok((number, looked_up_to, is_there.then(|| last.read(&row)).transpose()?))
        };
        let found = self.database.read(text, &bind, read).await?;
        let mut batches: Vec<_> =
            requests.iter().map(|of| MessageBatch { messages: Vec::new(), next: of.after }).collect();
        for (number, looked_up_to, message) in found {
            let Some(batch) = batches.get_mut(number) else { continue };
            let position = message.as_ref().map_or(0, |message| message.position);
            batch.next = batch.next.max(looked_up_to).max(position);
            batch.messages.extend(message);
        }
        for (batch, of) in batches.iter_mut().zip(requests) {
            // Where the limit ended it, there may be more.
            if batch.messages.len() >= of.limit {
                batch.next = batch.messages.last().map_or(of.after, |last| last.position);
            }
        }
        Ok(batches)
    }

    pub(super) async fn last_message(&self) -> Result<Position, StoreError> {
        self.number(&self.last_message).await
    }

    /// Waits until readers of the logs can see what is in them now.
    pub(super) async fn caught_up(&self) -> Result<(), StoreError> {
        let newest = self.number(&self.newest).await?;
        let mut pause = LOOK_AGAIN.0;
        while self.number(&self.oldest).await? <= newest {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_AGAIN.1);
        }
        Ok(())
    }

    async fn number(&self, text: &Text) -> Result<Position, StoreError> {
        let rows = self.database.rows(text, &|_| Ok(())).await?;
        Ok(self.read_one(&rows)?.map_or(0, position_of))
    }

    pub(super) async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError> {
        let rows = self.database.rows(&self.checkpoint, &|to| to.add(reader)).await?;
        Ok(self.read_one(&rows)?.map_or(0, position_of))
    }

    pub(super) async fn now(&self) -> Result<Timestamp, StoreError> {
        let rows = self.database.rows(&self.now, &|_| Ok(())).await?;
        Ok(Timestamp::from_micros(self.read_one(&rows)?.unwrap_or_default()))
    }

    /// The first column of the first row.
    fn read_one<T>(&self, rows: &[PgRow]) -> Result<Option<T>, StoreError>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        self.read(rows.first().map(|row| row.try_get(0)).into_iter()).map(|mut found: Vec<T>| found.pop())
    }

    fn read<T, C: FromIterator<T>>(
        &self,
        rows: impl Iterator<Item = Result<T, sqlx::Error>>,
    ) -> Result<C, StoreError> {
        rows.collect::<Result<C, sqlx::Error>>()
            .map_err(|error| store_error(&self.database.address().at, error))
    }
}

/// The columns of an event, and by which expression its commit's metadata is found, unless it follows another of that commit:
/// positions of a commit follow the ordinals of its events, and only the first has it.
pub(super) fn event_with(metadata: &str) -> String {
    format!("e.position, e.version, e.at, e.commit_id, e.schema, e.ordinal, e.type, e.json, {metadata}")
}

pub(super) fn event(
    row: &PgRow,
    commits: &mut LastCommit,
    whose: impl FnOnce(&PgRow) -> Result<(Tenant, StreamId), sqlx::Error>,
) -> Result<RecordedEvent, sqlx::Error> {
    let (tenant, stream) = whose(row)?;
    let commit = CommitId(row.try_get_unchecked(3)?);
    Ok(RecordedEvent {
        position: position_of(row.try_get_unchecked(0)?),
        tenant,
        stream,
        version: position_of(row.try_get_unchecked(1)?),
        recorded_at: Timestamp::from_micros(row.try_get_unchecked(2)?),
        id: commit.event_id(u16::try_from(row.try_get_unchecked::<i32, _>(5)?).unwrap_or_default()),
        commit,
        schema: u32::try_from(row.try_get_unchecked::<i32, _>(4)?).unwrap_or_default(),
        event_type: same(row.try_get_unchecked(6)?, &mut commits.event_type),
        payload: row.try_get_unchecked(7)?,
        metadata: commits.metadata(commit, row)?,
    })
}

/// Neighbouring messages often have the same topic, type and metadata: these are read once.
#[derive(Default)]
struct LastMessage {
    tenant: Option<Tenant>,
    topic: Option<Arc<str>>,
    message_type: Option<Arc<str>>,
    metadata: Option<(String, Arc<Metadata>)>,
}

impl LastMessage {
    fn read(&mut self, row: &PgRow) -> Result<RecordedMessage, sqlx::Error> {
        let headers: Option<&str> = row.try_get_unchecked(7)?;
        Ok(RecordedMessage {
            position: position_of(row.try_get_unchecked(0)?),
            recorded_at: Timestamp::from_micros(row.try_get_unchecked(1)?),
            id: row.try_get_unchecked::<Uuid, _>(2)?,
            tenant: tenant(row.try_get_unchecked(3)?, &mut self.tenant),
            topic: same(row.try_get_unchecked(4)?, &mut self.topic),
            key: row.try_get_unchecked::<&str, _>(5)?.into(),
            message_type: same(row.try_get_unchecked(6)?, &mut self.message_type),
            headers: headers.map(json).transpose()?.unwrap_or_default(),
            metadata: self.metadata(row.try_get_unchecked(8)?)?,
            payload: row.try_get_unchecked(9)?,
        })
    }

    fn metadata(&mut self, text: &str) -> Result<Arc<Metadata>, sqlx::Error> {
        if let Some((last, metadata)) = &self.metadata
            && last == text
        {
            return Ok(metadata.clone());
        }
        let metadata: Arc<Metadata> = Arc::new(json(text)?);
        self.metadata = Some((text.to_owned(), metadata.clone()));
        Ok(metadata)
    }
}

pub(super) fn same(text: &str, last: &mut Option<Arc<str>>) -> Arc<str> {
    match last {
        Some(last) if &**last == text => last.clone(),
        _ => last.insert(text.into()).clone(),
    }
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))
}

pub(super) fn position_of(number: i64) -> Position {
    Position::try_from(number).unwrap_or_default()
}

/// Most rows are of one tenant: its name is kept once.
pub(super) fn tenant(name: &str, last: &mut Option<Tenant>) -> Tenant {
    match last {
        Some(tenant) if tenant.as_str() == name => tenant.clone(),
        _ if name == Tenant::default().as_str() => Tenant::default(),
        _ => last.insert(Tenant::new(name)).clone(),
    }
}

/// Neighbouring rows often belong to one commit: its metadata is read once.
#[derive(Default)]
pub(super) struct LastCommit {
    commit: Option<(CommitId, Arc<Metadata>)>,
    pub(super) event_type: Option<Arc<str>>,
}

impl LastCommit {
    fn metadata(&mut self, commit: CommitId, row: &PgRow) -> Result<Arc<Metadata>, sqlx::Error> {
        if let Some((last, metadata)) = &self.commit
            && *last == commit
        {
            return Ok(metadata.clone());
        }
        let metadata: Option<Metadata> =
            row.try_get_unchecked::<Option<&str>, _>(8)?.map(json).transpose()?;
        let metadata = Arc::new(metadata.unwrap_or_default());
        self.commit = Some((commit, metadata.clone()));
        Ok(metadata)
    }
}
