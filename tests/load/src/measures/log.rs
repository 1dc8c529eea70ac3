//! Reading everything that has happened.

use std::sync::Arc;
use std::time::Instant;

use commerce_core::upcast::Upcasters;

use super::on_postgres;
use crate::basket::{Basket, BasketEvent};
use crate::bench::Bench;
use crate::fill::{self, BASKETS};
use crate::harness::{Measure, at_least};
use crate::stand::{Kind, Stand};
use commerce_core::Aggregate;

const ABOUT: &str = "**Reading the log**: one reader takes 200,000 events of 20,000 streams a thousand at a time, in the \
    order that never steps over one which commits late, and decodes each; beside raw INSERT rows.";

const BATCH: usize = 1_000;

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let name = format!("{}/log/read-decode", kind.name());
    let measure = Measure::rate(name, "events", move |bench| read(bench, kind)).about(ABOUT);
    vec![match kind {
        Kind::Postgres => measure.beside("hand/insert-unnest", on_postgres(kind, at_least(2.0))),
        _ => measure,
    }]
}

async fn read(bench: Arc<Bench>, kind: Kind) -> f64 {
    let stand = Stand::open(&bench, kind).await;
    fill::baskets(&stand.store, 0..BASKETS).await;
    stand.settle().await;
    let upcasters = Upcasters::new();
    let (mut count, mut position) = (0_u32, 0);
    let mut basket = Basket::default();
    let start = Instant::now();
    while start.elapsed() < bench.seconds {
        let events = stand.store.read_log(position, BATCH).await.unwrap();
        // From the start again.
        position = events.last().map_or(0, |last| last.position);
        for event in &events {
            basket.apply(&upcasters.decode::<BasketEvent>(event).unwrap());
            count += 1;
        }
    }
    let rate = f64::from(count) / start.elapsed().as_secs_f64();
    assert_eq!(basket.items, u64::from(count));
    stand.close().await;
    rate
}
