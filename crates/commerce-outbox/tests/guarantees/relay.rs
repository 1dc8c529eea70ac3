use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use commerce_outbox::*;
use uuid::Uuid;

use crate::support::*;

/// A broker that writes down what it gets, and refuses what it is told to.
pub(crate) struct Broker {
    published: Mutex<Vec<(String, u32, Uuid)>>,
    pub(crate) refuses_bad: AtomicBool,
    dice: Dice,
    /// One publication in so many fails.
    fails: u32,
}

impl Broker {
    pub(crate) fn new(fails: u32) -> Arc<Self> {
        Arc::new(Self {
            published: Mutex::default(),
            refuses_bad: AtomicBool::new(false),
            dice: Dice::new(5),
            fails,
        })
    }

    fn count(&self) -> usize {
        self.published.lock().unwrap().len()
    }

    pub(crate) fn numbers(&self, key: &str) -> Vec<u32> {
        let published = self.published.lock().unwrap();
        published.iter().filter(|(k, _, _)| k == key).map(|(_, number, _)| *number).collect()
    }
}

#[async_trait]
impl Bus for Broker {
    async fn publish(&self, messages: &[Envelope]) -> Vec<Result<(), BusError>> {
        let keys: BTreeSet<_> = messages.iter().map(|message| message.key.clone()).collect();
        assert_eq!(keys.len(), messages.len(), "one of a key at a time");
        tokio::task::yield_now().await;
        let mut results = Vec::new();
        for message in messages {
            let job: Job = message.body().unwrap();
            let refused = self.refuses_bad.load(Ordering::SeqCst) && job.key == "bad";
            if refused || (self.fails > 0 && self.dice.hit(self.fails)) {
                results.push(Err(BusError::Unavailable { source: "the broker is away".into() }));
            } else {
                self.published.lock().unwrap().push((job.key, job.number, message.id));
                results.push(Ok(()));
            }
        }
        results
    }
    async fn subscribe(&self, _: &str, _: &[&str]) -> Result<Box<dyn Subscription>, BusError> {
        Err(BusError::Unavailable { source: "no one listens".into() })
    }
}

pub(crate) fn relay(world: &World, to: Arc<dyn Bus>) -> Relay {
    let policy = RetryPolicy {
        attempts: 2,
        first_wait: Duration::from_millis(2),
        longest_wait: Duration::from_millis(20),
    };
    Relay::new(("/shop", world.shop.clone()), to, world.host.clone()).retry(policy).options(world.options)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_published_in_order_though_the_broker_fails() {
    let world = World::new(4).await.yielding();
    for number in 0..500 {
        world.send(job(&format!("key-{}", number % 20), number)).await;
    }
    let broker = Broker::new(4);
    let running = Running::relay(relay(&world, broker.clone()));
    until(async || broker.count() >= 500).await;
    running.stop().await;
    for key in 0..20 {
        let expected: Vec<u32> = (0..500).filter(|number| number % 20 == key).collect();
        assert_eq!(broker.numbers(&format!("key-{key}")), expected);
    }
    // The cursor has passed all of it.
    let again = Broker::new(0);
    let running = Running::relay(relay(&world, again.clone()));
    world.send(job("last", 1)).await;
    until(async || again.count() >= 1).await;
    running.stop().await;
    assert_eq!(again.numbers("last"), [1]);
    assert_eq!(again.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_waits_alone_and_the_cursor_with_it() {
    let world = World::new(1).await;
    let broker = Broker::new(0);
    broker.refuses_bad.store(true, Ordering::SeqCst);
    for number in 1..=5 {
        world.send(job("good", number)).await;
        world.send(job("bad", number)).await;
    }
    let positions = positions(&world.shop).await;
    let running = Running::relay(relay(&world, broker.clone()));
    until(async || broker.numbers("good") == [1, 2, 3, 4, 5]).await;
    let cursor = async || world.shop.checkpoint("group/relay/0").await.unwrap();
    let before_bad = positions[0]..positions[1];
    until(async || before_bad.contains(&cursor().await)).await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(before_bad.contains(&cursor().await));
    assert!(broker.numbers("bad").is_empty());
    broker.refuses_bad.store(false, Ordering::SeqCst);
    until(async || broker.numbers("bad") == [1, 2, 3, 4, 5]).await;
    until(async || cursor().await == positions[9]).await;
    running.stop().await;
    assert_eq!(broker.count(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_relay_loses_nothing_and_repeats_only_under_the_same_ids() {
    let world = World::new(2).await.yielding();
    let broker = Broker::new(3);
    let mut number = 0;
    for _ in 0..3 {
        for _ in 0..100 {
            world.send(job(&format!("key-{}", number % 10), number)).await;
            number += 1;
        }
        let before = broker.count();
        let running = Running::relay(relay(&world, broker.clone()));
        until(async || broker.count() >= before + 30).await;
        running.crash().await;
        world.host.advance(LATER);
    }
    let running = Running::relay(relay(&world, broker.clone()));
    let ids = || {
        let published = broker.published.lock().unwrap();
        published.iter().map(|(_, number, id)| (*number, *id)).collect::<BTreeSet<_>>()
    };
    until(async || ids().len() >= 300).await;
    running.stop().await;
    assert_eq!(ids().into_iter().collect::<BTreeMap<_, _>>().len(), 300, "a number under two ids");
    assert_eq!(ids().len(), 300);
    for key in 0..10 {
        // First publications come in order.
        let mut numbers = broker.numbers(&format!("key-{key}"));
        let mut seen = BTreeSet::new();
        numbers.retain(|number| seen.insert(*number));
        assert!(numbers.is_sorted());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_relay_each_message_takes_effect_once() {
    let (world, other) = (World::new(2).await, World::new(3).await);
    let to: Arc<dyn Bus> = Arc::new(other.bus());
    for number in 0..200 {
        world.send(job(&format!("key-{}", number % 4), number)).await;
    }
    let consumer = Running::consumer(other.consumer().on(record));
    for _ in 0..2 {
        let running = Running::relay(relay(&world, to.clone()));
        until(async || messages(&other.shop).await.len() > 20).await;
        running.crash().await;
        world.host.advance(LATER);
    }
    let running = Running::relay(relay(&world, to));
    for key in 0..4 {
        let expected: Vec<u32> = (0..200).filter(|number| number % 4 == key).collect();
        other.until_effects(&format!("key-{key}"), &expected).await;
    }
    running.stop().await;
    consumer.stop().await;
}
