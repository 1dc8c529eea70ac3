//! A store written outside the library proves itself: here a wrapper that counts commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::commit::{Commit, CommitId};
use commerce_core::id::Tenant;
use commerce_core::memory::MemoryStore;
use commerce_core::store::{
    Changes, Claimed, CommitFuture, CommitOutcome, Document, Lease, MessageBatch, Prune, Query, ReadMessages,
    Released, Store, StoreError,
};
use commerce_core::stream::{Position, RecordedEvent, StreamId, Version};
use commerce_core::testing::conformance::conformance;
use commerce_core::{Host, Timestamp};
use uuid::Uuid;

struct CountingStore {
    inner: MemoryStore,
    commits: Arc<AtomicU64>,
}

#[async_trait]
impl Store for CountingStore {
    fn commit(&self, commit: Commit) -> CommitFuture {
        self.commits.fetch_add(1, Ordering::Relaxed);
        // Handed over within the call, not when the future is polled: the suite checks it.
        self.inner.commit(commit)
    }

    async fn outcome(&self, id: CommitId) -> Result<CommitOutcome, StoreError> {
        self.inner.outcome(id).await
    }

    async fn read_stream(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.inner.read_stream(tenant, stream, after, limit).await
    }

    async fn read_log(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        self.inner.read_log(after, limit).await
    }

    async fn caught_up(&self) -> Result<(), StoreError> {
        self.inner.caught_up().await
    }

    async fn read_messages(&self, request: ReadMessages<'_>) -> Result<MessageBatch, StoreError> {
        self.inner.read_messages(request).await
    }

    async fn last_message(&self) -> Result<Position, StoreError> {
        self.inner.last_message().await
    }

    async fn release_due(&self, limit: usize) -> Result<Released, StoreError> {
        self.inner.release_due(limit).await
    }

    async fn document(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.inner.document(tenant, collection, id).await
    }

    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        self.inner.documents(query).await
    }

    async fn claimed(&self, tenant: &Tenant, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError> {
        self.inner.claimed(tenant, scope, key).await
    }

    async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError> {
        self.inner.checkpoint(reader).await
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.inner.acquire_lease(name, holder, duration).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.inner.release_lease(lease).await
    }

    async fn prune(&self, what: Prune) -> Result<u64, StoreError> {
        self.inner.prune(what).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.now().await
    }

    fn partitions(&self) -> u32 {
        self.inner.partitions()
    }

    fn position_ahead(&self, from: Position, messages: u64) -> Position {
        self.inner.position_ahead(from, messages)
    }

    fn changes(&self) -> &Changes {
        self.inner.changes()
    }
}

#[tokio::test]
async fn a_counting_store_is_a_store() {
    let commits = Arc::new(AtomicU64::new(0));
    conformance(|host: Arc<dyn Host>| {
        let commits = commits.clone();
        async move { CountingStore { inner: MemoryStore::new(host), commits } }
    })
    .await;
    assert!(commits.load(Ordering::Relaxed) > 0);
}
