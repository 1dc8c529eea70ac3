//! A panic of a saga's own code is a failed attempt of that code, and of nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use commerce_outbox::Scope;
use commerce_saga::testing::INJECTED;
use commerce_saga::{PhaseStatus, Reply, SagaStatus, StepError};

use crate::answers::{attempts, nothing_is_held};
use crate::trip::{BookCar, Trip, World, count, hotel};

async fn cancelled(world: &World) -> u32 {
    count(&world.stores["hotel"], "hotel", "1").await.0.cancelled
}

#[tokio::test(start_paused = true)]
async fn a_local_step_that_panics_behind_an_answer_is_undone_and_holds_nothing_up() {
    let panics = |_: Trip, _: Scope| async { panic!("on purpose") };
    let world = World::new().await.restarted(hotel().local("desk", panics).build().unwrap());
    let instance = world.undone_by("1", "desk", "panicked").await;
    assert_eq!((attempts(&instance, 1), cancelled(&world).await), (3, 1), "{}", instance.timeline());
    assert!(instance.failure.unwrap().detail.contains("on purpose"));
    nothing_is_held(&world).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_takes_an_answer_and_panics_is_undone_and_holds_nothing_up() {
    let panics = |_: Trip, _: u32, _: Scope| async { panic!("on purpose") };
    let world = World::new().await.restarted(hotel().then(panics).build().unwrap());
    world.undone_by("1", "hotel", "panicked").await;
    assert_eq!(cancelled(&world).await, 1);
    nothing_is_held(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_panics_is_a_step_that_fails() {
    let panics = |trip: &Trip| -> BookCar { panic!("no car for {}", trip.id) };
    let world = World::new().await.restarted(hotel().request("car", panics).build().unwrap());
    let instance = world.undone_by("1", "car", "panicked").await;
    assert_eq!((attempts(&instance, 1), cancelled(&world).await), (3, 1), "{}", instance.timeline());
    nothing_is_held(&world).await;
}

#[tokio::test(start_paused = true)]
async fn what_panics_behind_a_call_does_not_cost_the_calls_result() {
    let made = Arc::new(AtomicU32::new(0));
    let (counted, undone) = (made.clone(), made.clone());
    let saga = hotel()
        .call("card", move |_: Trip, _| {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        })
        .undo_call(move |_: Trip, _| {
            undone.fetch_add(10, Ordering::SeqCst);
            async { Ok(()) }
        })
        .local("desk", |_: Trip, _: Scope| async { panic!("on purpose") });
    let world = World::new().await.restarted(saga.build().unwrap());
    let instance = world.undone_by("1", "desk", "panicked").await;
    assert_eq!(made.load(Ordering::SeqCst), 11, "{}", instance.timeline());
}

async fn breaks() -> Result<(), StepError> {
    panic!("on purpose")
}

/// It may have had its effect before.
#[tokio::test(start_paused = true)]
async fn a_call_that_panics_is_asked_about() {
    let verified = Arc::new(AtomicU32::new(0));
    let asked = verified.clone();
    let saga = hotel().call("card", |_: Trip, _| breaks()).verify(move |_: Trip, _| {
        asked.fetch_add(1, Ordering::SeqCst);
        async { Ok(Some(())) }
    });
    let world = World::new().await.restarted(saga.build().unwrap());
    world.begin("1").await.unwrap();
    let instance = world.until("1", SagaStatus::Completed).await;
    assert_eq!((attempts(&instance, 1), verified.load(Ordering::SeqCst)), (2, 1), "{}", instance.timeline());
}

#[tokio::test(start_paused = true)]
async fn what_records_the_end_and_panics_is_for_an_operator_at_last() {
    let panics = |_: Trip, _, _: Scope| async { panic!("on purpose") };
    let saga = hotel().request("car", |trip| BookCar(trip.id.clone())).when_undone(panics);
    let world = World::new().await.restarted(saga.build().unwrap());
    world.script.answer("car/book", [Reply::failed(INJECTED, "no car")]);
    world.begin("1").await.unwrap();
    let ending = world.until("1", SagaStatus::Stuck).await.ending.unwrap();
    assert_eq!((ending.status, ending.attempts), (PhaseStatus::Failed, 8));
    nothing_is_held(&world).await;
}

/// Timers have it in hand from its second attempt on.
#[tokio::test(start_paused = true)]
async fn a_step_that_panics_at_a_later_attempt_is_given_up_as_any_other() {
    let tries = Arc::new(AtomicU32::new(0));
    let counted = tries.clone();
    let saga = hotel().local("desk", move |_: Trip, _: Scope| {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            assert!(first, "on purpose");
            Err(StepError::transient("busy", "later"))
        }
    });
    let world = World::new().await.restarted(saga.build().unwrap());
    world.undone_by("1", "desk", "panicked").await;
    assert_eq!((tries.load(Ordering::SeqCst), cancelled(&world).await), (3, 1));
}
