//! Neighbours in a group that fail.

use std::sync::Arc;

use commerce_core::commit::{Commit, CommitError, Conflict, Expected};
use commerce_core::store::Store;
use commerce_core::stream::StreamId;

use super::commits::one_event;
use super::if_durable;
use crate::basket::{Basket, basket_id, event};
use crate::bench::Bench;
use crate::fill;
use crate::harness::{Caller, Measure, at_least, rate};
use crate::stand::{Kind, Stand};

const ABOUT: &str = "**Conflicts**: one event, but every tenth commit expects a stream to be new that is there already \
    (one of a thousand). Answers per second, refusals included, beside the same without conflicts.";

/// So many streams are there already.
const TAKEN: u64 = 1_000;

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let callers: &[usize] = if kind == Kind::Postgres { &[32, 256] } else { &[256] };
    let measure = |callers: &usize| {
        let (callers, store) = (*callers, kind.name());
        let name = format!("{store}/conflicts/tenth/{callers}");
        Measure::rate(name, "answers", move |bench| conflicts(bench, kind, callers))
            .about(ABOUT)
            .beside(format!("{store}/store/one-event/{callers}"), if_durable(kind, at_least(0.9)))
    };
    callers.iter().map(measure).collect()
}

async fn conflicts(bench: Arc<Bench>, kind: Kind, callers: usize) -> f64 {
    let stand = Stand::open(&bench, kind).await;
    fill::baskets(&stand.store, 0..TAKEN).await;
    stand.settle().await;
    let caller = || EveryTenth(stand.store.clone());
    let rate = rate((0..callers).map(|_| caller()), bench.seconds).await;
    stand.close().await;
    rate
}

struct EveryTenth(Arc<dyn Store>);

impl Caller for EveryTenth {
    async fn call(&mut self) {
        if fastrand::u8(..10) > 0 {
            self.0.commit(one_event()).await.unwrap();
            return;
        }
        let stream = StreamId::of::<Basket>(&basket_id(fastrand::u64(..TAKEN)));
        let answer = self.0.commit(Commit::new().append(stream, Expected::ABSENT, vec![event(1)])).await;
        assert!(matches!(answer, Err(CommitError::Conflict(Conflict::Stream { .. }))), "{answer:?}");
    }
}
