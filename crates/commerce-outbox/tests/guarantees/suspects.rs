//! After a crash: which messages are suspected of it, and what becomes of the others meanwhile.

use std::collections::BTreeSet;

use commerce_outbox::*;

use crate::flowing::*;
use crate::support::{Job, LATER, Running, job, quick, soon};

/// A consumer that never comes back from what it began to handle, and is gone.
async fn crash(world: &FlowingWorld, consumer: Consumer) {
    let running = Running::consumer(consumer.on(|_: Job, _| std::future::pending()));
    seconds(1).await;
    running.crash().await;
    world.host.advance(LATER);
}

/// With one attempt, what is suspected is dead at once.
#[tokio::test(start_paused = true)]
async fn where_one_is_handled_at_a_time_few_are_suspected_of_a_crash() {
    let world = FlowingWorld::new();
    world.send((0..900).map(|number| job(&number.to_string(), number))).await;
    crash(&world, world.consumer().concurrency(1)).await;
    let rest = world.consumer().retry(quick(1)).on(|_: Job, scope: Scope| async move { Ok(scope.finish()) });
    let running = Running::consumer(rest);
    seconds(60).await;
    running.stop().await;
    let unfinished = world.unfinished().await;
    assert_eq!((unfinished.waiting, unfinished.retrying), (0, 0));
    assert!((1..=64 + 4).contains(&unfinished.dead), "{unfinished:?}");
}

/// Each move of the mark of what was taken is a commit of its own.
#[tokio::test(start_paused = true)]
async fn whoever_takes_many_seldom_marks_what_it_takes() {
    let world = FlowingWorld::new();
    world.send((0..4_000).map(|number| job(&number.to_string(), number))).await;
    let bus = StoreBus::new(world.host.clone()).source("/shop", world.shop.clone());
    let mut member = bus.subscribe("workers", &["jobs"]).await.unwrap();
    let (mut taken, mut marks) = (0, BTreeSet::new());
    while taken < 4_000 {
        let receipts: Vec<_> = soon(&mut member, 256).await.iter().map(|delivery| delivery.receipt).collect();
        taken += receipts.len();
        member.ack(&receipts).await.unwrap();
        marks.insert(world.shop.checkpoint("taken/workers/0").await.unwrap());
    }
    assert!(marks.len() <= 4_000 / 500, "{marks:?}");
    member.close().await.unwrap();
}
