//! Commits as they are handed to the store: nothing is read or decided.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::{Claim, Commit, DocumentWrite, Expected, NewMessage};
use commerce_core::store::Store;
use commerce_core::stream::StreamId;
use commerce_core::{Host, id};
use commerce_outbox::SystemHost;

use super::{beside_one_row, on_postgres};
use crate::basket::{Item, event};
use crate::bench::Bench;
use crate::harness::{Caller, Measure, at_least, rate};
use crate::stand::{Kind, Stand};

const ABOUT: &str = "**Commits**, as they are handed to the store. `one-event`: one event on a new stream. `full`: an \
    event, a document, a message and a claim. `twenty-events`: as a reservation of twenty lines, twenty events on twenty \
    streams, a document, a message. `ten-events`: ten events on one new stream; beside it hand-written transactions.";

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let (one, full): (&[_], &[_]) = match kind {
        Kind::Memory => (&[(1, None), (32, None), (256, None)], &[(32, None)]),
        Kind::Sqlite => (
            &[(1, Some(0.7)), (8, Some(3.0)), (64, Some(6.0)), (256, Some(6.0))],
            &[(1, None), (64, Some(2.5))],
        ),
        Kind::Postgres => (
            &[(1, Some(0.95)), (8, None), (32, Some(2.2)), (256, Some(6.0))],
            &[(1, Some(0.75)), (32, Some(1.4)), (256, Some(2.3))],
        ),
    };
    let one = one.iter().map(|(callers, goal)| {
        let measure = measure(kind, "one-event", *callers, one_event);
        let measure = beside_one_row(measure, kind, *callers, goal.map(at_least));
        match (kind, callers) {
            // How much of what one caller loses is the library's.
            (Kind::Postgres, 1) => measure.beside("hand/one-row/1", None),
            (Kind::Postgres, 256) => measure.beside("pgbench/one-row/256", None),
            _ => measure,
        }
    });
    let full = full.iter().map(|(callers, goal)| {
        beside_one_row(measure(kind, "full", *callers, self::full), kind, *callers, goal.map(at_least))
    });
    let twenty = measure(kind, "twenty-events", 32, twenty_events);
    let ten = measure(kind, "ten-events", 32, ten_events);
    let (twenty, ten) = match kind {
        Kind::Postgres => (
            twenty.beside("pgbench/twenty-rows/32", on_postgres(kind, at_least(1.0))),
            ten.beside("hand/ten-events/32", on_postgres(kind, at_least(1.5))),
        ),
        _ => (beside_one_row(twenty, kind, 32, None), beside_one_row(ten, kind, 32, None)),
    };
    one.chain(full).chain([twenty, ten]).collect()
}

fn measure(kind: Kind, name: &str, callers: usize, make: fn() -> Commit) -> Measure {
    let name = format!("{}/store/{name}/{callers}", kind.name());
    Measure::rate(name, "commits", move |bench| commits(bench, kind, callers, make)).about(ABOUT)
}

async fn commits(bench: Arc<Bench>, kind: Kind, callers: usize, make: fn() -> Commit) -> f64 {
    let stand = Stand::open(&bench, kind).await;
    let caller = || Commits { store: stand.store.clone(), make };
    let rate = rate((0..callers).map(|_| caller()), bench.seconds).await;
    stand.close().await;
    rate
}

struct Commits {
    store: Arc<dyn Store>,
    make: fn() -> Commit,
}

impl Caller for Commits {
    async fn call(&mut self) {
        self.store.commit((self.make)()).await.unwrap();
    }
}

pub(super) fn one_event() -> Commit {
    new_stream(1)
}

fn ten_events() -> Commit {
    new_stream(10)
}

fn new_stream(events: u64) -> Commit {
    let context = SystemHost.context();
    let stream = StreamId::new("basket", context.new_id(1));
    Commit::within(&context).append(stream, Expected::ABSENT, (0..events).map(event).collect())
}

fn full() -> Commit {
    let id = SystemHost.new_id().to_string();
    let body = [b"[", &*Item::number(1).json(), b"]"].concat();
    one_event()
        .document(DocumentWrite::put("baskets", id.clone(), Expected::ABSENT, body.clone()))
        .message(NewMessage::new("inventory.commands", id.clone()).payload(body))
        .claim(Claim::new("inbox/baskets", id).until(SystemHost.now().plus(Duration::from_secs(604_800))))
}

fn twenty_events() -> Commit {
    let context = SystemHost.context();
    let order = context.operation();
    let lines: Vec<Item> = (0..20).map(Item::number).collect();
    let body = serde_json::to_vec(&lines).unwrap();
    let commit = Commit::within(&context)
        .document(DocumentWrite::put("reservations", order.to_string(), Expected::ABSENT, body))
        .message(NewMessage::new("order.replies", order.to_string()).payload(Item::number(1).json()));
    (0..20).fold(commit, |commit, n| {
        let stream = StreamId::new("stock-item", id::derive(order, n + 1));
        commit.append(stream, Expected::ABSENT, vec![event(n.into())])
    })
}
