//! Whoever waits, waits alone.

use std::sync::atomic::Ordering;

use commerce_outbox::*;

use crate::flowing::*;
use crate::relay::Broker;
use crate::support::{Running, job};

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
