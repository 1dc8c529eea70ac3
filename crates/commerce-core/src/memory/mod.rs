//! A store in memory: the reference for what [`Store`] means, for tests and for programs that keep nothing.
//!
//! One mutex over plain maps. A commit is applied within the call itself: what conflicts is looked for first
//! (`conflicts`), and only then anything is written (`apply`), which can't fail. That is all there is to atomicity here.

mod apply;
mod conflicts;
mod documents;
mod leases;
mod outbox;
mod state;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::commit::{Commit, CommitError, CommitId, Committed};
use crate::host::Host;
use crate::id::Tenant;
use crate::store::{
    Changes, Claimed, CommitFuture, CommitOutcome, Document, Lease, MessageBatch, News, Prune, Query,
    ReadMessages, Released, Store, StoreError,
};
use crate::stream::{Position, RecordedEvent, StreamId, Version};
use crate::time::Timestamp;
use state::State;

/// Keeps everything in memory, for as long as it lives.
///
/// "Durable" means here: as durable as the process. The clock is the host's.
pub struct MemoryStore {
    host: Arc<dyn Host>,
    partitions: u32,
    state: Mutex<State>,
    changes: Changes,
}

impl MemoryStore {
    /// An empty store whose outbox has one partition.
    pub fn new(host: Arc<dyn Host>) -> Self {
        Self { host, partitions: 1, state: Mutex::default(), changes: Changes::default() }
    }

    /// Divides the outbox into so many partitions, at least one.
    pub fn with_partitions(mut self, partitions: u32) -> Self {
        self.partitions = partitions.max(1);
        self
    }

    /// A poisoned lock is taken all the same: nothing between the first write of a commit and its last can panic,
    /// so whoever panicked has left the state whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, commit: Commit) -> Result<Committed, CommitError> {
        commit.check()?;
        let (writes, news) = (!commit.is_empty(), News::of(&commit, self.partitions));
        let mut state = self.state();
        // Asked for under the lock, so that the log's times rise with its positions.
        let now = self.host.now();
        let id = commit.id.unwrap_or_else(|| CommitId(self.host.new_id()));
        state.look_for_conflicts(&commit, id, now)?;
        let committed = state.apply(commit, id, now, self.partitions);
        drop(state);
        if writes {
            self.changes.notify_of(news);
        }
        Ok(committed)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("partitions", &self.partitions).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn commit(&self, commit: Commit) -> CommitFuture {
        Box::pin(std::future::ready(self.apply(commit)))
    }

    async fn outcome(&self, id: CommitId) -> Result<CommitOutcome, StoreError> {
        Ok(self.state().outcome(id))
    }

    async fn read_stream(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        Ok(self.state().read_stream(tenant, stream, after, limit))
    }

    async fn read_log(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        Ok(self.state().read_log(after, limit))
    }

    async fn read_messages(&self, request: ReadMessages<'_>) -> Result<MessageBatch, StoreError> {
        if request.partition >= self.partitions {
            return Err(StoreError::Invalid(format!(
                "there is no partition {}, only {} from 0",
                request.partition, self.partitions
            )));
        }
        Ok(self.state().outbox.read(request))
    }

    async fn last_message(&self) -> Result<Position, StoreError> {
        Ok(self.state().outbox.last())
    }

    async fn release_due(&self, limit: usize) -> Result<Released, StoreError> {
        let released = self.state().outbox.release_due(self.host.now(), limit);
        if released.count > 0 {
            self.changes.notify_of(News::MESSAGES);
        }
        Ok(released)
    }

    async fn document(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        Ok(self.state().documents.get(tenant, collection, id))
    }

    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        self.state().documents.find(query)
    }

    async fn claimed(&self, tenant: &Tenant, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError> {
        let now = self.host.now();
        Ok(self.state().claimed(tenant, scope, key, now))
    }

    async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError> {
        Ok(self.state().checkpoint(reader))
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        Ok(self.state().leases.acquire(name, holder, duration, self.host.now()))
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.state().leases.release(lease);
        Ok(())
    }

    async fn prune(&self, what: Prune) -> Result<u64, StoreError> {
        let now = self.host.now();
        Ok(self.state().prune(what, now))
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.host.now())
    }

    fn partitions(&self) -> u32 {
        self.partitions
    }

    fn changes(&self) -> &Changes {
        &self.changes
    }
}
