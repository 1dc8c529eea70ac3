//! Whoever waits, waits alone.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use commerce_outbox::*;

use crate::flowing::*;
use crate::relay::Broker;
use crate::support::{Job, Running, job};

/// Which messages were handled, of which key, in order.
pub(crate) type Seen = Arc<Mutex<Vec<(String, u32)>>>;

/// A relay never gives a message up: the others must get by all the same, however many they are.
#[tokio::test(start_paused = true)]
async fn a_message_that_a_broker_refuses_holds_up_no_other_key() {
    let (world, broker) = (FlowingWorld::new(), Broker::new(0));
    broker.refuses_bad.store(true, Ordering::SeqCst);
    world.send([job("bad", 0)]).await;
    world.send((0..1_000).map(|number| job("good", number))).await;
    let options = StoreBusOptions { window: 100, ..StoreBusOptions::default() };
    let relay = Relay::new(("/shop", world.shop.clone()), broker.clone(), world.host.clone());
    let running = Running::relay(relay.options(options));
    seconds(60).await;
    assert_eq!(broker.numbers("good").len(), 1_000);
    broker.refuses_bad.store(false, Ordering::SeqCst);
    seconds(60).await;
    assert_eq!(broker.numbers("bad"), [0]);
    running.stop().await;
}

/// A consumer that takes a second for each message of the key "slow", and counts those of others.
fn at_a_second_each(consumer: Consumer) -> (Running, Arc<AtomicU32>) {
    let others = Arc::new(AtomicU32::new(0));
    let counted = others.clone();
    let running = Running::consumer(consumer.on(move |job: Job, scope: Scope| {
        let counted = counted.clone();
        async move {
            if job.key == "slow" {
                seconds(1).await;
            } else {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            Ok(scope.finish())
        }
    }));
    (running, others)
}

#[tokio::test(start_paused = true)]
async fn a_slow_key_holds_up_no_other_while_workers_have_nothing_to_do() {
    for concurrency in [2, 64] {
        let world = FlowingWorld::new();
        world.send((0..3_000).map(|number| job("slow", number))).await;
        world.send((0..3_000).map(|number| job("fast", number))).await;
        let (running, others) = at_a_second_each(world.consumer().concurrency(concurrency));
        seconds(2).await;
        assert_eq!(others.load(Ordering::SeqCst), 3_000, "at a concurrency of {concurrency}");
        running.stop().await;
    }
}

/// What is taken has to be kept, and may be suspected later: there is an end to it.
#[tokio::test(start_paused = true)]
async fn a_slow_key_fills_its_consumers_window_in_the_end() {
    let world = FlowingWorld::new();
    world.send((0..4_200).map(|number| job("slow", number))).await;
    world.send([job("fast", 0)]).await;
    let (running, others) = at_a_second_each(world.consumer());
    seconds(50).await;
    assert_eq!(others.load(Ordering::SeqCst), 0);
    seconds(150).await;
    assert_eq!(others.load(Ordering::SeqCst), 1);
    running.stop().await;
}

/// A consumer that takes a second for each message of a key that is called slow, and writes down what it has handled.
pub(crate) fn that_writes_down(consumer: Consumer, seen: &Seen) -> Running {
    let seen = seen.clone();
    Running::consumer(consumer.on(move |job: Job, scope: Scope| {
        let seen = seen.clone();
        async move {
            if job.key.starts_with("slow") {
                seconds(1).await;
            }
            seen.lock().unwrap().push((job.key, job.number));
            Ok(scope.finish())
        }
    }))
}

fn numbers(seen: &Seen, key: &str) -> Vec<u32> {
    let seen = seen.lock().unwrap();
    seen.iter().filter(|(of, _)| of == key).map(|(_, number)| *number).collect()
}

/// What waits for its key in one member would keep the partition from the other, and both from reading it.
#[tokio::test(start_paused = true)]
async fn a_slow_key_holds_up_no_other_while_its_partition_changes_hands() {
    for concurrency in [2, 64] {
        let (world, seen) = (FlowingWorld::with_partitions(2), Seen::default());
        let (slow, fast) = (world.last_key("slow"), world.last_key("fast"));
        let member = || that_writes_down(world.consumer().concurrency(concurrency), &seen);
        world.send((0..3_000).map(|number| job(&slow, number))).await;
        let first = member();
        seconds(5).await;
        let second = member();
        seconds(8).await;
        world.send([job(&fast, 0)]).await;
        seconds(2).await;
        assert_eq!(numbers(&seen, &fast), [0], "at a concurrency of {concurrency}");
        first.stop().await;
        seconds(20).await;
        second.stop().await;
        let done = numbers(&seen, &slow);
        assert!(done.len() > 25 && done.iter().copied().eq(0..done.len() as u32), "{done:?}");
        assert_eq!(world.unfinished().await, Unfinished::default());
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_a_broker_refuses_holds_up_no_other_key_while_its_partition_changes_hands() {
    // So many that the key "bad" is in the last partition, whatever the number of a relay's workers.
    let (world, broker) = (FlowingWorld::with_partitions(15), Broker::new(0));
    let good = world.last_key("good");
    broker.refuses_bad.store(true, Ordering::SeqCst);
    world.send((0..50).map(|number| job("bad", number))).await;
    let relay = || {
        let relay = Relay::new(("/shop", world.shop.clone()), broker.clone(), world.host.clone());
        Running::relay(relay)
    };
    let first = relay();
    seconds(5).await;
    let second = relay();
    seconds(8).await;
    world.send([job(&good, 0)]).await;
    seconds(2).await;
    assert_eq!(broker.numbers(&good), [0]);
    broker.refuses_bad.store(false, Ordering::SeqCst);
    seconds(60).await;
    assert_eq!(broker.numbers("bad"), (0..50).collect::<Vec<_>>());
    first.stop().await;
    second.stop().await;
}
