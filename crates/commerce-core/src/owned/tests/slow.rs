use std::sync::OnceLock;
use std::task::Poll;

use super::*;

type Told = Arc<OnceLock<Result<Committed, CommitError>>>;

/// Applies commits in the order of the calls, but only when told to, and fails those it is told to fail.
pub(super) struct SlowStore {
    pub(super) inner: Arc<MemoryStore>,
    queue: Mutex<VecDeque<(Commit, Told)>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
struct DiskFull;

impl SlowStore {
    pub(super) fn new(inner: Arc<MemoryStore>) -> Self {
        Self { inner, queue: Mutex::default() }
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue.lock().unwrap().len()
    }

    pub(super) fn apply_next(&self, fail: bool) {
        let Some((commit, told)) = self.queue.lock().unwrap().pop_front() else { return };
        let answer = match fail {
            true => Err(CommitError::RolledBack { source: DiskFull.into() }),
            false => block_on(self.inner.commit(commit)),
        };
        told.set(answer).unwrap();
    }

    /// Applies the next commit, but loses the answer.
    pub(super) fn lose_next(&self, fail: bool) {
        let Some((commit, told)) = self.queue.lock().unwrap().pop_front() else { return };
        let id = commit.id.unwrap_or(CommitId(uuid::Uuid::nil()));
        if !fail {
            let _ = block_on(self.inner.commit(commit));
        }
        told.set(Err(CommitError::Unknown { id, source: DiskFull.into() })).unwrap();
    }
}

#[async_trait]
impl Store for SlowStore {
    fn commit(&self, commit: Commit) -> CommitFuture {
        let told = Told::default();
        self.queue.lock().unwrap().push_back((commit, told.clone()));
        let mut told = Some(told);
        Box::pin(std::future::poll_fn(move |_| {
            if told.as_ref().is_none_or(|told| told.get().is_none()) {
                return Poll::Pending;
            }
            // The queue has let go of it, so this is the only one left.
            match told.take().and_then(Arc::into_inner).and_then(OnceLock::into_inner) {
                Some(answer) => Poll::Ready(answer),
                None => Poll::Pending,
            }
        }))
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
        holder: uuid::Uuid,
        duration: std::time::Duration,
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
