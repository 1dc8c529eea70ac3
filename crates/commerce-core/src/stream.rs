//! Streams of events.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::commit::CommitId;
use crate::context::Metadata;
use crate::id::Tenant;
use crate::time::Timestamp;

/// How many events a stream has, or how often a document was written. Zero: it does not exist.
pub type Version = u64;

/// A place in a log. Zero lies before the first entry. Positions rise, and may have gaps.
pub type Position = u64;

/// Names one stream within a tenant: `kind/id`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamId(Arc<str>);

/// How long a UUID is, as most ids are.
const UUID: usize = 36;

impl StreamId {
    /// The stream of an aggregate.
    pub fn of<A: Aggregate>(id: &A::Id) -> Self {
        Self::new(A::KIND, id)
    }

    /// The stream of a kind and an id.
    ///
    /// # Panics
    /// When the id can't be written down: two ids must not become one stream.
    pub fn new(kind: &str, id: impl fmt::Display) -> Self {
        let mut name = String::with_capacity(kind.len() + 1 + UUID);
        #[allow(clippy::expect_used)]
        write!(name, "{kind}/{id}").expect("an id can be written down");
        Self(name.into())
    }

    /// The kind alone.
    pub fn kind(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(kind, _)| kind)
    }

    /// The id alone.
    pub fn id(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, id)| id)
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for StreamId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event as the log keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedEvent {
    /// Its place in the store's log.
    pub position: Position,
    /// Whose event it is.
    pub tenant: Tenant,
    /// Its stream.
    pub stream: StreamId,
    /// Its place in the stream, from 1.
    pub version: Version,
    /// The type of event.
    pub event_type: Arc<str>,
    /// The schema version of the payload.
    pub schema: u32,
    /// The fields, as JSON.
    pub payload: Vec<u8>,
    /// Unique to the event.
    pub id: Uuid,
    /// The commit it was written by.
    pub commit: CommitId,
    /// When it was written, by the store's clock.
    pub recorded_at: Timestamp,
    /// Who, why, as part of what.
    pub metadata: Arc<Metadata>,
}

/// An event as a state is rebuilt from it, without what was recorded about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateEvent {
    /// Its place in the stream, from 1.
    pub version: Version,
    /// The type of event.
    pub event_type: Arc<str>,
    /// The schema version of the payload.
    pub schema: u32,
    /// The fields, as JSON.
    pub payload: Vec<u8>,
}

impl From<RecordedEvent> for StateEvent {
    fn from(event: RecordedEvent) -> Self {
        let RecordedEvent { version, event_type, schema, payload, .. } = event;
        Self { version, event_type, schema, payload }
    }
}
