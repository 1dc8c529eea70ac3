//! A store that lets others run at each read, so that operations which are polled together interleave.

use std::task::Poll;

use async_trait::async_trait;

use super::*;
use crate::commit::{Commit, CommitId};
use crate::id::Tenant;
use crate::store::*;
use crate::stream::{Position, RecordedEvent, StreamId, Version};
use crate::time::Timestamp;

/// Ready at the second poll.
pub(super) async fn give_way() {
    let mut gave = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut gave, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

pub(super) struct PausingStore(pub(super) Arc<MemoryStore>);

#[async_trait]
impl Store for PausingStore {
    fn commit(&self, commit: Commit) -> CommitFuture {
        self.0.commit(commit)
    }

    async fn outcome(&self, id: CommitId) -> Result<CommitOutcome, StoreError> {
        self.0.outcome(id).await
    }

    async fn read_stream(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let read = self.0.read_stream(tenant, stream, after, limit).await;
        give_way().await;
        read
    }

    async fn read_log(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        self.0.read_log(after, limit).await
    }

    async fn read_messages(&self, request: ReadMessages<'_>) -> Result<MessageBatch, StoreError> {
        self.0.read_messages(request).await
    }

    async fn last_message(&self) -> Result<Position, StoreError> {
        self.0.last_message().await
    }

    async fn release_due(&self, limit: usize) -> Result<Released, StoreError> {
        self.0.release_due(limit).await
    }

    async fn document(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        let read = self.0.document(tenant, collection, id).await;
        give_way().await;
        read
    }

    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        self.0.documents(query).await
    }

    async fn claimed(&self, tenant: &Tenant, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError> {
        let read = self.0.claimed(tenant, scope, key).await;
        give_way().await;
        read
    }

    async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError> {
        self.0.checkpoint(reader).await
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: uuid::Uuid,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.0.acquire_lease(name, holder, duration).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.0.release_lease(lease).await
    }

    async fn prune(&self, what: Prune) -> Result<u64, StoreError> {
        self.0.prune(what).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.0.now().await
    }

    fn partitions(&self) -> u32 {
        self.0.partitions()
    }

    fn changes(&self) -> &Changes {
        self.0.changes()
    }
}
