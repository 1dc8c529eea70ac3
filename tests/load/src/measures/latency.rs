//! How long after its commit a message is published.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use commerce_core::Host;
use commerce_core::commit::NewMessage;
use commerce_outbox::{Bus, BusError, Envelope, Relay, Subscription, SystemHost};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::commits::one_event;
use super::if_durable;
use crate::basket::Item;
use crate::bench::Bench;
use crate::harness::{Figure, Measure, Unit, at_most};
use crate::stand::{Kind, Stand};

const ABOUT: &str = "**From commit to publication**: eighty commits a second, at random moments, of an event and a message \
    each, while a relay runs. `after-answer`: from the moment the writer knows that its commit is durable until the bus is \
    handed the message (a message that is there before the writer knows counts as zero). `after-call`: from the moment \
    the writer hands its commit over. For five seconds at least, so that a hundredth is a few messages.";

/// On average, in milliseconds: eighty commits a second.
const EVERY: f64 = 12.5;
const AT_LEAST: Duration = Duration::from_secs(5);
/// For the relay to take its leases, and in the end for the last message.
const GRACE: Duration = Duration::from_millis(500);

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let figure = |name| Figure::new(name, Unit::Milliseconds);
    let goal = |most| if_durable(kind, at_most(most));
    let figures = vec![
        figure("after-answer/p50").goal(goal(0.3)),
        figure("after-answer/p99").goal(goal(1.0)),
        figure("after-call/p50"),
        figure("after-call/p99"),
    ];
    let name = format!("{}/relay/latency", kind.name());
    vec![Measure::several(name, figures, move |bench| latency(bench, kind)).about(ABOUT)]
}

async fn latency(bench: Arc<Bench>, kind: Kind) -> Vec<f64> {
    let stand = Stand::open(&bench, kind).await;
    let sink = Arc::new(Sink::default());
    let shutdown = CancellationToken::new();
    let relay = Relay::new(("/bench", stand.store.clone()), sink.clone(), Arc::new(SystemHost));
    let relay = tokio::spawn(relay.run(shutdown.clone()));
    tokio::time::sleep(GRACE).await;
    let written = write(&stand, bench.seconds.max(AT_LEAST)).await;
    tokio::time::sleep(GRACE).await;
    shutdown.cancel();
    relay.await.unwrap().unwrap();
    stand.close().await;
    let published = sink.0.lock().unwrap();
    let mut after_answer = Vec::new();
    let mut after_call = Vec::new();
    for Written { key, called, answered } in written {
        let published = published.get(&key).expect("every message is published in time");
        after_answer.push(milliseconds(*published, answered));
        after_call.push(milliseconds(*published, called));
    }
    [after_answer, after_call].into_iter().flat_map(|times| percentiles(times, [0.5, 0.99])).collect()
}

struct Written {
    key: String,
    called: Instant,
    answered: Instant,
}

async fn write(stand: &Stand, duration: Duration) -> Vec<Written> {
    let start = Instant::now();
    let mut writers = JoinSet::new();
    while start.elapsed() < duration {
        let pause = Duration::from_secs_f64(fastrand::f64() * 2.0 * EVERY / 1_000.0);
        tokio::time::sleep(pause).await;
        let store = stand.store.clone();
        writers.spawn(async move {
            let key = SystemHost.new_id().to_string();
            let message = NewMessage::new("orders", key.clone()).payload(Item::number(1).json());
            let commit = one_event().message(message);
            let called = Instant::now();
            store.commit(commit).await.unwrap();
            Written { key, called, answered: Instant::now() }
        });
    }
    writers.join_all().await
}

fn milliseconds(later: Instant, earlier: Instant) -> f64 {
    later.saturating_duration_since(earlier).as_secs_f64() * 1_000.0
}

fn percentiles(mut values: Vec<f64>, shares: [f64; 2]) -> [f64; 2] {
    values.sort_by(f64::total_cmp);
    shares.map(|share| values[((values.len() - 1) as f64 * share) as usize])
}

/// Notes when each key's message came.
#[derive(Default)]
struct Sink(Mutex<HashMap<String, Instant>>);

#[async_trait]
impl Bus for Sink {
    async fn publish(&self, messages: &[Envelope]) -> Vec<Result<(), BusError>> {
        let now = Instant::now();
        let mut published = self.0.lock().unwrap();
        let note = |message: &Envelope| {
            published.insert(message.key.to_string(), now);
            Ok(())
        };
        messages.iter().map(note).collect()
    }

    async fn subscribe(&self, _: &str, _: &[&str]) -> Result<Box<dyn Subscription>, BusError> {
        unreachable!("no one subscribes")
    }
}
