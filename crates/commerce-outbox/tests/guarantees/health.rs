//! Who carries messages says when it can't.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use commerce_core::commit::{Commit, Expected, NewEvent};
use commerce_core::stream::StreamId;
use commerce_outbox::{
    Ailment, Bus, BusError, Ending, Envelope, Health, Publication, READING, Relay, Subscription,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::flowing::{FlowingWorld, seconds};
use crate::relay::{Broker, relay};
use crate::support::*;

fn fails(health: &Health, what: &str) -> bool {
    matches!(health.check(), Err(Ailment::Failing { what: failing, .. }) if failing == what)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_is_ill_while_the_bus_is_away_and_well_without_any_message_once_it_is_back() {
    let mut world = World::new(4).await;
    let shop = Yielding::new(world.shop.clone());
    let away = shop.away.clone();
    world.shop = Arc::new(shop);
    let health = Health::new();
    let running = Running::consumer(world.consumer().report_to(&health).on(record));
    until(async || health.check().is_ok()).await;
    away.store(true, Ordering::SeqCst);
    until(async || fails(&health, READING)).await;
    away.store(false, Ordering::SeqCst);
    until(async || health.check().is_ok()).await;
    running.stop().await;
    assert_eq!(health.check(), Err(Ailment::Ended { how: Ending::Orderly }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_is_ill_while_it_cannot_write_what_it_handled() {
    let mut world = World::new(1).await;
    let store = Yielding::new(world.store.clone());
    let away = store.away.clone();
    world.store = Arc::new(store);
    let health = Health::new();
    let running = Running::consumer(world.consumer().report_to(&health).on(record));
    until(async || health.check().is_ok()).await;
    away.store(true, Ordering::SeqCst);
    world.send(job("a", 1)).await;
    until(async || health.check().is_err()).await;
    away.store(false, Ordering::SeqCst);
    world.until_effects("a", &[1]).await;
    until(async || health.check().is_ok()).await;
    running.crash().await;
    assert_eq!(health.check(), Err(Ailment::Ended { how: Ending::Dropped }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_fails_is_no_ailment() {
    let world = World::new(1).await;
    let health = Health::new();
    let consumer = world
        .consumer()
        .report_to(&health)
        .on(|_: Job, _| async { Err(commerce_outbox::HandleError::terminal("no")) });
    let running = Running::consumer(consumer);
    world.send(job("a", 1)).await;
    world.until_dead(1).await;
    assert_eq!(health.check(), Ok(()));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_is_ill_while_its_broker_takes_nothing() {
    let world = World::new(2).await;
    let broker = Broker::new(0);
    broker.refuses_bad.store(true, Ordering::SeqCst);
    let health = Health::new();
    let running = Running::relay(relay(&world, broker.clone()).report_to(&health));
    until(async || health.check().is_ok()).await;
    world.send(job("bad", 1)).await;
    until(async || fails(&health, "publishing messages")).await;
    broker.refuses_bad.store(false, Ordering::SeqCst);
    until(async || broker.numbers("bad") == [1]).await;
    until(async || health.check().is_ok()).await;
    running.stop().await;
    assert_eq!(health.check(), Err(Ailment::Ended { how: Ending::Orderly }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_is_ill_while_its_store_is_away_and_ends_at_what_it_cannot_read() {
    let world = World::new(1).await;
    let shop = Yielding::new(world.shop.clone());
    let away = shop.away.clone();
    let health = Health::new();
    let publication = Publication::new(Arc::new(shop), "jobs.events").report_to(&health);
    let running = tokio::spawn(publication.run(CancellationToken::new()));
    until(async || health.check().is_ok()).await;
    away.store(true, Ordering::SeqCst);
    until(async || fails(&health, "publishing events")).await;
    away.store(false, Ordering::SeqCst);
    until(async || health.check().is_ok()).await;
    let damaged = NewEvent { event_type: "Done".into(), schema: 1, payload: b"{".to_vec() };
    let commit = Commit::new().append(StreamId::new("job", 1), Expected::ABSENT, vec![damaged]);
    world.shop.commit(commit).await.unwrap();
    running.await.unwrap().unwrap_err();
    assert_eq!(health.check(), Err(Ailment::Ended { how: Ending::Failed }));
}

/// A broker that answers when it is told to.
#[derive(Default)]
struct SilentBroker {
    answer: Notify,
    answered: AtomicBool,
}

#[async_trait]
impl Bus for SilentBroker {
    async fn publish(&self, messages: &[Envelope]) -> Vec<Result<(), BusError>> {
        self.answer.notified().await;
        assert!(!self.answered.swap(true, Ordering::SeqCst), "what has no answer yet is not sent again");
        messages.iter().map(|_| Ok(())).collect()
    }
    async fn subscribe(&self, _: &str, _: &[&str]) -> Result<Box<dyn Subscription>, BusError> {
        Err(BusError::Unavailable { source: "no one listens".into() })
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_is_ill_while_its_broker_is_silent_and_well_once_it_answers() {
    let (world, broker) = (FlowingWorld::new(), Arc::new(SilentBroker::default()));
    let health = Health::new();
    let relay = Relay::new(("/shop", world.shop.clone()), broker.clone(), world.host.clone());
    let running = Running::relay(relay.report_to(&health));
    seconds(3_600).await;
    assert_eq!(health.check(), Ok(()), "it has nothing to publish");
    world.send([job("a", 1)]).await;
    seconds(5).await;
    assert_eq!(health.check(), Ok(()));
    seconds(10).await;
    assert!(fails(&health, "publishing messages"));
    seconds(3_600).await;
    assert!(fails(&health, "publishing messages"));
    broker.answer.notify_one();
    seconds(1).await;
    assert_eq!(health.check(), Ok(()));
    running.stop().await;
}
