//! A source that gives no answer at all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::Timestamp;
use commerce_core::commit::Commit;
use commerce_core::memory::MemoryStore;
use commerce_core::store::*;
use commerce_core::stream::Position;
use commerce_core::testing::StoreAround;
use commerce_outbox::*;
use tokio::time::Instant;
use uuid::Uuid;

use crate::flowing::*;
use crate::support::{Job, Running, job};

/// A store that answers nothing while it is `silent`.
struct Silent {
    store: Arc<dyn Store>,
    silent: Arc<AtomicBool>,
}

impl Silent {
    async fn heard(&self) {
        heard(&self.silent).await;
    }
}

async fn heard(silent: &AtomicBool) {
    while silent.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[async_trait]
impl StoreAround for Silent {
    fn inner(&self) -> &dyn Store {
        &*self.store
    }
    fn commit(&self, commit: Commit) -> CommitFuture {
        let (store, silent) = (self.store.clone(), self.silent.clone());
        Box::pin(async move {
            heard(&silent).await;
            store.commit(commit).await
        })
    }
    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        length: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.heard().await;
        self.store.acquire_lease(name, holder, length).await
    }
    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        self.heard().await;
        self.store.documents(query).await
    }
    async fn read_partitions(&self, requests: &[ReadMessages<'_>]) -> Result<Vec<MessageBatch>, StoreError> {
        self.heard().await;
        self.store.read_partitions(requests).await
    }
    async fn release_due(&self, limit: usize) -> Result<Released, StoreError> {
        self.heard().await;
        self.store.release_due(limit).await
    }
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.heard().await;
        self.store.now().await
    }
    async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError> {
        self.heard().await;
        self.store.checkpoint(reader).await
    }
    async fn last_message(&self) -> Result<Position, StoreError> {
        self.heard().await;
        self.store.last_message().await
    }
}

/// Two messages a second for five minutes: while the source is found silent they wait, but most of the time it is let alone.
#[tokio::test(start_paused = true)]
async fn a_source_that_says_nothing_holds_up_the_others_for_a_small_part_of_the_time() {
    let world = FlowingWorld::new();
    let (silent, other) = (Arc::new(AtomicBool::new(false)), Arc::new(MemoryStore::new(world.host.clone())));
    let bus = StoreBus::new(world.host.clone())
        .source("/shop", world.shop.clone())
        .source("/other", Arc::new(Silent { store: other.clone(), silent: silent.clone() }));
    let handled = Arc::new(Mutex::new(Vec::new()));
    let noted = handled.clone();
    let consumer = Consumer::new("workers", Arc::new(bus), world.store.clone(), world.host.clone());
    let running = Running::consumer(consumer.on(move |job: Job, scope: Scope| {
        noted.lock().unwrap().push((job.number, Instant::now()));
        async move { Ok(scope.finish()) }
    }));
    seconds(2).await;
    silent.store(true, Ordering::SeqCst);
    let mut sent = Vec::new();
    for number in 0..600 {
        sent.push(Instant::now());
        world.send([job(&number.to_string(), number)]).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    seconds(30).await;
    let waits: Vec<_> =
        handled.lock().unwrap().iter().map(|(number, at)| *at - sent[*number as usize]).collect();
    assert_eq!(waits.len(), 600);
    let late = waits.iter().filter(|wait| **wait > Duration::from_secs(1)).count();
    assert!(late < 150, "{late} of 600 came late");
    assert!(waits.iter().all(|wait| *wait < Duration::from_secs(12)), "{:?}", waits.iter().max());

    silent.store(false, Ordering::SeqCst);
    other.commit(Commit::new().message(job("back", 600).to_message().unwrap())).await.unwrap();
    seconds(40).await;
    assert_eq!(handled.lock().unwrap().last().unwrap().0, 600);
    running.stop().await;
}
