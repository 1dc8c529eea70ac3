//! The port that every store implements: one write, and the reads around it.

mod changes;
mod error;
mod query;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use changes::{ChangeListener, Changes, News};
pub use error::StoreError;
pub use query::{Condition, Order, Query};

use crate::commit::{Commit, CommitError, CommitId, Committed};
use crate::context::Metadata;
use crate::id::Tenant;
use crate::stream::{Position, RecordedEvent, StateEvent, StreamId, Version};
use crate::time::Timestamp;

/// The answer to a commit. It need not be polled for the commit to happen.
pub type CommitFuture = Pin<Box<dyn Future<Output = Result<Committed, CommitError>> + Send>>;

/// A place where commits are kept.
///
/// The conformance suite (`commerce_core::testing::conformance`, feature `testing`) states in full what each method
/// must do; memory and every adapter run it.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Applies a commit as a whole or not at all. Once the future answers `Ok`, it is durable (unless it is
    /// [`relaxed`](Commit::relaxed)).
    ///
    /// The commit is handed over by the call itself, not by polling: commits are applied as if in the order of the
    /// calls, and a caller that drops the future neither cancels nor halves the commit. What a commit expects is compared
    /// with what the commits before it have left, whether or not these are durable yet; what it requires is fulfilled
    /// by any of them that was applied. Its own `Ok` says that those it builds on are durable too. In the logs, events of
    /// one stream and messages of one key are in the order of the calls, and what was answered lies before what is handed
    /// over afterwards; commits that are under way at once and share nothing may lie either way.
    ///
    /// Looked at in this order, the first fault or conflict being answered: whether it is valid, whether its id is
    /// free, fences, required commits, streams (also those without events), documents, claims, checkpoints (also
    /// those that stay where they are).
    ///
    /// # Errors
    /// The future's: nothing is written, save that after [`CommitError::Unknown`] it may be; see [`outcome`](Self::outcome).
    fn commit(&self, commit: Commit) -> CommitFuture;

    /// Whether a commit whose answer was lost has happened.
    ///
    /// # Errors
    /// When the store can't be read: it is as unknown as before.
    async fn outcome(&self, id: CommitId) -> Result<CommitOutcome, StoreError>;

    /// Events of one stream in order, those after version `after`, `limit` at most.
    ///
    /// # Errors
    /// When the store can't be read, or what it holds is damaged.
    async fn read_stream(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError>;

    /// The same events as [`read_stream`](Self::read_stream) gives, as much of them as a state is rebuilt from: loading an
    /// aggregate is what a store is asked for most. One that has less to do for it reads less.
    ///
    /// # Errors
    /// As [`read_stream`](Self::read_stream).
    async fn read_for_state(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<StateEvent>, StoreError> {
        let events = self.read_stream(tenant, stream, after, limit).await?;
        Ok(events.into_iter().map(StateEvent::from).collect())
    }

    /// Events of all streams and tenants in the order of the log, those after `after`, `limit` at most. An event
    /// never appears before a position that was read already. The newest may not be shown yet: see
    /// [`caught_up`](Self::caught_up).
    ///
    /// # Errors
    /// When the store can't be read, or what it holds is damaged.
    async fn read_log(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError>;

    /// Waits until the logs show everything that was answered before this call, to whomever. Whoever follows a log needs no such wait.
    ///
    /// Where commits overlap, one that was answered stays hidden in the logs until all that began before it have ended,
    /// so that no reader steps over one of these. A store without such overlaps answers at once.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn caught_up(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Messages of the outbox log.
    ///
    /// # Errors
    /// When the store can't be read, or what it holds is damaged. A store may refuse a partition that it doesn't have.
    async fn read_messages(&self, request: ReadMessages<'_>) -> Result<MessageBatch, StoreError>;

    /// Messages of several partitions, a batch for each request. A store that is asked over a network does it in one go.
    ///
    /// # Errors
    /// As [`read_messages`](Self::read_messages), for any of the requests.
    async fn read_partitions(&self, requests: &[ReadMessages<'_>]) -> Result<Vec<MessageBatch>, StoreError> {
        let mut batches = Vec::with_capacity(requests.len());
        for request in requests {
            batches.push(self.read_messages(*request).await?);
        }
        Ok(batches)
    }

    /// Where the outbox log ends: the position of its last message.
    ///
    /// # Errors
    /// When the store can't be read.
    async fn last_message(&self) -> Result<Position, StoreError>;

    /// Puts messages whose `not_before` has come at the end of the outbox log, `limit` at most. Answers how many, and
    /// when the next one is due.
    ///
    /// # Errors
    /// When the store can't be written. What was released stays released.
    async fn release_due(&self, limit: usize) -> Result<Released, StoreError>;

    /// One document.
    ///
    /// # Errors
    /// When the store can't be read.
    async fn document(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError>;

    /// The documents that a query describes.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when the query reads on after an id among other than one tenant's in the order of ids;
    /// otherwise when the store can't be read.
    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError>;

    /// Who holds a claim. One that has expired is held by no one.
    ///
    /// # Errors
    /// When the store can't be read.
    async fn claimed(&self, tenant: &Tenant, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError>;

    /// Where a reader stands; zero for one that has never moved.
    ///
    /// # Errors
    /// When the store can't be read.
    async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError>;

    /// Takes a lease if no one else holds it, or prolongs it if `holder` does. Each time it changes hands its token
    /// rises. Time is the store's.
    ///
    /// # Errors
    /// When the store can't be written: the lease may be held all the same until it ends.
    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError>;

    /// Gives a lease back, if it is still held under its token.
    ///
    /// # Errors
    /// When the store can't be written: the lease ends by itself then.
    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Deletes what has served its time. Answers how many rows went. A store may delete some thousands at a time, so
    /// that commits needn't wait: call again until none goes.
    ///
    /// # Errors
    /// When the store can't be written. What went before is gone.
    async fn prune(&self, what: Prune) -> Result<u64, StoreError>;

    /// The store's clock, by which leases, claims and messages fall due.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// Into how many partitions the outbox log is divided. Messages of one key share one.
    fn partitions(&self) -> u32;

    /// A position behind `from`, that of a message, by which roughly so many more messages will have come. For readers that mark what they
    /// are about to take some way ahead: it never lies before `from`, and the more messages, the farther ahead it is.
    /// Where positions have gaps, a store says how wide these are.
    fn position_ahead(&self, from: Position, messages: u64) -> Position {
        from.saturating_add(messages)
    }

    /// How long the oldest writer that has not ended has held up the readers of the logs; none where no writer does, or
    /// where that can't happen.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn oldest_writer(&self) -> Result<Option<Duration>, StoreError> {
        Ok(None)
    }

    /// Wakes readers when something was committed in this process. A hint: whoever waits also looks by itself now and then.
    fn changes(&self) -> &Changes;
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is durable.
    Committed,
    /// It has not happened, and never will.
    RolledBack,
}

/// A document as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Whose document it is.
    pub tenant: Tenant,
    /// Its collection.
    pub collection: Arc<str>,
    /// Its id.
    pub id: String,
    /// How often it was written.
    pub version: Version,
    /// Its body, as JSON.
    pub body: Vec<u8>,
}

impl Document {
    /// Reads the body.
    ///
    /// # Errors
    /// When it doesn't fit the type: [`StoreError::Damaged`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        serde_json::from_slice(&self.body).map_err(|source| StoreError::Damaged {
            what: format!("document {}/{}", self.collection, self.id),
            source: source.into(),
        })
    }
}

/// Which messages to read.
#[derive(Clone, Copy, Debug)]
pub struct ReadMessages<'a> {
    /// The partition, below [`Store::partitions`].
    pub partition: u32,
    /// Only those after this position.
    pub after: Position,
    /// Only those of these topics; of all topics if there are none.
    pub topics: &'a [&'a str],
    /// So many at most.
    pub limit: usize,
}

/// Messages, and how far the log was looked at to find them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageBatch {
    /// The messages, in order.
    pub messages: Vec<RecordedMessage>,
    /// Where to read on. Messages of other topics were passed over.
    pub next: Position,
}

/// A message as the outbox log keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedMessage {
    /// Its place in the outbox log.
    pub position: Position,
    /// Unique to the message; consumers de-duplicate by it.
    pub id: Uuid,
    /// Whose message it is.
    pub tenant: Tenant,
    /// Where it goes.
    pub topic: Arc<str>,
    /// Whose order it keeps.
    pub key: Arc<str>,
    /// What it says.
    pub message_type: Arc<str>,
    /// The body, as JSON.
    pub payload: Vec<u8>,
    /// What else travels with it.
    pub headers: std::collections::BTreeMap<String, String>,
    /// When it was written, by the store's clock.
    pub recorded_at: Timestamp,
    /// Who, why, as part of what.
    pub metadata: Arc<Metadata>,
}

/// What [`Store::release_due`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// How many messages it put into the log.
    pub count: usize,
    /// When the next one is due.
    pub next_due: Option<Timestamp>,
}

/// Who holds a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The commit that took it.
    pub by: CommitId,
    /// When it is free again.
    pub expires_at: Option<Timestamp>,
    /// The answer that was left with it.
    pub answer: Option<Vec<u8>>,
}

/// A right that only one holder has at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Rises each time the lease changes hands: a write that carries an old token is refused.
    pub token: u64,
    /// When it ends unless it is prolonged, by the store's clock.
    pub expires_at: Timestamp,
}

/// What may be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prune {
    /// Messages of the outbox log up to this position. Make sure that every reader has passed it.
    Messages {
        /// The last one to go.
        up_to: Position,
    },
    /// Claims that have expired. With them goes what a store has left of claims that were given back and of documents that
    /// were deleted; of the latter nothing is counted.
    ExpiredClaims,
    /// The ids of commits made before this moment that wrote no event and whose messages are gone. No caller may
    /// still want to know their outcome, and none [require](Commit::requires) them: a commit that was pruned is taken
    /// for one that never was.
    CommitsBefore(Timestamp),
}

/// The partition of a key: FNV-1a (64 bit, Fowler, Noll and Vo, draft-eastlake-fnv) modulo the number of partitions.
/// It never changes, as stored messages depend on it.
pub fn partition_of(key: &str, partitions: u32) -> u32 {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    u32::try_from(hash % u64::from(partitions.max(1))).unwrap_or(0)
}
