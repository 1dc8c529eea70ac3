//! Timers: one run that can't be carried on does not stop the others.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::{Claim, ClaimKey, Commit, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::Store;
use commerce_outbox::{RetryPolicy, Scope};
use commerce_saga::{Instance, Orchestrator, Saga, SagaStatus, StepError, Version};
use tokio_util::sync::CancellationToken;

use crate::trip::{Trip, World, consume_participants, process, saga};

/// A saga whose local step is tried again by timers; it panics for trips named "panic".
async fn timed() -> (World, Arc<AtomicU32>) {
    let world = World::new().await;
    world.process.kill();
    let tries = Arc::new(AtomicU32::new(0));
    let counted = tries.clone();
    let saga = Saga::builder::<Trip>("timed", Version(1))
        .local("wait", move |trip: Trip, scope| {
            let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                assert!(first || trip.id != "panic", "on purpose");
                if first { Err(StepError::transient("wait", "not yet")) } else { Ok((trip, scope)) }
            }
        })
        .build()
        .unwrap();
    let store: Arc<dyn Store> = world.stores["trips"].clone();
    let orchestrator = Orchestrator::new(store, world.host.clone()).register(saga);
    (World { orchestrator, ..world }, tries)
}

async fn begin(world: &World, id: &str, tries: &AtomicU32) {
    tries.store(0, Ordering::SeqCst);
    let context = world.host.context();
    let mut scope = Scope::new(context.clone(), world.stores["trips"].clone(), Commit::within(&context));
    let trip = Trip { id: id.to_owned(), seats: vec![] };
    world.orchestrator.begin("timed", id, &trip, &mut scope).await.unwrap();
    world.stores["trips"].commit(scope.into_commit()).await.unwrap();
}

async fn status(world: &World, id: &str) -> SagaStatus {
    world.orchestrator.instance(&Tenant::default(), "timed", id).await.unwrap().status
}

#[tokio::test(start_paused = true)]
async fn a_step_that_panics_does_not_stop_the_sweep() {
    let (world, tries) = timed().await;
    begin(&world, "panic", &tries).await;
    begin(&world, "good", &tries).await;
    world.pass(10).await;
    assert_eq!(world.orchestrator.look().await.unwrap(), 2);
    assert_eq!(status(&world, "good").await, SagaStatus::Completed);
    assert_eq!(status(&world, "panic").await, SagaStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn any_number_of_broken_runs_leaves_room_for_the_others() {
    let (world, tries) = timed().await;
    for n in 0..600 {
        let broken = DocumentWrite::put("sagas", format!("timed/b{n}"), Expected::ABSENT, b"{}".to_vec());
        let broken = broken.field("status", "running").field("wake_at", n);
        world.stores["trips"].commit(Commit::new().document(broken)).await.unwrap();
    }
    begin(&world, "good", &tries).await;
    world.pass(10).await;
    for _ in 0..4 {
        world.orchestrator.look().await.unwrap();
    }
    assert_eq!(status(&world, "good").await, SagaStatus::Completed);
}

/// A saga whose local step, or the compensation of it if the next fails, meets a claim that someone holds for long.
fn held_up(at_undo: bool, tries: &Arc<AtomicU32>) -> Saga<Trip> {
    let held = |tries: Arc<AtomicU32>| {
        move |trip: Trip, mut scope: Scope| {
            tries.fetch_add(1, Ordering::SeqCst);
            let desk = if trip.id == "good" { "free" } else { "held" };
            scope.write(|commit| commit.claim(Claim::new("desk", desk)));
            async move { Ok((trip, scope)) }
        }
    };
    let free = |trip: Trip, scope: Scope| async move { Ok((trip, scope)) };
    let waits = RetryPolicy { attempts: 2, first_wait: Duration::ZERO, longest_wait: Duration::ZERO };
    let saga = Saga::builder::<Trip>("held-up", Version(1)).call("first", |_: Trip, _| async { Ok(()) });
    let saga = if at_undo {
        saga.local("desk", free).undo_local(held(tries.clone())).undo_retry(waits)
    } else {
        saga.local("desk", held(tries.clone())).retry(waits)
    };
    let fails = |_: Trip, _| async { Err::<(), _>(StepError::failed("closed", "on purpose")) };
    saga.call("last", fails).build().unwrap()
}

/// In a world where the claim is held.
async fn held_up_world(at_undo: bool) -> (World, Arc<AtomicU32>) {
    let (world, _) = timed().await;
    let tries = Arc::new(AtomicU32::new(0));
    let store = world.stores["trips"].clone();
    store.commit(Commit::new().claim(Claim::new("desk", "held"))).await.unwrap();
    let orchestrator = Orchestrator::new(store, world.host.clone()).register(held_up(at_undo, &tries));
    (World { orchestrator, ..world }, tries)
}

async fn begin_held_up(world: &World, id: &str) {
    let context = world.host.context();
    let mut scope = Scope::new(context.clone(), world.stores["trips"].clone(), Commit::within(&context));
    let trip = Trip { id: id.to_owned(), seats: vec![] };
    world.orchestrator.begin("held-up", id, &trip, &mut scope).await.unwrap();
    world.stores["trips"].commit(scope.into_commit()).await.unwrap();
}

async fn held_up_instance(world: &World, id: &str) -> Instance {
    world.orchestrator.instance(&Tenant::default(), "held-up", id).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_compensation_that_always_meets_a_conflict_is_stuck_in_the_end() {
    let (world, tries) = held_up_world(true).await;
    begin_held_up(&world, "1").await;
    world.process.orchestrate(&world.orchestrator);
    world.pass(600).await;
    let instance = held_up_instance(&world, "1").await;
    let undo = instance.steps[1].undo.clone().unwrap();
    assert_eq!((instance.status, undo.attempts), (SagaStatus::Stuck, 2), "{}", instance.timeline());
    assert_eq!(undo.error.unwrap().0, "conflict");
    assert!(tries.load(Ordering::SeqCst) < 100, "{tries:?} tries");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_always_meets_a_conflict_fails_and_one_that_does_so_for_a_while_is_done() {
    let (world, _) = held_up_world(false).await;
    begin_held_up(&world, "1").await;
    world.process.orchestrate(&world.orchestrator);
    world.pass(600).await;
    let instance = held_up_instance(&world, "1").await;
    let failure = instance.failure.clone().unwrap();
    assert_eq!((&*failure.step, &*failure.code), ("desk", "conflict"), "{}", instance.timeline());
    assert_eq!(instance.status, SagaStatus::Failed);

    let released = Commit::new().release(ClaimKey::new("desk", "held"));
    world.stores["trips"].commit(released).await.unwrap();
    begin_held_up(&world, "2").await;
    world.pass(600).await;
    let failure = held_up_instance(&world, "2").await.failure.unwrap();
    assert_eq!((&*failure.step, &*failure.code), ("last", "closed"));
}

#[tokio::test(start_paused = true)]
async fn any_number_of_runs_that_meet_conflicts_leaves_room_for_the_others() {
    let (world, _) = held_up_world(true).await;
    for n in 0..300 {
        begin_held_up(&world, &n.to_string()).await;
    }
    world.process.orchestrate(&world.orchestrator);
    world.pass(300).await;
    begin_held_up(&world, "good").await;
    world.pass(5).await;
    let good = held_up_instance(&world, "good").await;
    assert_eq!(good.status, SagaStatus::Failed, "{}", good.timeline());
}

/// In a world where a step hangs whenever a timer tries it, of trips named "hangs".
async fn hanging_world(within: Duration) -> World {
    let (world, _) = timed().await;
    let begun = Arc::new(Mutex::new(BTreeSet::new()));
    let saga = Saga::builder::<Trip>("timed", Version(1))
        .local("hangs", move |trip: Trip, scope| {
            let first = begun.lock().unwrap().insert(trip.id.clone());
            async move {
                if first {
                    return Err(StepError::transient("wait", "not yet"));
                }
                if trip.id == "hangs" {
                    std::future::pending::<()>().await;
                }
                Ok((trip, scope))
            }
        })
        .reply_within(within)
        .build()
        .unwrap();
    let orchestrator = Orchestrator::new(world.stores["trips"].clone(), world.host.clone()).register(saga);
    World { orchestrator, ..world }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_hangs_holds_up_no_other_run_and_is_given_up() {
    let world = hanging_world(Duration::from_secs(30)).await;
    begin(&world, "hangs", &AtomicU32::new(0)).await;
    world.process.orchestrate(&world.orchestrator);
    world.pass(2).await;
    begin(&world, "good", &AtomicU32::new(0)).await;
    world.pass(2).await;
    assert_eq!(status(&world, "good").await, SagaStatus::Completed);
    assert_eq!(status(&world, "hangs").await, SagaStatus::Running);
    world.pass(120).await;
    let instance = world.orchestrator.instance(&Tenant::default(), "timed", "hangs").await.unwrap();
    assert_eq!(instance.status, SagaStatus::Failed, "{}", instance.timeline());
    assert_eq!(instance.failure.unwrap().code, "timeout");
}

#[tokio::test(start_paused = true)]
async fn timers_stop_within_ten_seconds_whatever_hangs() {
    let world = hanging_world(Duration::MAX).await;
    begin(&world, "hangs", &AtomicU32::new(0)).await;
    let shutdown = CancellationToken::new();
    let (orchestrator, stopped) = (world.orchestrator.clone(), shutdown.clone());
    let timers = tokio::spawn(async move { orchestrator.run_timers(stopped).await });
    world.pass(2).await;
    shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(11), timers).await.unwrap().unwrap();
    // Whoever comes next goes on from there, and is not held up for ever either.
    let looked = tokio::time::timeout(Duration::from_secs(601), world.orchestrator.look());
    assert_eq!(looked.await.unwrap().unwrap(), 1);
    assert_eq!(status(&world, "hangs").await, SagaStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn timers_stop_when_they_are_told_to_and_rest_when_nothing_is_due() {
    let (world, tries) = timed().await;
    begin(&world, "good", &tries).await;
    let shutdown = CancellationToken::new();
    let timers = {
        let (orchestrator, shutdown) = (world.orchestrator.clone(), shutdown.clone());
        tokio::spawn(async move { orchestrator.run_timers(shutdown).await })
    };
    world.pass(10).await;
    assert_eq!(status(&world, "good").await, SagaStatus::Completed);
    assert_eq!(world.orchestrator.look().await.unwrap(), 0, "nothing is left in the past");
    shutdown.cancel();
    timers.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn time_in_which_no_one_was_there_is_no_failed_attempt() {
    let world = World::new().await;
    world.begin("down").await.unwrap();
    world.process.kill();
    let begun = world.instance("down").await;
    let asked: Vec<_> = begun.steps.iter().filter_map(|step| step.action.as_ref()).collect();
    assert!(asked.iter().any(|action| action.is_open()), "the process dies while an answer is awaited");

    world.host.advance(Duration::from_secs(3_600));
    let next = process(&world.host, &world.stores, &world.faults);
    consume_participants(&next, &world.script);
    let trips = saga(1, &world.script, world.stores["card"].clone());
    let orchestrator = Orchestrator::new(world.stores["trips"].clone(), world.host.clone()).register(trips);
    // The timers look before any consumer takes what stands in the logs.
    next.orchestrate(&orchestrator);
    world.pass(2).await;
    next.consume(orchestrator.attach(next.consumer("trips"), "trips"));
    let ended = world.until("down", SagaStatus::Completed).await;
    let attempts = ended.steps.iter().filter_map(|step| step.action.as_ref()).map(|action| action.attempts);
    assert!(attempts.into_iter().all(|attempts| attempts == 1), "{}", ended.timeline());
}
