use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use commerce_outbox::*;

use crate::support::*;

/// A consumer whose messages of the key "bad" numbered 2 fail while `away` is set.
fn with_a_provider(consumer: Consumer, away: &Arc<AtomicBool>) -> Running {
    let away = away.clone();
    Running::consumer(consumer.on(move |job: Job, scope| {
        let away = away.clone();
        async move {
            if job.key == "bad" && job.number == 2 && away.load(Ordering::SeqCst) {
                return Err(HandleError::retryable("the provider is away"));
            }
            record(job, scope).await
        }
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_waits_while_its_head_is_retried_and_other_keys_never_do() {
    let world = World::new(1).await;
    let away = Arc::new(AtomicBool::new(true));
    let running = with_a_provider(world.consumer().retry(quick(u32::MAX)), &away);
    for number in 1..=5 {
        world.send(job("bad", number)).await;
        world.send(job("good", number)).await;
    }
    world.until_effects("good", &[1, 2, 3, 4, 5]).await;
    world.until_effects("bad", &[1]).await;
    away.store(false, Ordering::SeqCst);
    world.until_effects("bad", &[1, 2, 3, 4, 5]).await;
    world.send(job("bad", 6)).await;
    world.until_effects("bad", &[1, 2, 3, 4, 5, 6]).await;
    running.stop().await;
    world.until_nothing_held().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_key_waits_also_where_another_member_takes_over() {
    let world = World::new(1).await;
    let away = Arc::new(AtomicBool::new(true));
    let running = with_a_provider(world.consumer().retry(quick(u32::MAX)), &away);
    world.send(job("bad", 1)).await;
    world.send(job("bad", 2)).await;
    let letters = world.dead_letters();
    until(async || letters.unfinished(Some("workers")).await.unwrap().retrying == 1).await;
    running.stop().await;
    let running = with_a_provider(world.consumer().retry(quick(u32::MAX)), &away);
    world.send(job("bad", 3)).await;
    until(async || letters.unfinished(Some("workers")).await.unwrap().waiting == 1).await;
    assert_eq!(world.effects("bad").await, [1]);
    away.store(false, Ordering::SeqCst);
    world.until_effects("bad", &[1, 2, 3]).await;
    running.stop().await;
}

/// The head leaves while more arrive behind it all the time: neither may keep the other from its turn.
#[tokio::test(flavor = "multi_thread")]
async fn a_held_key_drains_while_messages_keep_coming() {
    let world = World::new(1).await.yielding();
    let failed = Arc::new(AtomicU32::new(0));
    let count = failed.clone();
    let running = Running::consumer(world.consumer().retry(quick(3)).on(move |job: Job, scope| {
        let fails = job.number.is_multiple_of(10) && count.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if fails {
                return Err(HandleError::retryable("once in a while"));
            }
            record(job, scope).await
        }
    }));
    for number in 0..300 {
        world.send(job("hot", number)).await;
        if number.is_multiple_of(3) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    world.until_effects("hot", &(0..300).collect::<Vec<_>>()).await;
    running.stop().await;
    world.until_nothing_held().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_retries_of_one_key_do_not_keep_another_waiting() {
    let world = World::new(1).await;
    let count = Arc::new(AtomicU32::new(0));
    let running = Running::consumer(world.consumer().on(move |job: Job, scope| {
        let first = count.fetch_add(1, Ordering::SeqCst) < 2;
        async move {
            if first {
                return Err(HandleError::retryable("not at first"));
            }
            if job.key == "stuck" {
                std::future::pending::<()>().await;
            }
            record(job, scope).await
        }
    }));
    world.send(job("stuck", 1)).await;
    let letters = world.dead_letters();
    until(async || letters.unfinished(None).await.unwrap().retrying == 1).await;
    world.send(job("free", 1)).await;
    world.until_effects("free", &[1]).await;
    running.crash().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_keys_with_slashes_are_kept_apart() {
    let world = World::new(1).await;
    let failing = |group: &str| {
        let bus = Arc::new(world.bus());
        let consumer = Consumer::new(group, bus, world.store.clone(), world.host.clone());
        Running::consumer(consumer.on(|_: Job, _| async { Err(HandleError::terminal("never")) }))
    };
    let (one, other) = (failing("a"), failing("a/b"));
    world.send(job("b/c", 1)).await;
    world.send(job("c", 2)).await;
    let letters = world.until_dead(4).await;
    let mut ids: Vec<_> = letters.iter().map(HeldMessage::id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_keys_as_there_are_may_be_handled_at_a_time() {
    let world = World::new(1).await;
    let running = Running::consumer(world.consumer().concurrency(usize::MAX).on(record));
    for number in 1..=3 {
        world.send(job("a", number)).await;
        world.send(job("b", number)).await;
    }
    world.until_effects("a", &[1, 2, 3]).await;
    world.until_effects("b", &[1, 2, 3]).await;
    running.stop().await;
}
