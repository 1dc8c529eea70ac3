//! A source or a bus that is out of reach: what is well goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::Timestamp;
use commerce_core::commit::{Commit, CommitError};
use commerce_core::store::*;
use commerce_core::stream::Position;
use commerce_core::testing::StoreAround;
use commerce_outbox::*;
use uuid::Uuid;

use crate::store::new_store;
use crate::support::*;

/// A store that can't be reached while it is `down`.
struct Falling {
    store: Arc<dyn Store>,
    down: Arc<AtomicBool>,
}

impl Falling {
    fn reach(&self) -> Result<(), StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { source: "it is down".into() });
        }
        Ok(())
    }
}

#[async_trait]
impl StoreAround for Falling {
    fn inner(&self) -> &dyn Store {
        &*self.store
    }
    fn commit(&self, commit: Commit) -> CommitFuture {
        match self.reach() {
            Ok(()) => self.store.commit(commit),
            Err(error) => Box::pin(async { Err(CommitError::RolledBack { source: error.into() }) }),
        }
    }
    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        length: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.reach()?;
        self.store.acquire_lease(name, holder, length).await
    }
    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.reach()?;
        self.store.release_lease(lease).await
    }
    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        self.reach()?;
        self.store.documents(query).await
    }
    async fn read_messages(&self, request: ReadMessages<'_>) -> Result<MessageBatch, StoreError> {
        self.reach()?;
        self.store.read_messages(request).await
    }
    async fn read_partitions(&self, requests: &[ReadMessages<'_>]) -> Result<Vec<MessageBatch>, StoreError> {
        self.reach()?;
        self.store.read_partitions(requests).await
    }
    async fn release_due(&self, limit: usize) -> Result<Released, StoreError> {
        self.reach()?;
        self.store.release_due(limit).await
    }
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.reach()?;
        self.store.now().await
    }
    async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError> {
        self.reach()?;
        self.store.checkpoint(reader).await
    }
    async fn last_message(&self) -> Result<Position, StoreError> {
        self.reach()?;
        self.store.last_message().await
    }
}

/// A consumer of the shop and of another service, and what has that one's store fall.
async fn of_two(world: &World, falling_first: bool) -> (Running, Arc<dyn Store>, Arc<AtomicBool>) {
    let down = Arc::new(AtomicBool::new(false));
    let other = new_store(world.host.clone(), world.shop.partitions()).await;
    let falling = Arc::new(Falling { store: other.clone(), down: down.clone() });
    let bus = StoreBus::new(world.host.clone()).options(world.options);
    let bus = if falling_first {
        bus.source("/other", falling).source("/shop", world.shop.clone())
    } else {
        bus.source("/shop", world.shop.clone()).source("/other", falling)
    };
    let running = Running::consumer(world.consumer_on(Arc::new(bus)).on(record));
    (running, other, down)
}

async fn send_to(store: &Arc<dyn Store>, job: &Job) {
    store.commit(Commit::new().message(job.to_message().unwrap())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_down_holds_up_no_other_and_is_read_again_when_it_is_back() {
    for (falling_first, partitions) in [(true, 1), (false, 1), (true, 4), (false, 4)] {
        let world = World::new(partitions).await;
        let (running, other, down) = of_two(&world, falling_first).await;
        world.send(job("a", 1)).await;
        send_to(&other, &job("b", 1)).await;
        world.until_effects("a", &[1]).await;
        world.until_effects("b", &[1]).await;
        down.store(true, Ordering::SeqCst);
        send_to(&other, &job("b", 2)).await;
        for number in 2..=5 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            world.send(job("a", number)).await;
        }
        world.until_effects("a", &[1, 2, 3, 4, 5]).await;
        assert_eq!(world.effects("b").await, [1]);
        down.store(false, Ordering::SeqCst);
        world.until_effects("b", &[1, 2]).await;
        running.stop().await;
    }
}

/// With one attempt, what is suspected is dead at once.
#[tokio::test(flavor = "multi_thread")]
async fn who_ends_while_a_source_is_down_leaves_the_others_in_good_order() {
    let world = World::new(1).await;
    let (running, _, down) = of_two(&world, true).await;
    let all: Vec<u32> = (1..=20).collect();
    for number in &all {
        world.send(job("a", *number)).await;
    }
    world.until_effects("a", &all).await;
    down.store(true, Ordering::SeqCst);
    running.end().await.unwrap_err();
    let last = positions(&world.shop).await.pop().unwrap();
    for mark in ["group/workers/0", "taken/workers/0"] {
        assert_eq!(world.shop.checkpoint(mark).await.unwrap(), last, "{mark}");
    }
    let next = world.shop.acquire_lease("bus/workers/0", Uuid::from_u128(7), LATER).await.unwrap();
    assert!(next.is_some(), "its lease is still held");
}

/// A broker that misses the first of what it is told.
struct Absent {
    bus: StoreBus,
    misses: Arc<AtomicBool>,
}

struct OfAbsent {
    subscription: Box<dyn Subscription>,
    misses: Arc<AtomicBool>,
}

#[async_trait]
impl Bus for Absent {
    async fn publish(&self, messages: &[Envelope]) -> Vec<Result<(), BusError>> {
        self.bus.publish(messages).await
    }
    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>, BusError> {
        let subscription = self.bus.subscribe(group, topics).await?;
        Ok(Box::new(OfAbsent { subscription, misses: self.misses.clone() }))
    }
}

#[async_trait]
impl Subscription for OfAbsent {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        self.subscription.next(max).await
    }
    async fn ack(&mut self, receipts: &[Receipt]) -> Result<(), BusError> {
        if !receipts.is_empty() && self.misses.swap(false, Ordering::SeqCst) {
            return Err(BusError::Unavailable { source: "it restarts".into() });
        }
        self.subscription.ack(receipts).await
    }
    async fn nack(&mut self, receipts: &[Receipt]) -> Result<(), BusError> {
        self.subscription.nack(receipts).await
    }
    async fn close(&mut self) -> Result<(), BusError> {
        self.subscription.close().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_misses_what_is_done_is_told_again() {
    let world = World::new(1).await;
    let misses = Arc::new(AtomicBool::new(true));
    let bus = Arc::new(Absent { bus: world.bus(), misses: misses.clone() });
    let running = Running::consumer(world.consumer_on(bus).on(record));
    world.send(job("a", 1)).await;
    world.until_effects("a", &[1]).await;
    let last = positions(&world.shop).await.pop().unwrap();
    until(async || world.shop.checkpoint("group/workers/0").await.unwrap() == last).await;
    assert!(!misses.load(Ordering::SeqCst));
    world.send(job("a", 2)).await;
    world.until_effects("a", &[1, 2]).await;
    running.stop().await;
}
