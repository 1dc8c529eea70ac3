//! What is in a store before the clock starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use commerce_core::commit::{Commit, Expected};
use commerce_core::store::Store;
use commerce_core::stream::StreamId;
use futures_util::{StreamExt, stream};
use uuid::Uuid;

use crate::basket::{Basket, basket_id, event};

/// So many baskets wait for those who load one: enough that no two want the same.
pub(crate) const BASKETS: u64 = 20_000;
/// So many events each of them has.
pub(crate) const EVENTS: u64 = 10;
/// So many baskets are written by one commit.
const TOGETHER: u64 = 10;

/// Names the baskets to whoever asks, each as often as any other and none twice within a short time. Not in the order in which
/// they were made: that is the order in which a table has them as well, and perhaps an index.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<AtomicU64>);

/// Has no factor in common with the number of baskets, so that all of them have their turn.
const STEP: u64 = 7_919;

impl Turns {
    pub(crate) fn next(&self) -> Uuid {
        basket_id(self.0.fetch_add(STEP, Ordering::Relaxed) % BASKETS)
    }
}

/// Writes these commits, a number of them at a time.
pub(crate) async fn fill(store: &Arc<dyn Store>, commits: impl Iterator<Item = Commit>, at_a_time: usize) {
    stream::iter(commits)
        .map(|commit| store.commit(commit))
        .buffer_unordered(at_a_time)
        .for_each(|committed| {
            committed.unwrap();
            std::future::ready(())
        })
        .await;
}

/// Baskets of ten events each.
pub(crate) async fn baskets(store: &Arc<dyn Store>, numbers: std::ops::Range<u64>) {
    let end = numbers.end;
    let commits = numbers.step_by(usize::try_from(TOGETHER).unwrap()).map(|first| {
        (first..end.min(first + TOGETHER)).fold(Commit::new(), |commit, number| {
            let events = (0..EVENTS).map(event).collect();
            commit.append(StreamId::of::<Basket>(&basket_id(number)), Expected::ABSENT, events)
        })
    });
    fill(store, commits, 64).await;
}
