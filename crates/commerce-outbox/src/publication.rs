//! Tells other services what has happened in one.
//!
//! A publication follows the event log of a service by a checkpoint, and writes each event as a message to the outbox of
//! the same store: a batch of messages and the checkpoint's move are one commit, so every event is published once, in
//! the order of its stream, and the commits that make events stay as small as they are.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::Timestamp;
use commerce_core::commit::{Commit, CommitError, NewMessage};
use commerce_core::event::Event;
use commerce_core::id::Tenant;
use commerce_core::store::{Store, StoreError};
use commerce_core::stream::{Position, RecordedEvent, Version};
use commerce_core::upcast::{self, Published};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::envelope::{CAUSATION_HEADER, CORRELATION_HEADER, ID_HEADER, TRACEPARENT_HEADER};
use crate::error::BusError;
use crate::health::Health;

/// So many events are published in one commit.
const BATCH: usize = 500;
/// So long a publication that is not woken waits before it looks again.
const LOOK: Duration = Duration::from_secs(1);
/// What may fail, and be tried again.
const PUBLISHING: &str = "publishing events";

/// An event as other services learn of it. The message's id is the event's, and its key the stream, so that whoever
/// listens takes each event in once and those of a stream in order. That holds across topics: a group that reads several to
/// which an event is published handles it in the one where it meets it first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PublishedEvent {
    /// Unique to the event.
    pub event_id: Uuid,
    /// The kind of aggregate: `order`.
    pub stream_kind: String,
    /// Which one.
    pub stream_id: String,
    /// The event's place in the stream, from 1.
    pub version: Version,
    /// The type of event: `OrderPlaced`.
    pub event_type: String,
    /// The schema version of its fields.
    pub schema: u32,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// Its fields.
    pub fields: Box<RawValue>,
}

impl PublishedEvent {
    /// Reads the event in today's shape, as its own service does.
    ///
    /// # Errors
    /// When its fields don't fit its type, an upcaster is missing, or its schema is newer than this program knows:
    /// [`StoreError::Damaged`]. It belongs with the dead letters until a program that is new enough replays it.
    pub fn decode<E: Event>(&self) -> Result<E, StoreError> {
        let Self { event_id, event_type, schema, fields, .. } = self;
        let fields = fields.get().as_bytes();
        upcast::decode_published(&Published { event_id: *event_id, event_type, schema: *schema, fields })
    }
}

/// Publishes the events of a service.
///
/// ```
/// # use std::sync::Arc;
/// # use commerce_core::commit::{Commit, Expected, NewEvent};
/// # use commerce_core::memory::MemoryStore;
/// # use commerce_core::store::Store;
/// # use commerce_core::stream::StreamId;
/// # use commerce_outbox::{Publication, SystemHost};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemHost)));
/// # let placed = NewEvent { event_type: "OrderPlaced".into(), schema: 1, payload: b"{}".to_vec() };
/// store.commit(Commit::new().append(StreamId::new("order", 7), Expected::ABSENT, vec![placed])).await?;
///
/// let publication = Publication::new(store.clone(), "order.events");
/// assert_eq!(publication.publish().await?, 1);
/// assert_eq!(publication.publish().await?, 0, "once is enough");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Publication {
    store: Arc<dyn Store>,
    topic: Cow<'static, str>,
    name: Option<Cow<'static, str>>,
    kinds: Option<Vec<&'static str>>,
    health: Health,
}

impl Publication {
    /// Publishes what is written to this store, to this topic. How far it has come is kept under the topic's name: two
    /// publications of one store to one topic need [names](Self::name) of their own.
    ///
    /// An event is the same message in every topic to which it is published, so that no group handles it in two. Let what is
    /// to be done in each be done by a group of its own, or give the publications different [kinds](Self::kinds).
    pub fn new(store: Arc<dyn Store>, topic: impl Into<Cow<'static, str>>) -> Self {
        Self { store, topic: topic.into(), name: None, kinds: None, health: Health::new() }
    }

    /// Keeps how far it has come under this name instead of the topic's. Under a new name it publishes all events, from the
    /// first one.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Only events of these kinds of aggregates. Others are passed over for good: a kind that is added later is published
    /// from then on.
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = &'static str>) -> Self {
        self.kinds = Some(kinds.into_iter().collect());
        self
    }

    /// Tells this handle how it is getting on while it [`run`](Self::run)s.
    pub fn report_to(mut self, health: &Health) -> Self {
        self.health = health.clone();
        self
    }

    /// How far it has come in the event log; zero if it never ran.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn position(&self) -> Result<Position, StoreError> {
        self.store.checkpoint(&self.reader()).await
    }

    /// Publishes what was not yet. Answers how many events that were.
    ///
    /// # Errors
    /// When the store can't be read or written, or holds an event that is not JSON. What is published stays so.
    pub async fn publish(&self) -> Result<usize, BusError> {
        let mut published = 0;
        loop {
            let mut stands = self.position().await?;
            let events = self.store.read_log(stands, BATCH).await?;
            for run in events.chunk_by(|one, other| one.tenant == other.tenant) {
                match self.publish_run(&mut stands, run).await? {
                    Some(count) => published += count,
                    None => break,
                }
            }
            if events.last().is_none_or(|last| last.position == stands) && events.len() < BATCH {
                return Ok(published);
            }
        }
    }

    /// Publishes until `shutdown`, at once when something is written in this process, and else within a second. A store
    /// that is out of reach is waited for.
    ///
    /// # Errors
    /// When the log holds an event that is not JSON.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), BusError> {
        self.health.watch(self.follow(shutdown)).await
    }

    async fn follow(&self, shutdown: CancellationToken) -> Result<(), BusError> {
        while !shutdown.is_cancelled() {
            let change = self.store.changes().listen_for_events();
            let published = self.publish().await;
            self.health.note(PUBLISHING, &published);
            match published {
                Ok(_) => {}
                Err(BusError::Unavailable { source }) => {
                    warn!(topic = %self.topic, error = %source, "events can't be published now");
                }
                Err(damaged) => return Err(damaged),
            }
            let woken = tokio::time::timeout(LOOK, change);
            tokio::select! {
                _ = woken => {}
                () = shutdown.cancelled() => {}
            }
        }
        Ok(())
    }

    fn reader(&self) -> String {
        format!("publication/{}", self.name.as_ref().unwrap_or(&self.topic))
    }

    /// One tenant's events, as a commit is one tenant's; all that follow what was published last, which the run ends then.
    /// Another process that publishes the same log may be faster: nothing of this is written then, nor may what comes
    /// behind it be.
    async fn publish_run(
        &self,
        stands: &mut Position,
        run: &[RecordedEvent],
    ) -> Result<Option<usize>, BusError> {
        let Some(last) = run.last() else { return Ok(Some(0)) };
        let wanted = run.iter().filter(|event| self.wants(event));
        let messages = wanted.map(|event| self.message(event)).collect::<Result<Vec<_>, _>>()?;
        let count = messages.len();
        let commit = Commit { tenant: tenant_of(run), messages, ..Commit::new() };
        match self.store.commit(commit.checkpoint(self.reader(), *stands, last.position)).await {
            Ok(_) => {
                *stands = last.position;
                Ok(Some(count))
            }
            Err(CommitError::Conflict(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn wants(&self, event: &RecordedEvent) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.stream.kind()))
    }

    fn message(&self, event: &RecordedEvent) -> Result<NewMessage, BusError> {
        let damaged = |source: serde_json::Error| BusError::Damaged {
            at: format!("event {} of stream {}", event.version, event.stream),
            source: source.into(),
        };
        let body = PublishedEvent {
            event_id: event.id,
            stream_kind: event.stream.kind().to_owned(),
            stream_id: event.stream.id().to_owned(),
            version: event.version,
            event_type: event.event_type.to_string(),
            schema: event.schema,
            recorded_at: event.recorded_at,
            fields: serde_json::from_slice(&event.payload).map_err(damaged)?,
        };
        let payload = serde_json::to_vec(&body).map_err(damaged)?;
        let message = NewMessage::new(self.topic.clone(), event.stream.as_str())
            .of_type(format!("{}.{}", body.stream_kind, body.event_type))
            .payload(payload)
            .header(ID_HEADER, event.id.to_string())
            .header(CAUSATION_HEADER, event.id.to_string())
            .header(CORRELATION_HEADER, event.metadata.correlation.to_string());
        Ok(match &event.metadata.traceparent {
            Some(traceparent) => message.header(TRACEPARENT_HEADER, traceparent.to_string()),
            None => message,
        })
    }
}

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publication")
            .field("topic", &self.topic)
            .field("name", &self.name)
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}

fn tenant_of(run: &[RecordedEvent]) -> Tenant {
    run.first().map(|event| event.tenant.clone()).unwrap_or_default()
}
