//! After a crash: which messages are suspected of it, and what becomes of the others meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use commerce_outbox::*;

use crate::flowing::*;
use crate::shutdown::Runs;
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

/// Its claim outlives the time for which the service is down; the cursor had not passed it yet.
#[tokio::test(start_paused = true)]
async fn what_was_handled_before_a_crash_is_not_handled_again_within_a_week() {
    let (world, count) = (FlowingWorld::new(), Arc::new(AtomicU32::new(0)));
    let start = || {
        let count = count.clone();
        Running::consumer(world.consumer().on(move |_: Job, scope: Scope| {
            count.fetch_add(1, Ordering::SeqCst);
            async move { Ok(scope.finish()) }
        }))
    };
    let running = start();
    seconds(1).await;
    world.send([job("a", 1)]).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    running.crash().await;
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_eq!(world.shop.checkpoint("group/workers/0").await.unwrap(), 0);
    world.host.advance(DEDUPLICATION - Duration::from_secs(60));
    let running = start();
    seconds(30).await;
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_eq!(world.shop.checkpoint("group/workers/0").await.unwrap(), 1);
    running.stop().await;
}

/// How often handlers of other keys than those of a crash ran.
#[derive(Default)]
struct Tries {
    new: AtomicU32,
    restless: AtomicU32,
    /// How many suspects have just begun.
    suspects: AtomicU32,
}

impl Tries {
    async fn handle(&self, job: Job, scope: Scope) -> Result<Handled, HandleError> {
        let tries = match &*job.key {
            "new" => self.new.fetch_add(1, Ordering::SeqCst),
            "restless" => self.restless.fetch_add(1, Ordering::SeqCst),
            _ => {
                assert_eq!(self.suspects.fetch_add(1, Ordering::SeqCst), 0, "a suspect begins alone");
                tokio::time::sleep(Duration::from_millis(99)).await;
                self.suspects.fetch_sub(1, Ordering::SeqCst);
                seconds(1).await;
                return Ok(scope.finish());
            }
        };
        if tries == 0 || job.key == "restless" {
            tokio::time::sleep(Duration::from_millis(500)).await;
            return Err(HandleError::retryable("not at first"));
        }
        assert_eq!(self.suspects.load(Ordering::SeqCst), 0, "a suspect begins alone");
        Ok(scope.finish())
    }
}

/// What may have cost a worker runs alone for a moment; but what has only failed need not wait until all of that is done, and can't keep
/// it from being done, however often it fails.
#[tokio::test(start_paused = true)]
async fn suspects_of_a_crash_and_what_else_is_to_be_tried_again_take_turns() {
    let world = FlowingWorld::new();
    world.send((0..200).map(|number| job(&number.to_string(), number))).await;
    crash(&world, world.consumer()).await;
    let tries = Arc::new(Tries::default());
    let handling = tries.clone();
    let running = Running::consumer(world.consumer().retry(quick(u32::MAX)).on(move |job: Job, scope| {
        let tries = handling.clone();
        async move { tries.handle(job, scope).await }
    }));
    seconds(15).await;
    world.send([job("new", 1), job("restless", 1)]).await;
    seconds(2).await;
    assert_eq!(tries.new.load(Ordering::SeqCst), 2);
    seconds(320).await;
    assert_eq!(world.unfinished().await, Unfinished { waiting: 0, retrying: 1, dead: 0 });
    assert!(tries.restless.load(Ordering::SeqCst) > 100);
    running.crash().await;
}

/// Whoever takes the retries over takes what is tried for lost.
#[tokio::test(start_paused = true)]
async fn a_short_lease_of_the_retries_stays_with_who_has_it() {
    for millis in [100, 300, 800, 1_000] {
        let (world, runs) = (FlowingWorld::new(), Arc::new(Runs::default()));
        let consumer = || world.consumer().retry(quick(8)).retry_lease(Duration::from_millis(millis));
        let first = runs.slowly(consumer(), 1);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let second = runs.slowly(consumer(), 1);
        world.send([job("a", 1)]).await;
        seconds(30).await;
        let (all, most) = (runs.all.load(Ordering::SeqCst), runs.most.load(Ordering::SeqCst));
        assert_eq!((all, most), (2, 1), "with a lease of {millis} ms");
        first.stop().await;
        second.stop().await;
    }
}

/// As many as are under way while a provider is slow: they are not made to wait for it one by one.
#[tokio::test(start_paused = true)]
async fn what_survives_a_moment_after_a_crash_lets_others_begin() {
    let world = FlowingWorld::new();
    world.send((0..80).map(|number| job(&number.to_string(), number))).await;
    crash(&world, world.consumer()).await;
    let slow = |_: Job, scope: Scope| async move {
        seconds(5).await;
        Ok(scope.finish())
    };
    let running = Running::consumer(world.consumer().on(slow));
    // Sixteen at a time take 25 s, one by one they would take 400.
    seconds(60).await;
    assert_eq!(world.unfinished().await, Unfinished::default());
    running.stop().await;
}

/// One of forty takes its worker with it, but not at once. It is dead in the end, and nothing else is.
#[tokio::test(start_paused = true)]
async fn what_kills_its_worker_later_on_takes_no_neighbour_with_it() {
    for attempts in [3, 4, 8] {
        kills_later_on(attempts).await;
    }
}

async fn kills_later_on(attempts: u32) {
    let world = FlowingWorld::new();
    world.send((0..40).map(|number| job(&number.to_string(), number))).await;
    crash(&world, world.consumer()).await;
    for _ in 1..attempts {
        let fatal = Arc::new(tokio::sync::Notify::new());
        let dying = fatal.clone();
        let running =
            Running::consumer(world.consumer().retry(quick(attempts)).on(move |job: Job, scope| {
                let dying = dying.clone();
                async move {
                    tokio::time::sleep(Duration::from_millis(700)).await;
                    if &*job.key == "3" {
                        dying.notify_one();
                        std::future::pending::<()>().await;
                    }
                    Ok(scope.finish())
                }
            }));
        fatal.notified().await;
        running.crash().await;
        world.host.advance(LATER);
    }
    let running = Running::consumer(
        world.consumer().retry(quick(attempts)).on(|_: Job, scope: Scope| async move { Ok(scope.finish()) }),
    );
    seconds(120).await;
    assert_eq!(world.unfinished().await, Unfinished { waiting: 0, retrying: 0, dead: 1 }, "of {attempts}");
    running.stop().await;
}

/// It would be dead if the suspect took their worker with it after all.
#[tokio::test(start_paused = true)]
async fn a_last_attempt_waits_until_no_suspect_is_at_work() {
    let world = FlowingWorld::new();
    world.send([job("suspect", 1)]).await;
    crash(&world, world.consumer()).await;
    let (tries, done) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let begun = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (tried, ended, noted) = (tries.clone(), done.clone(), begun.clone());
    let running = Running::consumer(world.consumer().retry(quick(3)).on(move |job: Job, scope: Scope| {
        let (tried, ended, noted) = (tried.clone(), ended.clone(), noted.clone());
        async move {
            if &*job.key == "suspect" {
                seconds(5).await;
                ended.fetch_add(1, Ordering::SeqCst);
                return Ok(scope.finish());
            }
            noted.lock().unwrap().push(ended.load(Ordering::SeqCst) > 0);
            match tried.fetch_add(1, Ordering::SeqCst) {
                2 => Ok(scope.finish()),
                _ => Err(HandleError::retryable("not at first")),
            }
        }
    }));
    seconds(1).await;
    world.send([job("tired", 1)]).await;
    seconds(60).await;
    assert_eq!(*begun.lock().unwrap(), [false, false, true]);
    assert_eq!(world.unfinished().await, Unfinished::default());
    running.stop().await;
}

/// A loop of crashes that has nothing to do with what is handled: there are attempts left, so no one has to wait alone.
#[tokio::test(start_paused = true)]
async fn what_was_lost_in_several_crashes_is_not_handled_one_by_one() {
    let world = FlowingWorld::new();
    world.send((0..80).map(|number| job(&number.to_string(), number))).await;
    for _ in 0..5 {
        let running = Running::consumer(world.consumer().on(|_: Job, _| std::future::pending()));
        seconds(10).await;
        running.crash().await;
        world.host.advance(LATER);
    }
    let slow = |_: Job, scope: Scope| async move {
        seconds(5).await;
        Ok(scope.finish())
    };
    let running = Running::consumer(world.consumer().on(slow));
    seconds(45).await;
    assert_eq!(world.unfinished().await, Unfinished::default());
    running.stop().await;
}
