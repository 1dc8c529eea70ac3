//! While the consumers' own store is away, no one begins, and no one is to blame.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use commerce_outbox::*;

use crate::flowing::*;
use crate::support::{Job, Running, Yielding, job, quick};

/// A world whose consumers can't reach their store until they are told.
async fn out_of_reach() -> (FlowingWorld, Arc<AtomicBool>) {
    let mut world = FlowingWorld::new();
    let store = Yielding::new(world.store.clone());
    let away = store.away.clone();
    away.store(true, Ordering::SeqCst);
    world.store = Arc::new(store);
    world.send((0..100).map(|number| job(&number.to_string(), number))).await;
    (world, away)
}

/// With one attempt, what is suspected is dead at once.
fn counting(world: &FlowingWorld, count: &Arc<AtomicU32>) -> Running {
    let count = count.clone();
    Running::consumer(world.consumer().retry(quick(1)).on(move |_: Job, scope: Scope| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            seconds(1).await;
            Ok(scope.finish())
        }
    }))
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_its_own_store_stays_a_member() {
    let (world, away) = out_of_reach().await;
    let count = Arc::new(AtomicU32::new(0));
    let (first, second) = (counting(&world, &count), counting(&world, &count));
    seconds(60).await;
    assert_eq!(count.load(Ordering::SeqCst), 0);
    away.store(false, Ordering::SeqCst);
    seconds(60).await;
    assert_eq!(count.load(Ordering::SeqCst), 100);
    assert_eq!(world.unfinished().await, Unfinished::default());
    first.stop().await;
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_while_its_own_store_is_away_leaves_nothing_to_suspect() {
    let (world, away) = out_of_reach().await;
    let count = Arc::new(AtomicU32::new(0));
    for _ in 0..2 {
        let running = counting(&world, &count);
        seconds(60).await;
        running.stop().await;
    }
    away.store(false, Ordering::SeqCst);
    let running = counting(&world, &count);
    seconds(10).await;
    assert_eq!(count.load(Ordering::SeqCst), 100);
    assert_eq!(world.unfinished().await, Unfinished::default());
    running.stop().await;
}
