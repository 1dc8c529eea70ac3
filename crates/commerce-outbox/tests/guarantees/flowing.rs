//! A world whose clock runs with tokio's: where that is paused (`start_paused`), an hour takes no time.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::Commit;
use commerce_core::id::Tenant;
use commerce_core::memory::MemoryStore;
use commerce_core::store::{Store, partition_of};
use commerce_core::testing::TestHost;
use commerce_core::{Host, Timestamp};
use commerce_outbox::*;
use tokio::time::Instant;
use uuid::Uuid;

use crate::support::Job;

/// Time passes by itself, and can be moved on beyond that.
pub(crate) struct FlowingHost {
    began: Instant,
    ahead: TestHost,
}

impl FlowingHost {
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead.advance(by);
    }
}

impl Host for FlowingHost {
    fn now(&self) -> Timestamp {
        self.ahead.now().plus(self.began.elapsed())
    }

    fn new_id(&self) -> Uuid {
        self.ahead.new_id()
    }
}

/// A service that sends and one that handles, both with the usual leases.
pub(crate) struct FlowingWorld {
    pub(crate) host: Arc<FlowingHost>,
    pub(crate) shop: Arc<dyn Store>,
    pub(crate) store: Arc<dyn Store>,
}

impl FlowingWorld {
    pub(crate) fn new() -> Self {
        Self::with_partitions(1)
    }

    /// What is sent is divided into so many partitions.
    pub(crate) fn with_partitions(partitions: u32) -> Self {
        let host = Arc::new(FlowingHost { began: Instant::now(), ahead: TestHost::new() });
        let store = || MemoryStore::new(host.clone());
        Self { shop: Arc::new(store().with_partitions(partitions)), store: Arc::new(store()), host }
    }

    pub(crate) fn consumer(&self) -> Consumer {
        let bus = StoreBus::new(self.host.clone()).source("/shop", self.shop.clone());
        Consumer::new("workers", Arc::new(bus), self.store.clone(), self.host.clone())
    }

    /// A key of this name, whose messages lie in the last partition.
    pub(crate) fn last_key(&self, name: &str) -> String {
        let partitions = self.shop.partitions();
        let mut keys = (0..).map(|number| format!("{name}-{number}"));
        keys.find(|key| partition_of(key, partitions) == partitions - 1).unwrap()
    }

    pub(crate) async fn send(&self, jobs: impl IntoIterator<Item = Job>) {
        let add = |commit: Commit, job: Job| commit.message(job.to_message().unwrap());
        self.shop.commit(jobs.into_iter().fold(Commit::new(), add)).await.unwrap();
    }

    pub(crate) async fn unfinished(&self) -> Unfinished {
        self.dead_letters().unfinished(None).await.unwrap()
    }

    /// The first held message of a key.
    pub(crate) async fn held(&self, key: &str) -> HeldMessage {
        self.dead_letters().show(&Tenant::default(), &format!("workers/{key}/0000000000")).await.unwrap()
    }

    fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.store.clone(), self.host.clone())
    }
}

pub(crate) async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
