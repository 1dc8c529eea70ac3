//! What records that all is undone, and fails itself.

use commerce_core::commit::{Claim, ClaimKey, Commit};
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use commerce_outbox::{HandleError, Scope};
use commerce_saga::testing::{End, INJECTED};
use commerce_saga::{Instance, PhaseStatus, Reply, SagaBuilder, SagaStatus, StepError};

use crate::answers::{Errors, errors, note, noted, nothing_is_held};
use crate::trip::{BookFlight, CancelFlight, Trip, World, hotel};

fn flight() -> SagaBuilder<Trip> {
    hotel().request("flight", |trip| BookFlight(trip.id.clone())).undo(|trip| CancelFlight(trip.id.clone()))
}

/// A run that is undone, and whose end is recorded with these errors first.
async fn undone_with(of: Errors) -> World {
    let saga =
        flight().when_undone(move |trip, _, scope| note(trip, scope, "noted", of.clone())).build().unwrap();
    let world = World::new().await.restarted(saga);
    world.script.answer("flight/book", [Reply::failed(INJECTED, "no seat")]);
    world.begin("1").await.unwrap();
    world
}

/// A run that is undone, and whose end is recorded with what another holds: a claim, which the commit meets, or a
/// conflict that the code meets itself.
async fn held_up(by_commit: bool) -> World {
    let saga = flight()
        .when_undone(move |trip: Trip, _, mut scope: Scope| async move {
            let desk = Commit::new().claim(Claim::new("desk", "held"));
            if by_commit {
                scope.write(|commit| commit.claim(Claim::new("desk", "held")));
            } else {
                scope.store().commit(desk).await.map_err(HandleError::from)?;
            }
            Ok((trip, scope))
        })
        .build()
        .unwrap();
    let world = World::new().await.restarted(saga);
    world.stores["trips"].commit(Commit::new().claim(Claim::new("desk", "held"))).await.unwrap();
    world.script.answer("flight/book", [Reply::failed(INJECTED, "no seat")]);
    world.begin("1").await.unwrap();
    world
}

/// The run, which stands so with all undone and no answer held.
async fn standing(world: &World, status: SagaStatus) -> Instance {
    let instance = world.until("1", status).await;
    assert_eq!(world.end("1").await, End::Undone, "{}", instance.timeline());
    let undo = instance.steps[0].undo.as_ref().unwrap();
    assert_eq!((undo.status, undo.attempts), (PhaseStatus::Done, 1), "{}", instance.timeline());
    nothing_is_held(world).await;
    instance
}

#[tokio::test(start_paused = true)]
async fn an_end_that_can_t_be_recorded_for_now_is_recorded_later() {
    let wrong = HandleError::new(Kind::Invalid, "no such guest").into();
    let first = [StepError::transient("busy", "later"), StepError::Unknown("who knows".to_owned()), wrong];
    let world = undone_with(errors(first)).await;
    let instance = standing(&world, SagaStatus::Failed).await;
    let ending = instance.ending.as_ref().unwrap();
    assert_eq!((ending.status, ending.attempts), (PhaseStatus::Done, 4), "{}", instance.timeline());
    assert_eq!(noted(&world).await, 1);
    assert_eq!(instance.failure.unwrap().step, "flight");
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_never_recorded_is_for_an_operator() {
    for skipped in [false, true] {
        let world = undone_with(errors((0..8).map(|_| StepError::transient("busy", "later")))).await;
        let mut ended = world.orchestrator.ended();
        let instance = standing(&world, SagaStatus::Stuck).await;
        assert_eq!(ended.try_recv().unwrap().status, SagaStatus::Stuck);
        assert_eq!(instance.wake_at, None, "no timer looks at it");
        let told = instance.timeline();
        assert!(told.contains("recording the end: failed"), "{told}");
        assert!(told.contains(", attempt 8 – busy: later"), "{told}");
        let (tenant, orchestrator) = (Tenant::default(), &world.orchestrator);
        if skipped {
            orchestrator.skip(&tenant, "trip", "1", "ada", "recorded by hand").await.unwrap();
        } else {
            orchestrator.retry(&tenant, "trip", "1", "ada", "it is mended").await.unwrap();
        }
        standing(&world, SagaStatus::Failed).await;
        assert_eq!(noted(&world).await, usize::from(!skipped));
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_always_meets_a_conflict_is_for_an_operator() {
    for by_commit in [true, false] {
        let world = held_up(by_commit).await;
        let instance = standing(&world, SagaStatus::Stuck).await;
        let ending = instance.ending.clone().unwrap();
        assert_eq!((ending.attempts, &*ending.error.unwrap().0), (8, "conflict"), "{}", instance.timeline());
        world.stores["trips"].commit(Commit::new().release(ClaimKey::new("desk", "held"))).await.unwrap();
        world.orchestrator.retry(&Tenant::default(), "trip", "1", "ada", "it is free").await.unwrap();
        standing(&world, SagaStatus::Failed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_can_t_be_recorded_for_certain_is_not_tried_again() {
    let world = undone_with(errors([StepError::failed("closed", "the books are closed")])).await;
    let instance = standing(&world, SagaStatus::Stuck).await;
    assert_eq!(instance.ending.unwrap().attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_while_the_end_is_recorded_is_no_failed_attempt() {
    let away = || HandleError::retryable("the store is away").into();
    let world = undone_with(errors((0..3).map(|_| away()))).await;
    let instance = standing(&world, SagaStatus::Failed).await;
    assert_eq!(instance.ending, None);
    assert_eq!(noted(&world).await, 1);
}
