use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use commerce_core::commit::NewMessage;
use commerce_core::id::Tenant;
use commerce_core::memory::MemoryStore;
use commerce_core::store::ReadMessages;
use commerce_core::testing::TestHost;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::bus::{Receipt, StoreBus};
use crate::consumer::{Consumer, retries};
use crate::dead_letters::{DeadLetterFilter, DeadLetters, Unfinished};
use crate::retry::RetryPolicy;

/// Handles nothing until it is told to.
#[derive(Default)]
struct Stubborn(AtomicBool);

#[async_trait]
impl Handler for Stubborn {
    async fn handle(&self, _: &Envelope, scope: Scope) -> Result<Handled, HandleError> {
        if self.0.load(Ordering::SeqCst) { Ok(scope.finish()) } else { Err(HandleError::retryable("no")) }
    }
}

/// A worker, what it gets, and whoever tries again what it holds.
struct World {
    worker: Arc<Worker>,
    handler: Arc<Stubborn>,
    letters: DeadLetters,
    deliveries: Vec<Delivery>,
    _retries: JoinHandle<()>,
}

async fn world(keys: &[&str], retry: RetryPolicy) -> World {
    let host = Arc::new(TestHost::new());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(host.clone()));
    let commit = keys.iter().fold(Commit::new(), |commit, key| commit.message(NewMessage::new("t", *key)));
    store.commit(commit).await.unwrap();
    let all = ReadMessages { partition: 0, after: 0, topics: &[], limit: 9 };
    let messages = store.read_messages(all).await.unwrap().messages;
    let deliveries = messages.into_iter().map(|message| Delivery {
        receipt: Receipt { partition: 0, position: message.position },
        envelope: Envelope::from_log(&"/shop".into(), message).unwrap(),
        redelivered: false,
        may_be_handled: false,
        epoch: 1,
    });
    let handler = Arc::new(Stubborn::default());
    let bus = Arc::new(StoreBus::new(host.clone()));
    let consumer = Consumer::new("g", bus, store.clone(), host.clone()).retry(retry);
    let Consumer { handlers, options, health, .. } = consumer.on_type("t", "t", handler.clone());
    let worker = Arc::new(Worker::new("g", store.clone(), host.clone(), handlers, options, health));
    World {
        _retries: tokio::spawn(retries::run(worker.clone(), CancellationToken::new())),
        worker,
        handler,
        letters: DeadLetters::new(store, host),
        deliveries: deliveries.collect(),
    }
}

impl World {
    async fn settle(&self) {
        for delivery in &self.deliveries {
            self.worker.settle(delivery).await.unwrap();
        }
    }

    fn knows(&self, key: &str) -> bool {
        self.worker.held_keys.contains(&(Tenant::default(), key.into()))
    }

    async fn until(&self, expected: Unfinished) {
        while self.letters.unfinished(None).await.unwrap() != expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

const AT_ONCE: RetryPolicy =
    RetryPolicy { attempts: u32::MAX, first_wait: Duration::ZERO, longest_wait: Duration::ZERO };

#[tokio::test(start_paused = true)]
async fn a_key_is_forgotten_when_its_queue_is_emptied() {
    let world = world(&["a", "b", "a"], AT_ONCE).await;
    world.settle().await;
    world.until(Unfinished { waiting: 1, retrying: 2, dead: 0 }).await;
    assert!(world.knows("a") && world.knows("b"));
    world.handler.0.store(true, Ordering::SeqCst);
    world.until(Unfinished::default()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!world.knows("a") && !world.knows("b"));
}

#[tokio::test(start_paused = true)]
async fn what_others_have_emptied_is_forgotten_after_a_while() {
    let world = world(&["a", "b"], RetryPolicy { attempts: 1, ..AT_ONCE }).await;
    world.settle().await;
    world.until(Unfinished { dead: 2, ..Unfinished::default() }).await;
    let of_a = DeadLetterFilter { key: Some("a".to_owned()), ..DeadLetterFilter::default() };
    let letter = world.letters.list(&of_a, 1).await.unwrap().remove(0);
    world.letters.discard(letter.tenant(), &letter.id(), "ada", "no use").await.unwrap();
    tokio::time::sleep(Duration::from_secs(11 * 60)).await;
    assert!(!world.knows("a") && world.knows("b"));
}
