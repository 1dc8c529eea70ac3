//! Timers: one run that can't be carried on does not stop the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::Store;
use commerce_outbox::Scope;
use commerce_saga::{Orchestrator, Saga, SagaStatus, StepError, Version};
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
    assert_eq!(world.orchestrator.look().await.unwrap(), 1);
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
