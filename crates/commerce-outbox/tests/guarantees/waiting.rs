//! Whoever waits, waits alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use commerce_outbox::*;

use crate::flowing::*;
use crate::relay::Broker;
use crate::support::{Job, Running, job};

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
