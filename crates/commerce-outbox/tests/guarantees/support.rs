//! A producer, a consumer, and stores between them.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::commit::{Commit, CommitError, CommitId, Expected, NewEvent};
use commerce_core::id::Tenant;
use commerce_core::store::*;
use commerce_core::stream::{Position, RecordedEvent, StreamId, Version};
use commerce_core::testing::TestHost;
use commerce_core::{Host, Timestamp};
use commerce_outbox::*;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::store::new_store;

/// Longer than any lease here.
pub(crate) const LATER: Duration = Duration::from_secs(31);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) key: String,
    pub(crate) number: u32,
}

impl Message for Job {
    const TOPIC: &'static str = "jobs";
    const TYPE: &'static str = "jobs.do";
    fn key(&self) -> String {
        self.key.clone()
    }
}

pub(crate) fn job(key: &str, number: u32) -> Job {
    Job { key: key.to_owned(), number }
}

/// The usual handler: what it did can be read from a stream of the key.
pub(crate) async fn record(job: Job, mut scope: Scope) -> Result<Handled, HandleError> {
    let done =
        NewEvent { event_type: "done".into(), schema: 1, payload: job.number.to_string().into_bytes() };
    scope.write(|commit| commit.append(StreamId::new("effects", &job.key), Expected::Any, vec![done]));
    Ok(scope.finish())
}

/// A service that sends and one that handles, on a clock that stands still unless it is moved.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) host: Arc<TestHost>,
    pub(crate) shop: Arc<dyn Store>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) options: StoreBusOptions,
}

impl World {
    pub(crate) async fn new(partitions: u32) -> Self {
        let host = Arc::new(TestHost::new());
        let shop = new_store(host.clone(), partitions).await;
        let store = new_store(host.clone(), 1).await;
        let options = StoreBusOptions {
            // By the store's clock it never ends; in real time it says how often members look after their leases.
            lease: Duration::from_millis(150),
            poll: Duration::from_millis(20),
            ..StoreBusOptions::default()
        };
        Self { host, shop, store, options }
    }

    /// With stores that give way at each step, so that whatever can happen in between does.
    pub(crate) fn yielding(mut self) -> Self {
        self.shop = Arc::new(Yielding::new(self.shop));
        self.store = Arc::new(Yielding::new(self.store));
        self
    }

    pub(crate) fn bus(&self) -> StoreBus {
        StoreBus::new(self.host.clone()).source("/shop", self.shop.clone()).options(self.options)
    }

    /// A member of the group, that finds everything sent so far when it looks.
    pub(crate) async fn member(&self) -> Box<dyn Subscription> {
        self.shop.caught_up().await.unwrap();
        self.bus().subscribe("workers", &["jobs"]).await.unwrap()
    }

    pub(crate) fn consumer(&self) -> Consumer {
        self.consumer_on(Arc::new(self.bus()))
    }

    pub(crate) fn consumer_on(&self, bus: Arc<dyn Bus>) -> Consumer {
        Consumer::new("workers", bus, self.store.clone(), self.host.clone()).retry(quick(8))
    }

    pub(crate) fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.store.clone(), self.host.clone())
    }

    pub(crate) async fn send(&self, job: Job) {
        self.shop.commit(Commit::new().message(job.to_message().unwrap())).await.unwrap();
    }

    pub(crate) async fn effects(&self, key: &str) -> Vec<u32> {
        let stream = StreamId::new("effects", key);
        let events = self.store.read_stream(&Tenant::default(), &stream, 0, usize::MAX).await.unwrap();
        events.iter().map(|event| std::str::from_utf8(&event.payload).unwrap().parse().unwrap()).collect()
    }

    /// Until the key's effects are these, in this order.
    pub(crate) async fn until_effects(&self, key: &str, expected: &[u32]) {
        let mut found = Vec::new();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        while tokio::time::Instant::now() < deadline {
            found = self.effects(key).await;
            if found == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        let (sent, held) = (messages(&self.shop).await.len(), self.dead_letters().unfinished(None).await);
        panic!("{key}: {found:?} instead of {expected:?}; of {sent} messages these are held: {held:?}");
    }

    pub(crate) async fn until_dead(&self, count: usize) -> Vec<HeldMessage> {
        let letters = self.dead_letters();
        until(async || letters.unfinished(None).await.unwrap().dead == count).await;
        letters.list(&DeadLetterFilter::default(), 1_000).await.unwrap()
    }

    pub(crate) async fn until_nothing_held(&self) {
        let letters = self.dead_letters();
        until(async || letters.unfinished(None).await.unwrap() == Unfinished::default()).await;
    }
}

/// All messages of a store's log, partition by partition.
pub(crate) async fn messages(store: &Arc<dyn Store>) -> Vec<RecordedMessage> {
    store.caught_up().await.unwrap();
    let mut messages = Vec::new();
    for partition in 0..store.partitions() {
        let all = ReadMessages { partition, after: 0, topics: &[], limit: 10_000 };
        messages.extend(store.read_messages(all).await.unwrap().messages);
    }
    messages
}

pub(crate) async fn positions(store: &Arc<dyn Store>) -> Vec<Position> {
    messages(store).await.iter().map(|message| message.position).collect()
}

/// So many attempts without a wait between: the clock stands still.
pub(crate) fn quick(attempts: u32) -> RetryPolicy {
    RetryPolicy { attempts, first_wait: Duration::ZERO, longest_wait: Duration::ZERO }
}

pub(crate) async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "waited for a minute in vain");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Something that runs until it is stopped, or crashes.
pub(crate) struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), BusError>>,
}

impl Running {
    pub(crate) fn consumer(consumer: Consumer) -> Self {
        Self::start(|shutdown| consumer.run(shutdown))
    }

    pub(crate) fn relay(relay: Relay) -> Self {
        Self::start(|shutdown| relay.run(shutdown))
    }

    fn start<F>(run: impl FnOnce(CancellationToken) -> F) -> Self
    where
        F: Future<Output = Result<(), BusError>> + Send + 'static,
    {
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(run(shutdown.clone()));
        Self { shutdown, task }
    }

    pub(crate) async fn stop(self) {
        self.end().await.unwrap();
    }

    pub(crate) async fn end(self) -> Result<(), BusError> {
        self.shutdown.cancel();
        self.task.await.unwrap()
    }

    /// Once it has ended by itself.
    #[allow(dead_code)] // not every suite that takes these helpers in waits for that
    pub(crate) async fn ended(self) -> Result<(), BusError> {
        self.task.await.unwrap()
    }

    /// Ends it where it stands: nothing is given back.
    pub(crate) async fn crash(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
        // What it had spawned may take a moment more: the clock must not move on before.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A small source of chance that is the same in every run.
pub(crate) struct Dice(AtomicU32);

impl Dice {
    pub(crate) fn new(seed: u32) -> Self {
        Self(AtomicU32::new(seed))
    }

    /// One in `sides`.
    pub(crate) fn hit(&self, sides: u32) -> bool {
        self.roll().is_multiple_of(sides)
    }

    pub(crate) fn roll(&self) -> u32 {
        let next = self.0.fetch_add(0x9E37_79B9, Ordering::Relaxed);
        let mixed = (next ^ (next >> 16)).wrapping_mul(0x85EB_CA6B);
        (mixed ^ (mixed >> 13)).wrapping_mul(0xC2B2_AE35) >> 8
    }
}

/// A store that gives way before and after each step, and can be out of reach.
pub(crate) struct Yielding {
    inner: Arc<dyn Store>,
    pub(crate) away: Arc<AtomicBool>,
    /// Whether it comes late to the next lease it is asked for, though no one may wait any more.
    pub(crate) late: Arc<AtomicBool>,
    /// What it can't write, and what it says then.
    pub(crate) refuses: fn(&Commit) -> Option<CommitError>,
    /// The most documents that it has answered with.
    pub(crate) most: Arc<AtomicUsize>,
    dice: Arc<Dice>,
}

impl Yielding {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            away: Arc::default(),
            late: Arc::default(),
            refuses: |_| None,
            most: Arc::default(),
            dice: Arc::new(Dice::new(7)),
        }
    }

    fn reach(&self) -> Result<(), StoreError> {
        match self.away.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable { source: "it is away".into() }),
            false => Ok(()),
        }
    }

    async fn give_way(&self) {
        give_way(&self.dice).await;
    }
}

async fn give_way(dice: &Dice) {
    for _ in 0..dice.roll() % 4 {
        tokio::task::yield_now().await;
    }
}

#[async_trait]
impl Store for Yielding {
    fn commit(&self, commit: Commit) -> CommitFuture {
        if let Err(away) = self.reach() {
            return Box::pin(async move { Err(CommitError::RolledBack { source: away.into() }) });
        }
        if let Some(refusal) = (self.refuses)(&commit) {
            return Box::pin(async move { Err(refusal) });
        }
        let (answer, dice) = (self.inner.commit(commit), self.dice.clone());
        Box::pin(async move {
            give_way(&dice).await;
            answer.await
        })
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
        self.reach()?;
        self.inner.read_log(after, limit).await
    }
    async fn caught_up(&self) -> Result<(), StoreError> {
        self.inner.caught_up().await
    }

    async fn read_messages(&self, request: ReadMessages<'_>) -> Result<MessageBatch, StoreError> {
        self.reach()?;
        self.give_way().await;
        let answer = self.inner.read_messages(request).await;
        self.give_way().await;
        answer
    }
    async fn last_message(&self) -> Result<Position, StoreError> {
        self.give_way().await;
        self.inner.last_message().await
    }
    async fn release_due(&self, limit: usize) -> Result<Released, StoreError> {
        self.give_way().await;
        self.inner.release_due(limit).await
    }
    async fn document(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.give_way().await;
        let answer = self.inner.document(tenant, collection, id).await;
        self.give_way().await;
        answer
    }
    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        self.reach()?;
        let answer = self.inner.documents(query).await;
        self.most.fetch_max(answer.as_ref().map_or(0, Vec::len), Ordering::SeqCst);
        self.give_way().await;
        answer
    }
    async fn claimed(&self, tenant: &Tenant, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError> {
        let answer = self.inner.claimed(tenant, scope, key).await;
        self.give_way().await;
        answer
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
        let (inner, name, is_late) =
            (self.inner.clone(), name.to_owned(), self.late.swap(false, Ordering::SeqCst));
        let acquire = async move {
            if is_late {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            inner.acquire_lease(&name, holder, duration).await
        };
        let answer = if is_late { tokio::spawn(acquire).await.unwrap() } else { acquire.await };
        self.give_way().await;
        answer
    }
    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.inner.release_lease(lease).await
    }
    async fn prune(&self, what: Prune) -> Result<u64, StoreError> {
        self.inner.prune(what).await
    }
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.give_way().await;
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

/// A bus that delivers each message twice.
pub(crate) struct Stammering(pub(crate) StoreBus);

struct Twice(Box<dyn Subscription>);

#[async_trait]
impl Bus for Stammering {
    async fn publish(&self, messages: &[Envelope]) -> Vec<Result<(), BusError>> {
        self.0.publish(messages).await
    }
    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>, BusError> {
        Ok(Box::new(Twice(self.0.subscribe(group, topics).await?)))
    }
}

#[async_trait]
impl Subscription for Twice {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        let deliveries = self.0.next(max).await?;
        Ok(deliveries.into_iter().flat_map(|delivery| [delivery.clone(), delivery]).collect())
    }
    async fn ack(&mut self, receipts: &[Receipt]) -> Result<(), BusError> {
        self.0.ack(receipts).await
    }
    async fn nack(&mut self, receipts: &[Receipt]) -> Result<(), BusError> {
        self.0.nack(receipts).await
    }
    async fn close(&mut self) -> Result<(), BusError> {
        self.0.close().await
    }
}

/// What a subscription has to give right now.
pub(crate) async fn soon(subscription: &mut Box<dyn Subscription>, max: usize) -> Vec<Delivery> {
    match tokio::time::timeout(Duration::from_millis(400), subscription.next(max)).await {
        Ok(deliveries) => deliveries.unwrap(),
        Err(_) => Vec::new(),
    }
}

pub(crate) fn now(world: &World) -> Timestamp {
    world.host.now()
}
