//! The modes of the program, except for races.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::{Commit, Conflict, DocumentWrite, Expected};
use commerce_core::store::{Lease, Store};
use commerce_outbox::{Bus, Consumer, Message, RetryPolicy, StoreBus, StoreBusOptions, SystemHost};
use commerce_saga::Orchestrator;
use tokio_util::sync::CancellationToken;

use crate::line::Line;
use crate::{depot, jobs, orders, stores};

/// A crash takes no member's share away for longer than this.
pub const LEASE: Duration = Duration::from_secs(1);
/// What a holder's lease is for.
pub const SHIFT: &str = "shift";

/// A bus over one service's store.
pub fn bus(source: &str, store: &Arc<dyn Store>, lease: Duration) -> StoreBus {
    let options = StoreBusOptions { lease, poll: Duration::from_millis(100), ..StoreBusOptions::default() };
    StoreBus::new(Arc::new(SystemHost)).source(&format!("/{source}"), store.clone()).options(options)
}

/// Attempts that follow each other soon, and many of them: a worker that is killed costs one.
pub fn retry() -> RetryPolicy {
    RetryPolicy {
        attempts: 50,
        first_wait: Duration::from_millis(20),
        longest_wait: Duration::from_millis(500),
    }
}

/// Handles jobs until it is told to stop.
pub async fn consumer(url: &str, lease: Duration, mut line: Line) {
    let [shop, works] = stores::open(url, jobs::SERVICES).await;
    let bus = Arc::new(bus("shop", &shop, lease));
    let consumer =
        Consumer::new(jobs::GROUP, bus, works, Arc::new(SystemHost)).retry(retry()).retry_lease(lease);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(consumer.on(jobs::record).run(shutdown.clone()));
    line.say("ready");
    until_told("stop", &mut line).await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    line.say("stopped");
}

/// Takes so many jobs, acknowledges them when it is told to, and leaves, believing that they are still its own.
pub async fn member(url: &str, lease: Duration, count: usize, mut line: Line) {
    let [shop] = stores::open(url, ["shop"]).await;
    let bus = bus("shop", &shop, lease);
    let mut member = bus.subscribe(jobs::GROUP, &[jobs::Job::TOPIC]).await.unwrap();
    let mut taken = Vec::new();
    while taken.len() < count {
        let deliveries = member.next(count - taken.len()).await.unwrap();
        taken.extend(deliveries.iter().map(|delivery| delivery.receipt));
    }
    line.say("took");
    until_told("acknowledge", &mut line).await;
    member.ack(&taken).await.unwrap();
    member.close().await.unwrap();
    line.say("left");
}

/// Waits for the lease, and writes under its token when it is told to: its name into a document that anyone may
/// overwrite.
pub async fn holder(url: &str, duration: Duration, mut line: Line) {
    let [shop] = stores::open(url, ["shop"]).await;
    let name = SystemHost.new_id();
    let lease: Lease = loop {
        match shop.acquire_lease(SHIFT, name, duration).await.unwrap() {
            Some(lease) => break lease,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    line.say(&format!("holds {}", lease.token));
    loop {
        until_told("write", &mut line).await;
        let body = format!("{}", lease.token).into_bytes();
        let write = DocumentWrite::put("shifts", SHIFT, Expected::Any, body);
        match shop.commit(Commit::new().document(write).fenced_by(&lease)).await {
            Ok(_) => line.say("written"),
            Err(error) => match error.conflict() {
                Some(Conflict::Fenced { .. }) => line.say("refused"),
                _ => panic!("{error}"),
            },
        }
    }
}

/// Carries sagas on, from replies and from timers, until it is told to stop.
pub async fn shop(url: &str, mut line: Line) {
    let [shop, depot, bank] = stores::open(url, orders::SERVICES).await;
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let orchestrator = Orchestrator::new(shop.clone(), host.clone()).register(orders::saga(&bank));
    let replies = Arc::new(bus("depot", &depot, LEASE));
    let consumer = Consumer::new("shop", replies, shop, host).retry(retry()).retry_lease(LEASE);
    let consumer = orchestrator.attach(consumer, orders::REPLIES);
    let shutdown = CancellationToken::new();
    let timers = {
        let (orchestrator, shutdown) = (orchestrator.clone(), shutdown.clone());
        tokio::spawn(async move { orchestrator.run_timers(shutdown).await })
    };
    let running = tokio::spawn(consumer.run(shutdown.clone()));
    line.say("ready");
    until_told("stop", &mut line).await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    timers.await.unwrap();
    line.say("stopped");
}

/// Does what sagas ask for, until it is told to stop.
pub async fn depot(url: &str, mut line: Line) {
    let [shop, depot] = stores::open(url, ["shop", "depot"]).await;
    let requests = Arc::new(bus("shop", &shop, LEASE));
    let consumer =
        Consumer::new("depot", requests, depot, Arc::new(SystemHost)).retry(retry()).retry_lease(LEASE);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(depot::attach(consumer).run(shutdown.clone()));
    line.say("ready");
    until_told("stop", &mut line).await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    line.say("stopped");
}

async fn until_told(what: &str, line: &mut Line) {
    assert_eq!(line.hear().await, what);
}
