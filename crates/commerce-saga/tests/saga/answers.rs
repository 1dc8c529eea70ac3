//! Answers that can't be taken in, for now or at all.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use commerce_core::commit::{Claim, ClaimKey, Commit, NewMessage};
use commerce_core::error::Kind;
use commerce_outbox::{HandleError, RetryPolicy, Scope};
use commerce_saga::testing::Fault;
use commerce_saga::{Instance, Phase, Saga, SagaStatus, StepError, Version};

use crate::trip::{BookCar, CancelCar, Trip, World, count, hotel};

pub type Errors = Arc<Mutex<VecDeque<StepError>>>;

pub fn errors(errors: impl IntoIterator<Item = StepError>) -> Errors {
    Arc::new(Mutex::new(errors.into_iter().collect()))
}

/// Writes that it was done, and fails as often as there are errors.
pub async fn note(
    trip: Trip,
    mut scope: Scope,
    what: &'static str,
    errors: Errors,
) -> Result<(Trip, Scope), StepError> {
    scope.send(NewMessage::new(what, trip.id.clone()));
    match errors.lock().unwrap().pop_front() {
        Some(error) => Err(error),
        None => Ok((trip, scope)),
    }
}

/// A hotel whose answer is taken with these errors first.
async fn hotel_taken_with(of: Errors) -> World {
    let saga = hotel().then(move |trip: Trip, _: u32, scope| note(trip, scope, "noted", of.clone()));
    World::new().await.restarted(saga.build().unwrap())
}

pub async fn nothing_is_held(world: &World) {
    for state in ["dead", "retrying", "waiting"] {
        assert_eq!(world.held("trips", state).await, 0, "{state}");
    }
}

pub fn attempts(instance: &Instance, step: usize) -> u32 {
    instance.steps[step].action.as_ref().unwrap().attempts
}

pub async fn noted(world: &World) -> usize {
    crate::trip::messages(&world.stores["trips"])
        .await
        .iter()
        .filter(|message| &*message.topic == "noted")
        .count()
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_answer_can_t_be_taken_for_now_is_tried_again() {
    let later = StepError::transient("busy", "later");
    let world = hotel_taken_with(errors([later, StepError::Unknown("who knows".to_owned())])).await;
    world.begin("1").await.unwrap();
    let instance = world.until("1", SagaStatus::Completed).await;
    assert_eq!(attempts(&instance, 0), 3, "{}", instance.timeline());
    assert_eq!(count(&world.stores["hotel"], "hotel", "1").await.0.made, 1, "it is booked once");
    assert_eq!(noted(&world).await, 1);
    nothing_is_held(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_answer_is_never_taken_is_undone_and_holds_nothing_up() {
    let wrong = || HandleError::new(Kind::Invalid, "no such guest").into();
    for code in ["busy", "unknown", "error"] {
        let error = |_| match code {
            "busy" => StepError::transient("busy", "later"),
            "unknown" => StepError::Unknown("who knows".to_owned()),
            _ => wrong(),
        };
        let world = hotel_taken_with(errors((0..100).map(error))).await;
        let instance = world.undone_by("1", "hotel", code).await;
        assert_eq!(attempts(&instance, 0), 3);
        assert_eq!(count(&world.stores["hotel"], "hotel", "1").await.0.cancelled, 1);
        assert_eq!(noted(&world).await, 0);
        nothing_is_held(&world).await;
    }
}

/// As where it passes on what another part of its service has refused.
#[tokio::test(start_paused = true)]
async fn a_local_step_that_goes_wrong_behind_an_answer_is_undone_and_holds_nothing_up() {
    let local = |_: Trip, _: Scope| async { Err(HandleError::new(Kind::Invalid, "no such guest").into()) };
    let world = World::new().await.restarted(hotel().local("desk", local).build().unwrap());
    let instance = world.undone_by("1", "desk", "error").await;
    assert_eq!(count(&world.stores["hotel"], "hotel", "1").await.0.cancelled, 1, "{}", instance.timeline());
    nothing_is_held(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_answer_always_meets_a_conflict_is_undone_and_one_for_which_it_ends_is_done() {
    let then = |trip: Trip, _: u32, mut scope: Scope| async move {
        scope.write(|commit| commit.claim(Claim::new("desk", "held")));
        Ok((trip, scope))
    };
    let world = World::new().await.restarted(hotel().then(then).build().unwrap());
    world.stores["trips"].commit(Commit::new().claim(Claim::new("desk", "held"))).await.unwrap();
    let instance = world.undone_by("1", "hotel", "conflict").await;
    assert_eq!(attempts(&instance, 0), 3, "{}", instance.timeline());
    nothing_is_held(&world).await;
    world.stores["trips"].commit(Commit::new().release(ClaimKey::new("desk", "held"))).await.unwrap();
    world.begin("2").await.unwrap();
    world.until("2", SagaStatus::Completed).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_while_an_answer_is_taken_is_no_failed_attempt() {
    let away = || HandleError::retryable("the store is away").into();
    let world = hotel_taken_with(errors((0..4).map(|_| away()))).await;
    world.begin("1").await.unwrap();
    let instance = world.until("1", SagaStatus::Completed).await;
    assert_eq!(attempts(&instance, 0), 1, "{}", instance.timeline());
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_kind_than_is_awaited_fails_the_step() {
    let saga = hotel().then(|trip: Trip, _: Vec<String>, scope| async move { Ok((trip, scope)) });
    let world = World::new().await.restarted(saga.build().unwrap());
    let instance = world.undone_by("1", "hotel", "unreadable").await;
    assert_eq!(attempts(&instance, 0), 1, "it would be answered as before");
    assert!(instance.failure.unwrap().detail.contains("can't be read"));
    nothing_is_held(&world).await;
}

/// What no participant of this library answers.
async fn garble(world: &World, phase: &str) {
    let headers = [("saga", "trip"), ("saga-id", "1"), ("saga-step", "hotel"), ("saga-phase", phase)];
    let reply = NewMessage::new("trips", "1").of_type("saga.reply").header("saga-attempt", "1");
    let reply = headers.into_iter().fold(reply, |reply, (name, value)| reply.header(name, value));
    world.stores["hotel"].commit(Commit::new().message(reply.json(&"done!").unwrap())).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_none_fails_the_step_which_may_be_done() {
    let world = World::new().await.restarted(hotel().build().unwrap());
    world.faults.strike("hotel", Phase::Action, Fault::LoseRequest, 1);
    world.begin("1").await.unwrap();
    garble(&world, "action").await;
    let instance = world.until("1", SagaStatus::Failed).await;
    assert_eq!(instance.failure.as_ref().unwrap().code, "unreadable", "{}", instance.timeline());
    let (hotel, _) = count(&world.stores["hotel"], "hotel", "1").await;
    assert_eq!(hotel.made, hotel.cancelled);
    nothing_is_held(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_compensation_with_an_answer_that_is_none_is_stuck_until_it_is_answered() {
    let saga =
        hotel().request("car", |trip| BookCar(trip.id.clone())).undo(|trip| CancelCar(trip.id.clone()));
    let world = World::new().await.restarted(saga.build().unwrap());
    world.faults.strike("car", Phase::Action, Fault::Fail, 1);
    world.faults.strike("hotel", Phase::Undo, Fault::LoseRequest, 1);
    world.begin("1").await.unwrap();
    world.until("1", SagaStatus::Compensating).await;
    garble(&world, "undo").await;
    world.until("1", SagaStatus::Stuck).await;
    nothing_is_held(&world).await;
    let tenant = commerce_core::id::Tenant::default();
    world.orchestrator.retry(&tenant, "trip", "1", "ada", "the hotel was mended").await.unwrap();
    world.until("1", SagaStatus::Failed).await;
}

#[tokio::test(start_paused = true)]
async fn a_local_step_and_what_follows_it_last_together_or_not_at_all() {
    for (failures, ends) in [(2, SagaStatus::Completed), (100, SagaStatus::Failed)] {
        let later = errors((0..failures).map(|_| StepError::transient("busy", "later")));
        let saga = Saga::builder::<Trip>("trip", Version(1))
            .local("books", |trip, scope| note(trip, scope, "noted", errors([])))
            .then(move |trip: Trip, (): (), scope| note(trip, scope, "followed", later.clone()))
            .build()
            .unwrap();
        let world = World::new().await.restarted(saga);
        world.begin("1").await.unwrap();
        let instance = world.until("1", ends).await;
        assert_eq!(attempts(&instance, 0), 3, "{}", instance.timeline());
        assert_eq!(noted(&world).await, usize::from(ends == SagaStatus::Completed));
        assert_eq!(instance.steps[0].may_have_effect, ends == SagaStatus::Completed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_answer_can_t_be_taken_for_now_is_verified() {
    let (called, verified) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (calls, asks) = (called.clone(), verified.clone());
    let later = errors([StepError::transient("busy", "later")]);
    let saga = Saga::builder::<Trip>("trip", Version(1))
        .call("card", move |_: Trip, _| {
            calls.fetch_add(1, Ordering::SeqCst);
            async { Ok(7) }
        })
        .verify(move |_, _| {
            asks.fetch_add(1, Ordering::SeqCst);
            async { Ok(Some(7)) }
        })
        .retry(RetryPolicy::attempts(2))
        .then(move |trip: Trip, _: u32, scope| note(trip, scope, "noted", later.clone()))
        .build()
        .unwrap();
    let world = World::new().await.restarted(saga);
    world.begin("1").await.unwrap();
    world.until("1", SagaStatus::Completed).await;
    assert_eq!((called.load(Ordering::SeqCst), verified.load(Ordering::SeqCst)), (1, 1));
    assert_eq!(noted(&world).await, 1);
}
