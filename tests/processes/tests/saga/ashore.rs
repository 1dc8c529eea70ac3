//! A store that does real I/O, for tests whose clock is paused.
//!
//! A paused clock jumps to the next timer whenever all tasks wait, also when they wait for a server. The store therefore
//! lives in a runtime of its own, whose clock runs, and each call to it is a blocking task of the test's: as long as one
//! is under way the paused clock stands still. By it no store is slow.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::commit::{Commit, CommitId};
use commerce_core::id::Tenant;
use commerce_core::store::{
    Changes, Claimed, CommitFuture, CommitOutcome, Document, Lease, MessageBatch, Prune, Query, ReadMessages,
    Released, Store, StoreError,
};
use commerce_core::stream::{Position, RecordedEvent, StreamId, Version};
use commerce_core::{Host, Timestamp};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::store::Loan;

/// A host whose clock can be read from where time is not paused. It stands as it stood at the store's last call.
pub struct Tide {
    host: Mutex<Arc<dyn Host>>,
    now: AtomicI64,
}

impl Tide {
    pub fn of(host: Arc<dyn Host>) -> Self {
        let now = AtomicI64::new(host.now().as_micros());
        Self { host: Mutex::new(host), now }
    }

    /// From now on it is another host's.
    pub fn belong_to(&self, host: Arc<dyn Host>) {
        self.now.store(host.now().as_micros(), Ordering::SeqCst);
        *self.host.lock().unwrap() = host;
    }

    fn turn(&self) {
        let now = self.host.lock().unwrap().now();
        self.now.fetch_max(now.as_micros(), Ordering::SeqCst);
    }
}

impl Host for Tide {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> Uuid {
        self.host.lock().unwrap().new_id()
    }
}

pub struct Ashore {
    loan: Arc<Loan>,
    runtime: Handle,
}

impl Ashore {
    pub fn new(loan: Arc<Loan>, runtime: Handle) -> Self {
        Self { loan, runtime }
    }

    /// The loan lasts as long as the call.
    async fn call<T, F>(&self, work: impl FnOnce(Arc<dyn Store>) -> F + Send + 'static) -> T
    where
        T: Send + 'static,
        F: Future<Output = T>,
    {
        self.loan.tide().turn();
        let (loan, runtime) = (self.loan.clone(), self.runtime.clone());
        spawn_blocking(move || runtime.block_on(work(loan.store().clone()))).await.unwrap()
    }
}

/// A request that owns its topics.
struct Asked {
    partition: u32,
    after: Position,
    limit: usize,
    topics: Vec<String>,
}

impl Asked {
    fn of(request: &ReadMessages<'_>) -> Self {
        let ReadMessages { partition, after, limit, topics } = *request;
        Self { partition, after, limit, topics: topics.iter().map(|topic| (*topic).to_owned()).collect() }
    }

    fn topics(&self) -> Vec<&str> {
        self.topics.iter().map(String::as_str).collect()
    }

    fn request<'a>(&self, topics: &'a [&'a str]) -> ReadMessages<'a> {
        ReadMessages { partition: self.partition, after: self.after, limit: self.limit, topics }
    }
}

/// What was written is shown before it is answered: a reader that looked too early would wait for the paused clock.
async fn shown(store: &Arc<dyn Store>) -> Result<(), StoreError> {
    store.caught_up().await?;
    store.changes().notify();
    Ok(())
}

#[async_trait]
impl Store for Ashore {
    fn commit(&self, commit: Commit) -> CommitFuture {
        self.loan.tide().turn();
        let answer = self.loan.store().commit(commit);
        let loan = self.loan.clone();
        // There, as the test's runtime may end before it is answered: until then the loan lasts.
        let answered = self.runtime.spawn(async move {
            let answer = answer.await;
            shown(loan.store()).await.unwrap();
            answer
        });
        let runtime = self.runtime.clone();
        let answered = spawn_blocking(move || runtime.block_on(answered).unwrap());
        Box::pin(async move { answered.await.unwrap() })
    }

    async fn outcome(&self, id: CommitId) -> Result<CommitOutcome, StoreError> {
        self.call(move |store| async move { store.outcome(id).await }).await
    }

    async fn read_stream(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let (tenant, stream) = (tenant.clone(), stream.clone());
        self.call(move |store| async move { store.read_stream(&tenant, &stream, after, limit).await }).await
    }

    async fn read_log(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        self.call(move |store| async move { store.read_log(after, limit).await }).await
    }

    async fn caught_up(&self) -> Result<(), StoreError> {
        self.call(|store| async move { store.caught_up().await }).await
    }

    async fn read_messages(&self, request: ReadMessages<'_>) -> Result<MessageBatch, StoreError> {
        let asked = Asked::of(&request);
        self.call(move |store| async move { store.read_messages(asked.request(&asked.topics())).await }).await
    }

    async fn read_partitions(&self, requests: &[ReadMessages<'_>]) -> Result<Vec<MessageBatch>, StoreError> {
        let asked: Vec<Asked> = requests.iter().map(Asked::of).collect();
        self.call(move |store| async move {
            let topics: Vec<Vec<&str>> = asked.iter().map(Asked::topics).collect();
            let requests = asked.iter().zip(&topics).map(|(asked, topics)| asked.request(topics));
            store.read_partitions(&requests.collect::<Vec<_>>()).await
        })
        .await
    }

    async fn last_message(&self) -> Result<Position, StoreError> {
        self.call(|store| async move { store.last_message().await }).await
    }

    async fn release_due(&self, limit: usize) -> Result<Released, StoreError> {
        self.call(move |store| async move {
            let released = store.release_due(limit).await?;
            if released.count > 0 {
                shown(&store).await?;
            }
            Ok(released)
        })
        .await
    }

    async fn document(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        let (tenant, collection, id) = (tenant.clone(), collection.to_owned(), id.to_owned());
        self.call(move |store| async move { store.document(&tenant, &collection, &id).await }).await
    }

    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        let query = query.clone();
        self.call(move |store| async move { store.documents(&query).await }).await
    }

    async fn claimed(&self, tenant: &Tenant, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError> {
        let (tenant, scope, key) = (tenant.clone(), scope.to_owned(), key.to_owned());
        self.call(move |store| async move { store.claimed(&tenant, &scope, &key).await }).await
    }

    async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError> {
        let reader = reader.to_owned();
        self.call(move |store| async move { store.checkpoint(&reader).await }).await
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let name = name.to_owned();
        self.call(move |store| async move { store.acquire_lease(&name, holder, duration).await }).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.call(move |store| async move { store.release_lease(&lease).await }).await
    }

    async fn prune(&self, what: Prune) -> Result<u64, StoreError> {
        self.call(move |store| async move { store.prune(what).await }).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.call(|store| async move { store.now().await }).await
    }

    fn partitions(&self) -> u32 {
        self.loan.store().partitions()
    }

    fn position_ahead(&self, from: Position, messages: u64) -> Position {
        self.loan.store().position_ahead(from, messages)
    }

    fn changes(&self) -> &Changes {
        self.loan.store().changes()
    }
}
