use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use commerce_outbox::*;

use crate::support::*;

fn keys_of(partitions: u32) -> Vec<String> {
    (0..partitions * 3).map(|key| format!("key-{key}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn members_share_partitions_and_one_takes_over_from_another_that_died() {
    let world = World::new(8).await;
    let (a, b) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let start = |count: &Arc<AtomicU32>| {
        let count = count.clone();
        Running::consumer(world.consumer().concurrency(4).on(move |job: Job, scope| {
            count.fetch_add(1, Ordering::SeqCst);
            async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                record(job, scope).await
            }
        }))
    };
    let (first, second) = (start(&a), start(&b));
    let keys = keys_of(8);
    let mut number = 0;
    let mut sent = 0;
    // Until both have their share.
    while a.load(Ordering::SeqCst) < 30 || b.load(Ordering::SeqCst) < 30 {
        for key in &keys {
            world.send(job(key, number)).await;
        }
        number += 1;
        sent += 1;
        assert!(sent < 2_000, "one member has it all");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..5 {
        for key in &keys {
            world.send(job(key, number)).await;
        }
        number += 1;
    }
    first.crash().await;
    world.host.advance(LATER);
    let expected: Vec<u32> = (0..number).collect();
    for key in &keys {
        world.until_effects(key, &expected).await;
    }
    second.stop().await;
    world.until_nothing_held().await;
}

/// With a single attempt each, whatever is suspected on the way is dead at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_changes_hands_without_suspicion_when_another_member_joins() {
    let world = World::new(8).await;
    let start = || {
        Running::consumer(world.consumer().retry(quick(1)).on(|job: Job, scope| async move {
            tokio::time::sleep(Duration::from_millis(12)).await;
            record(job, scope).await
        }))
    };
    let first = start();
    let keys = keys_of(8);
    let mut members = Vec::new();
    for number in 0..60 {
        for key in &keys {
            world.send(job(key, number)).await;
        }
        if number == 10 || number == 20 {
            members.push(start());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    first.stop().await;
    let expected: Vec<u32> = (0..60).collect();
    for key in &keys {
        world.until_effects(key, &expected).await;
    }
    for member in members {
        member.stop().await;
    }
    world.until_nothing_held().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_members_cursor_is_fenced() {
    let mut world = World::new(1).await;
    world.options.lease = Duration::from_secs(30);
    for number in 1..=5 {
        world.send(job("a", number)).await;
    }
    let mut stale = world.member().await;
    let taken = soon(&mut stale, 10).await;
    assert!(taken.len() == 5 && taken.iter().all(|delivery| !delivery.redelivered));
    world.host.advance(LATER);
    let mut next = world.member().await;
    let again = soon(&mut next, 10).await;
    assert!(again.len() == 5 && again.iter().all(|delivery| delivery.redelivered));
    let receipts: Vec<_> = taken.iter().map(|delivery| delivery.receipt).collect();
    stale.ack(&receipts).await.unwrap();
    assert!(soon(&mut stale, 10).await.is_empty());
    stale.close().await.unwrap();
    assert_eq!(world.shop.checkpoint("group/workers/0").await.unwrap(), 0);
    next.ack(&receipts[..2]).await.unwrap();
    next.close().await.unwrap();
    let cursor = world.shop.checkpoint("group/workers/0").await.unwrap();
    assert!((receipts[1].position..receipts[2].position).contains(&cursor));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_after_a_crash_is_not_suspected() {
    let mut world = World::new(1).await;
    world.options.lease = Duration::from_secs(30);
    world.send(job("a", 1)).await;
    let mut lost = world.member().await;
    assert_eq!(soon(&mut lost, 10).await.len(), 1);
    drop(lost);
    world.host.advance(LATER);
    let mut next = world.member().await;
    assert!(soon(&mut next, 1).await[0].redelivered);
    world.send(job("a", 2)).await;
    assert!(!soon(&mut next, 1).await[0].redelivered);
}

/// All hands are busy for longer than the lease lasts: no one may think that they are dead.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_has_no_room_for_more_keeps_its_partitions() {
    let mut world = World::new(1).await;
    let host = Arc::new(SystemHost);
    world.shop = crate::store::new_store(host.clone(), 1).await;
    world.options.lease = Duration::from_millis(900);
    for number in 0..40 {
        world.send(job(&number.to_string(), number)).await;
    }
    let slow = world.consumer().concurrency(2).on(|job: Job, scope| async move {
        if job.number < 2 {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
        }
        record(job, scope).await
    });
    let running = Running::consumer(slow);
    until(async || world.shop.checkpoint("taken/workers/0").await.unwrap() > 0).await;
    let mut other = world.member().await;
    let stolen = tokio::time::timeout(Duration::from_millis(1_400), other.next(10)).await;
    assert!(stolen.is_err(), "the lease was lost: {stolen:?}");
    for number in 0..40 {
        world.until_effects(&number.to_string(), &[number]).await;
    }
    running.stop().await;
}

/// Whoever leaves, or has its hands full, would only keep others from reading it.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_asks_for_nothing_takes_no_partition_over() {
    for partitions in [1, 2] {
        let mut world = World::new(partitions).await;
        // It looks after its leases ever more seldom: once it has room that would be too late.
        world.options.lease = Duration::from_secs(30);
        for key in keys_of(partitions) {
            world.send(job(&key, 0)).await;
        }
        let (mut first, mut second) = (world.member().await, world.member().await);
        let read = soon(&mut first, 100).await.len();
        let busy = tokio::spawn(async move {
            let _ = tokio::time::timeout(Duration::from_millis(850), second.next(0)).await;
            second
        });
        first.close().await.unwrap();
        let mut second = busy.await.unwrap();
        let mut third = world.member().await;
        let again = soon(&mut third, 100).await;
        assert!(read > 0 && !again.is_empty(), "of {partitions}");
        third.close().await.unwrap();
        assert!(!soon(&mut second, 100).await.is_empty(), "once it has room");
        second.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_dropped_leaves_nothing_running() {
    let world = World::new(1).await;
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    let running = Running::consumer(world.consumer().retry(quick(u32::MAX)).on(move |_: Job, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Err(HandleError::retryable("again and again")) }
    }));
    world.send(job("a", 1)).await;
    until(async || count.load(Ordering::SeqCst) > 3).await;
    running.crash().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let before = count.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(count.load(Ordering::SeqCst), before);
}

/// By the store's clock its lease would never end.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_asked_for_as_it_left_is_given_back_however_late_it_comes() {
    let mut world = World::new(1).await;
    let shop = Yielding::new(world.shop.clone());
    let late = shop.late.clone();
    world.shop = Arc::new(shop);
    world.send(job("a", 1)).await;
    late.store(true, Ordering::SeqCst);
    let leaving = Running::consumer(world.consumer().on(record));
    while late.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    leaving.stop().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let next = Running::consumer(world.consumer().on(record));
    world.until_effects("a", &[1]).await;
    next.stop().await;
}
