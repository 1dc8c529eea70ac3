//! How fast a relay empties an outbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use commerce_core::Host;
use commerce_core::commit::{Commit, NewMessage};
use commerce_outbox::{Bus, BusError, Envelope, Relay, Subscription, SystemHost};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::on_postgres;
use crate::basket::Item;
use crate::bench::Bench;
use crate::fill;
use crate::harness::{Measure, at_least};
use crate::stand::{Kind, Stand};

const ABOUT: &str = "**Relay**: one relay publishes messages of a filled outbox, each of a key of its own, to a bus that \
    does nothing. Messages per second from its start to the last publication, cursors included.";

/// So many for each second that a measurement is to last.
const MESSAGES: usize = 100_000;
/// So many are written by one commit.
const TOGETHER: usize = 100;

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let name = format!("{}/relay/throughput", kind.name());
    let goal = on_postgres(kind, at_least(200_000.0));
    vec![Measure::rate(name, "messages", move |bench| throughput(bench, kind)).about(ABOUT).goal(goal)]
}

async fn throughput(bench: Arc<Bench>, kind: Kind) -> f64 {
    let stand = Stand::open(&bench, kind).await;
    let commits = (bench.seconds.as_secs_f64().max(0.1) * MESSAGES as f64) as usize / TOGETHER;
    let wanted = commits * TOGETHER;
    fill::fill(&stand.store, (0..commits).map(|_| messages()), 64).await;
    stand.settle().await;
    let sink = Arc::new(Sink { wanted, ..Sink::default() });
    let shutdown = CancellationToken::new();
    let relay = Relay::new(("/bench", stand.store.clone()), sink.clone(), Arc::new(SystemHost));
    let start = Instant::now();
    let relay = tokio::spawn(relay.run(shutdown.clone()));
    sink.all.notified().await;
    let elapsed = start.elapsed();
    shutdown.cancel();
    relay.await.unwrap().unwrap();
    assert_eq!(sink.count.load(Ordering::Relaxed), wanted);
    stand.close().await;
    wanted as f64 / elapsed.as_secs_f64()
}

fn messages() -> Commit {
    (0..TOGETHER).fold(Commit::new(), |commit, number| {
        let message = NewMessage::new("orders", SystemHost.new_id().to_string()).of_type("order.placed");
        commit.message(message.payload(Item::number(number as u64).json()))
    })
}

/// Takes everything, and says when it has all that is wanted.
#[derive(Default)]
struct Sink {
    wanted: usize,
    count: AtomicUsize,
    all: Notify,
}

#[async_trait]
impl Bus for Sink {
    async fn publish(&self, messages: &[Envelope]) -> Vec<Result<(), BusError>> {
        let before = self.count.fetch_add(messages.len(), Ordering::Relaxed);
        if before + messages.len() >= self.wanted {
            self.all.notify_one();
        }
        messages.iter().map(|_| Ok(())).collect()
    }

    async fn subscribe(&self, _: &str, _: &[&str]) -> Result<Box<dyn Subscription>, BusError> {
        unreachable!("no one subscribes")
    }
}
