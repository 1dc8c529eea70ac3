//! Options that make no sense do no harm.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::memory::MemoryStore;
use commerce_core::store::{Lease, MessageBatch, ReadMessages, Store, StoreError};
use commerce_core::testing::StoreAround;
use commerce_outbox::*;
use uuid::Uuid;

use crate::flowing::{FlowingWorld, seconds};
use crate::support::{Job, Running, job};

/// Counts the messages that it handles.
fn consumer(world: &FlowingWorld, options: StoreBusOptions) -> (Consumer, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    let bus = StoreBus::new(world.host.clone()).source("/shop", world.shop.clone()).options(options);
    let consumer = Consumer::new("workers", Arc::new(bus), world.store.clone(), world.host.clone());
    let consumer = consumer.on(move |_: Job, scope: Scope| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move { Ok(scope.finish()) }
    });
    (consumer, count)
}

async fn handles_what_comes(options: StoreBusOptions) {
    let world = FlowingWorld::with_partitions(2);
    let (consumer, count) = consumer(&world, options);
    let running = Running::consumer(consumer.retry_lease(options.lease));
    for number in 0..3 {
        world.send((0..10).map(|key| job(&key.to_string(), number))).await;
        seconds(60).await;
    }
    assert_eq!(count.load(Ordering::SeqCst), 30, "{options:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_window_one_message_is_handed_out_at_a_time() {
    handles_what_comes(StoreBusOptions { window: 0, ..StoreBusOptions::default() }).await;
}

#[tokio::test(start_paused = true)]
async fn what_would_last_for_ever_lasts_long() {
    let (lease, poll) = (Duration::MAX, Duration::MAX);
    handles_what_comes(StoreBusOptions { lease, poll, window: usize::MAX }).await;
}

/// A store that counts how often it is asked.
struct Asked {
    inner: MemoryStore,
    times: Arc<AtomicU32>,
}

#[async_trait]
impl StoreAround for Asked {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    async fn read_partitions(&self, requests: &[ReadMessages<'_>]) -> Result<Vec<MessageBatch>, StoreError> {
        self.times.fetch_add(1, Ordering::SeqCst);
        self.inner.read_partitions(requests).await
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        length: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.times.fetch_add(1, Ordering::SeqCst);
        self.inner.acquire_lease(name, holder, length).await
    }
}

/// In real time: where it is paused, nothing passes while someone asks without end.
#[tokio::test(flavor = "multi_thread")]
async fn no_one_asks_a_store_without_end() {
    let mut world = FlowingWorld::new();
    let times = Arc::new(AtomicU32::new(0));
    let asked = || Arc::new(Asked { inner: MemoryStore::new(world.host.clone()), times: times.clone() });
    let (shop, store) = (asked(), asked());
    (world.shop, world.store) = (shop, store);
    let options = StoreBusOptions { lease: Duration::ZERO, poll: Duration::ZERO, window: 1 };
    let (consumer, _) = consumer(&world, options);
    let running = Running::consumer(consumer.retry_lease(Duration::ZERO));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(times.load(Ordering::SeqCst) < 250, "{times:?}");
    running.stop().await;
}
