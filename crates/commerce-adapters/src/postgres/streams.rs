//! Reading streams.

use commerce_core::id::Tenant;
use commerce_core::store::StoreError;
use commerce_core::stream::{RecordedEvent, StreamId, Version};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, Row};

use super::database::{Database, Text};
use super::layout::clamp;
use super::read::{LastCommit, event, event_with};
use super::together::{Lookup, Together};

/// Reads streams of one schema.
pub(super) struct Streams(Together<StreamLookup>);

struct StreamLookup {
    database: Database,
    text: Text,
}

struct Question {
    tenant: Tenant,
    stream: StreamId,
    after: Version,
    limit: usize,
}

impl Streams {
    pub(super) fn new(database: Database, schema: &str) -> Self {
        let text = format!(
            "SELECT {}, w.number
             FROM (SELECT unnest($1::text[]) AS tenant, unnest($2::text[]) AS stream, unnest($3::int8[]) AS after,
                          unnest($4::int8[]) AS wanted, generate_subscripts($4, 1) AS number) w
             CROSS JOIN LATERAL (
               SELECT * FROM {schema}.commerce_events e
               WHERE e.stream = w.stream AND e.tenant = w.tenant AND e.version > w.after
               ORDER BY e.version LIMIT w.wanted) e
             LEFT JOIN {schema}.commerce_events f
               ON f.position = CASE WHEN e.ordinal > 0 THEN e.position - e.ordinal END
             ORDER BY w.number, e.version",
            event_with("coalesce(e.metadata, f.metadata)")
        );
        Self(Together::new(StreamLookup { database, text: text.into() }))
    }

    pub(super) async fn read(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.0.ask(Question { tenant: tenant.clone(), stream: stream.clone(), after, limit }).await
    }
}

impl Lookup for StreamLookup {
    type Question = Question;
    type Answer = Vec<RecordedEvent>;

    fn database(&self) -> &Database {
        &self.database
    }

    async fn ask(&self, questions: &[Question]) -> Result<Vec<Vec<RecordedEvent>>, StoreError> {
        let tenants: Vec<&str> = questions.iter().map(|of| of.tenant.as_str()).collect();
        let streams: Vec<&str> = questions.iter().map(|of| of.stream.as_str()).collect();
        let after: Vec<i64> = questions.iter().map(|of| clamp(of.after)).collect();
        let wanted: Vec<i64> = questions.iter().map(|of| clamp(of.limit as u64)).collect();
        let mut commits = LastCommit::default();
        let bind = |to: &mut PgArguments| {
            to.add(&tenants[..])?;
            to.add(&streams[..])?;
            to.add(&after[..])?;
            to.add(&wanted[..])
        };
        let read = |row: PgRow| {
            let number = usize::try_from(row.try_get::<i32, _>(9)? - 1).unwrap_or_default();
            let of = questions.get(number).ok_or(sqlx::Error::RowNotFound)?;
            Ok((number, event(&row, &mut commits, |_| Ok((of.tenant.clone(), of.stream.clone())))?))
        };
        let events = self.database.read(&self.text, &bind, read).await?;
        let mut found: Vec<Vec<RecordedEvent>> = questions.iter().map(|_| Vec::new()).collect();
        for (number, event) in events {
            found[number].push(event);
        }
        Ok(found)
    }
}
