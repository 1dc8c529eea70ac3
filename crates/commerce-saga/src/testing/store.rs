use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::Host;
use commerce_core::Timestamp;
use commerce_core::commit::{Commit, CommitError, CommitId};
use commerce_core::id::Tenant;
use commerce_core::store::{
    Changes, Claimed, CommitFuture, CommitOutcome, Document, Lease, MessageBatch, Prune, Query, ReadMessages,
    Released, Store, StoreError,
};
use commerce_core::stream::{Position, RecordedEvent, StreamId, Version};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How a write goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The process dies before it is applied.
    Before,
    /// The process dies after it was applied, before anyone knows.
    After,
    /// It is applied, the answer is lost, and the process lives.
    AnswerLost,
}

/// Counts the commits of all stores it wraps, and has one of them go wrong. Cloned handles share it.
///
/// With the process die all stores it has wrapped: whatever is asked of them hangs for ever. Those who wait for them are
/// to be aborted and begun again on the same stores, wrapped anew.
#[derive(Clone)]
pub struct Crash(Arc<Inner>);

struct Inner {
    host: Arc<dyn Host>,
    at: Option<(u64, Moment)>,
    commits: AtomicU64,
    process: Mutex<Process>,
    hold: Option<Hold>,
}

/// One commit waits until something else has been done.
struct Hold {
    at: u64,
    /// It has come.
    reached: CancellationToken,
    /// It may go on.
    released: CancellationToken,
}

/// The life of a process.
#[derive(Clone, Default)]
struct Process {
    /// Nothing is answered any more.
    dead: CancellationToken,
    /// The last write is applied as well: others may take over.
    gone: CancellationToken,
}

impl Crash {
    /// At the `n`th commit, from one; never, if there is none.
    pub fn new(host: Arc<dyn Host>, at: Option<(u64, Moment)>) -> Self {
        Self::holding(host, at, None)
    }

    /// The same, with the commit of the number `hold` waiting to be [released](Self::release).
    pub(super) fn holding(host: Arc<dyn Host>, at: Option<(u64, Moment)>, hold: Option<u64>) -> Self {
        let hold =
            hold.map(|at| Hold { at, reached: CancellationToken::new(), released: CancellationToken::new() });
        Self(Arc::new(Inner { host, at, commits: AtomicU64::new(0), process: Mutex::default(), hold }))
    }

    /// Once the commit has come that waits. Never, if none does.
    pub(super) async fn held(&self) {
        match &self.0.hold {
            Some(hold) => hold.reached.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// Lets it go on.
    pub(super) fn release(&self) {
        if let Some(hold) = &self.0.hold {
            hold.released.cancel();
        }
    }

    /// Wraps a store for the process that lives now.
    pub fn wrap(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(CrashingStore { store, crash: self.clone(), process: self.process().clone() })
    }

    /// So many commits were made.
    pub fn commits(&self) -> u64 {
        self.0.commits.load(Ordering::SeqCst)
    }

    /// Whether it has come to pass.
    pub fn has_struck(&self) -> bool {
        self.0.at.is_some_and(|(at, _)| self.commits() >= at)
    }

    /// Once the process has died.
    pub async fn died(&self) {
        let gone = self.process().gone.clone();
        gone.cancelled().await;
    }

    /// From now on stores are wrapped for another process.
    pub fn restart(&self) {
        *self.process() = Process::default();
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.0.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crash")
            .field("at", &self.0.at)
            .field("commits", &self.commits())
            .finish_non_exhaustive()
    }
}

/// A store that belongs to a process which may die. Made by [`Crash::wrap`].
#[derive(Clone)]
pub struct CrashingStore {
    store: Arc<dyn Store>,
    crash: Crash,
    process: Process,
}

impl CrashingStore {
    async fn alive(&self) -> &Arc<dyn Store> {
        if self.process.dead.is_cancelled() {
            std::future::pending::<()>().await;
        }
        &self.store
    }

    fn apply(&self, number: u64, commit: Commit) -> CommitFuture {
        if self.process.dead.is_cancelled() {
            return Box::pin(std::future::pending());
        }
        match self.crash.0.at {
            Some((at, Moment::Before)) if at == number => self.die(None),
            Some((at, Moment::After)) if at == number => self.die(Some(self.store.commit(commit))),
            Some((at, Moment::AnswerLost)) if at == number => self.lose_answer(commit),
            _ => self.store.commit(commit),
        }
    }

    fn die(&self, last: Option<CommitFuture>) -> CommitFuture {
        self.process.dead.cancel();
        let gone = self.process.gone.clone();
        // Not awaited here: whoever waits for the answer may be dropped.
        tokio::spawn(async move {
            if let Some(last) = last {
                let _ = last.await;
            }
            gone.cancel();
        });
        Box::pin(std::future::pending())
    }

    fn lose_answer(&self, mut commit: Commit) -> CommitFuture {
        let id = *commit.id.get_or_insert_with(|| CommitId(self.crash.0.host.new_id()));
        let applied = self.store.commit(commit);
        Box::pin(async move {
            applied.await?;
            Err(CommitError::Unknown { id, source: "the answer was lost".into() })
        })
    }
}

impl fmt::Debug for CrashingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrashingStore").field("crash", &self.crash).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for CrashingStore {
    fn commit(&self, commit: Commit) -> CommitFuture {
        if self.process.dead.is_cancelled() {
            return Box::pin(std::future::pending());
        }
        let number = self.crash.0.commits.fetch_add(1, Ordering::SeqCst) + 1;
        match &self.crash.0.hold {
            Some(hold) if hold.at == number => {
                hold.reached.cancel();
                let (this, released) = (self.clone(), hold.released.clone());
                Box::pin(async move {
                    released.cancelled().await;
                    this.apply(number, commit).await
                })
            }
            _ => self.apply(number, commit),
        }
    }

    async fn outcome(&self, id: CommitId) -> Result<CommitOutcome, StoreError> {
        self.alive().await.outcome(id).await
    }

    async fn read_stream(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.alive().await.read_stream(tenant, stream, after, limit).await
    }

    async fn read_log(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        self.alive().await.read_log(after, limit).await
    }

    async fn caught_up(&self) -> Result<(), StoreError> {
        self.store.caught_up().await
    }

    async fn read_messages(&self, request: ReadMessages<'_>) -> Result<MessageBatch, StoreError> {
        self.alive().await.read_messages(request).await
    }

    async fn last_message(&self) -> Result<Position, StoreError> {
        self.alive().await.last_message().await
    }

    async fn release_due(&self, limit: usize) -> Result<Released, StoreError> {
        self.alive().await.release_due(limit).await
    }

    async fn document(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.alive().await.document(tenant, collection, id).await
    }

    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        self.alive().await.documents(query).await
    }

    async fn claimed(&self, tenant: &Tenant, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError> {
        self.alive().await.claimed(tenant, scope, key).await
    }

    async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError> {
        self.alive().await.checkpoint(reader).await
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.alive().await.acquire_lease(name, holder, duration).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.alive().await.release_lease(lease).await
    }

    async fn prune(&self, what: Prune) -> Result<u64, StoreError> {
        self.alive().await.prune(what).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.alive().await.now().await
    }

    fn partitions(&self) -> u32 {
        self.store.partitions()
    }

    fn position_ahead(&self, from: Position, messages: u64) -> Position {
        self.store.position_ahead(from, messages)
    }

    fn changes(&self) -> &Changes {
        self.store.changes()
    }
}
