//! The store itself as the bus: a consumer group is a cursor over the outbox log.
//!
//! A group shares the partitions of a log by lease: each member holds its fair share, and takes over what a dead
//! member no longer prolongs. The cursor is the position up to which everything is done; it moves now and then, and
//! messages beyond it come again after a crash. A second mark says up to where messages were *taken*. It is written
//! before they are handed out, a stretch ahead, and moved on when half of it is used, so that messages seldom wait for it.
//! How long the stretch is depends on how many messages a member takes at a time.
//! Whatever lies between cursor and mark when a partition changes hands may have killed its worker, and is delivered as such.
//! Whatever lies beyond the cursor by then may have been done behind a message that was not, and is delivered as such.

mod asked;
mod feed;
mod leaving;
mod member;
mod partition;
mod word;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::Host;
use commerce_core::commit::{Commit, NewMessage};
use commerce_core::context::Metadata;
use commerce_core::store::Store;

use super::{Bus, Subscription};
use crate::envelope::{Envelope, ID_HEADER, SOURCE_HEADER};
use crate::error::BusError;
use member::Member;
pub(crate) use partition::cursor_name;

/// So long a lease lasts at least and at most: a shorter one would be asked for without end, and no clock need know when a
/// longer one ends.
const LEASE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(24 * 60 * 60));
/// So long readers wait at least and at most before they look again, for the same reasons.
const POLL: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(24 * 60 * 60));

/// How a [`StoreBus`] works. What lies outside the bounds that are given here counts as the nearest value within.
#[derive(Clone, Copy, Debug)]
pub struct StoreBusOptions {
    /// How long a member may be silent before others take its partitions: a tenth of a second up to a day.
    pub lease: Duration,
    /// How often readers look for messages that no one woke them for: every five milliseconds up to once a day.
    pub poll: Duration,
    /// How many messages of a partition may be handed out and not done: one at least. Beyond the first of them at most 64 times
    /// as many are read, though those may be done: that is what comes again when the partition changes hands. A consumer asks
    /// its store whether they are, and handles only what is not.
    pub window: usize,
}

impl StoreBusOptions {
    fn within_bounds(self) -> Self {
        Self {
            lease: self.lease.clamp(LEASE.0, LEASE.1),
            poll: self.poll.clamp(POLL.0, POLL.1),
            window: self.window.max(1),
        }
    }
}

impl Default for StoreBusOptions {
    fn default() -> Self {
        Self { lease: Duration::from_secs(10), poll: Duration::from_secs(1), window: 4_096 }
    }
}

/// Reads the outbox logs of one or more services' stores.
#[derive(Clone)]
pub struct StoreBus {
    sources: Vec<Source>,
    host: Arc<dyn Host>,
    options: StoreBusOptions,
    marks: bool,
}

#[derive(Clone)]
struct Source {
    name: Arc<str>,
    store: Arc<dyn Store>,
}

impl StoreBus {
    /// A bus without sources.
    pub fn new(host: Arc<dyn Host>) -> Self {
        Self { sources: Vec::new(), host, options: StoreBusOptions::default(), marks: true }
    }

    /// Also carries what this service writes to its outbox. The name becomes the messages' `source`.
    pub fn source(mut self, name: &str, store: Arc<dyn Store>) -> Self {
        self.sources.push(Source { name: name.into(), store });
        self
    }

    /// Does without the mark of what was taken: for those who may be given a message again and need not know of it.
    pub(crate) fn without_marks(self) -> Self {
        Self { marks: false, ..self }
    }

    /// With these options.
    pub fn options(mut self, options: StoreBusOptions) -> Self {
        self.options = options.within_bounds();
        self
    }
}

impl fmt::Debug for StoreBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources: Vec<_> = self.sources.iter().map(|source| &source.name).collect();
        f.debug_struct("StoreBus")
            .field("sources", &sources)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Bus for StoreBus {
    /// Into the outbox log of the first source.
    async fn publish(&self, messages: &[Envelope]) -> Vec<Result<(), BusError>> {
        let Some(source) = self.sources.first() else {
            return messages.iter().map(|_| Err(no_source())).collect();
        };
        let commits = messages.iter().map(|envelope| {
            let message = NewMessage::new(envelope.topic.to_string(), envelope.key.to_string())
                .of_type(envelope.message_type.to_string())
                .payload(envelope.payload())
                .header(ID_HEADER, envelope.id.to_string())
                .header(SOURCE_HEADER, envelope.source.to_string());
            let headers = envelope.headers.iter();
            let message = headers.fold(message, |m, (name, value)| m.header(name.clone(), value.clone()));
            source.store.commit(Commit {
                tenant: envelope.tenant.clone(),
                metadata: metadata(envelope),
                messages: vec![message],
                ..Commit::default()
            })
        });
        let commits: Vec<_> = commits.collect();
        let mut results = Vec::with_capacity(commits.len());
        for commit in commits {
            results.push(commit.await.map(|_| ()).map_err(BusError::from));
        }
        results
    }

    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>, BusError> {
        Ok(Box::new(Member::new(group, topics, self)))
    }
}

fn metadata(envelope: &Envelope) -> Metadata {
    Metadata {
        actor: envelope.source.clone(),
        correlation: envelope.correlation,
        causation: envelope.causation,
        traceparent: envelope.traceparent.clone(),
    }
}

fn no_source() -> BusError {
    BusError::Unavailable { source: "the bus has no store to publish to".into() }
}
