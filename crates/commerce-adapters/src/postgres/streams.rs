//! Reading streams.

use std::marker::PhantomData;

use commerce_core::id::Tenant;
use commerce_core::store::StoreError;
use commerce_core::stream::{RecordedEvent, StateEvent, StreamId, Version};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, Row};
use uuid::Uuid;

use super::database::{Database, Text};
use super::layout::clamp;
use super::read::{LastCommit, event, event_with, position_of, same};
use super::stream_key::stream_key;
use super::together::{Lookup, Together};

/// Reads streams of one schema.
pub(super) struct Streams {
    recorded: Together<StreamLookup<RecordedEvent>>,
    for_state: Together<StreamLookup<StateEvent>>,
}

/// How much of its events is read of a stream.
trait StreamEvent: Sized + Send + Sync + 'static {
    /// How many columns it is read from. Behind them stands the number of its question.
    const COLUMNS: usize;

    /// The columns of an event `e`, and what is joined for them.
    fn columns(schema: &str) -> (String, String);

    fn read(row: &PgRow, of: &Question, last: &mut LastCommit) -> Result<Self, sqlx::Error>;

    fn version(&self) -> Version;
}

struct StreamLookup<E> {
    database: Database,
    text: Text,
    events: PhantomData<E>,
}

struct Question {
    tenant: Tenant,
    stream: StreamId,
    after: Version,
    limit: usize,
}

impl Streams {
    pub(super) fn new(database: Database, schema: &str) -> Self {
        Self {
            recorded: Together::new(StreamLookup::new(database.clone(), schema)),
            for_state: Together::new(StreamLookup::new(database, schema)),
        }
    }

    pub(super) async fn read(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.recorded.ask(Question { tenant: tenant.clone(), stream: stream.clone(), after, limit }).await
    }

    pub(super) async fn read_for_state(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<StateEvent>, StoreError> {
        self.for_state.ask(Question { tenant: tenant.clone(), stream: stream.clone(), after, limit }).await
    }
}

impl<E: StreamEvent> StreamLookup<E> {
    fn new(database: Database, schema: &str) -> Self {
        let (columns, joined) = E::columns(schema);
        // No order is asked for, so that nothing is sorted: connections join by nested loops alone (see `super::connect`), and
        // these keep to the order of the questions and of the index.
        let text = format!(
            "SELECT {columns}, w.number
             FROM (SELECT unnest($1::uuid[]) AS key, unnest($2::int8[]) AS after, unnest($3::int8[]) AS wanted,
                          generate_subscripts($3, 1) AS number) w
             CROSS JOIN LATERAL (
               SELECT * FROM {schema}.commerce_events e
               WHERE e.stream_key = w.key AND e.version > w.after
               ORDER BY e.version LIMIT w.wanted) e {joined}"
        );
        Self { database, text: text.into(), events: PhantomData }
    }
}

impl<E: StreamEvent> Lookup for StreamLookup<E> {
    type Question = Question;
    type Answer = Vec<E>;

    fn database(&self) -> &Database {
        &self.database
    }

    async fn ask(&self, questions: &[Question]) -> Result<Vec<Vec<E>>, StoreError> {
        let key = |of: &Question| stream_key(of.tenant.as_str(), &of.stream);
        let keys: Vec<Uuid> = questions.iter().map(key).collect();
        let after: Vec<i64> = questions.iter().map(|of| clamp(of.after)).collect();
        let wanted: Vec<i64> = questions.iter().map(|of| clamp(of.limit as u64)).collect();
        let mut last = LastCommit::default();
        let bind = |to: &mut PgArguments| {
            to.add(&keys[..])?;
            to.add(&after[..])?;
            to.add(&wanted[..])
        };
        let read = |row: PgRow| {
            let number =
                usize::try_from(row.try_get_unchecked::<i32, _>(E::COLUMNS)? - 1).unwrap_or_default();
            let of = questions.get(number).ok_or(sqlx::Error::RowNotFound)?;
            Ok((number, E::read(&row, of, &mut last)?))
        };
        let events = self.database.read(&self.text, &bind, read).await?;
        let mut found: Vec<Vec<E>> = questions.iter().map(|_| Vec::new()).collect();
        for (number, event) in events {
            found[number].push(event);
        }
        // Only where something between here and the server has undone the connection's settings.
        for events in found.iter_mut().filter(|events| !events.is_sorted_by_key(E::version)) {
            events.sort_by_key(E::version);
        }
        Ok(found)
    }
}

impl StreamEvent for RecordedEvent {
    const COLUMNS: usize = 9;

    fn columns(schema: &str) -> (String, String) {
        let joined = format!(
            "LEFT JOIN {schema}.commerce_events f
               ON f.position = CASE WHEN e.ordinal > 0 THEN e.position - e.ordinal END"
        );
        (event_with("coalesce(e.metadata, f.metadata)"), joined)
    }

    fn read(row: &PgRow, of: &Question, last: &mut LastCommit) -> Result<Self, sqlx::Error> {
        event(row, last, |_| Ok((of.tenant.clone(), of.stream.clone())))
    }

    fn version(&self) -> Version {
        self.version
    }
}

impl StreamEvent for StateEvent {
    const COLUMNS: usize = 4;

    fn columns(_: &str) -> (String, String) {
        ("e.version, e.schema, e.type, e.json".to_owned(), String::new())
    }

    fn read(row: &PgRow, _: &Question, last: &mut LastCommit) -> Result<Self, sqlx::Error> {
        Ok(Self {
            version: position_of(row.try_get_unchecked(0)?),
            schema: u32::try_from(row.try_get_unchecked::<i32, _>(1)?).unwrap_or_default(),
            event_type: same(row.try_get_unchecked(2)?, &mut last.event_type),
            payload: row.try_get_unchecked(3)?,
        })
    }

    fn version(&self) -> Version {
        self.version
    }
}
