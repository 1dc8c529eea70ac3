//! Stuck, halted and given-up runs.

use commerce_core::id::Tenant;
use commerce_saga::testing::{End, Fault};
use commerce_saga::{Instance, Phase, PhaseStatus, Reply, SagaError, SagaStatus};

use crate::trip::World;

fn tenant() -> Tenant {
    Tenant::default()
}

/// A run whose hotel can't be cancelled.
async fn stuck() -> World {
    let world = World::new().await;
    world.script.answer("flight/book", [Reply::failed("sold-out", "no seat")]);
    world.script.answer("hotel/cancel", [Reply::failed("too-late", "the guest is here")]);
    world.begin("1").await.unwrap();
    let instance = world.until("1", SagaStatus::Stuck).await;
    assert_eq!(instance.wake_at, None, "no timer looks at it");
    world
}

fn noted(instance: &Instance) -> Vec<(&str, &str, &str)> {
    instance.notes.iter().map(|note| (&*note.actor, &*note.action, &*note.reason)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_compensation_that_fails_for_certain_is_stuck_and_seen() {
    let world = stuck().await;
    world.pass(3_600).await;
    let seen = world.orchestrator.instances(Some(SagaStatus::Stuck), 10).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].steps[0].undo.as_ref().unwrap().error.as_ref().unwrap().0, "too-late");
}

#[tokio::test(start_paused = true)]
async fn a_stuck_compensation_is_tried_again_with_all_its_attempts() {
    let world = World::new().await;
    world.script.answer("flight/book", [Reply::failed("sold-out", "no seat")]);
    world.script.answer("hotel/cancel", (0..8).map(|_| Reply::transient("busy", "later")));
    world.begin("1").await.unwrap();
    world.until("1", SagaStatus::Stuck).await;
    // The first two tries of the new ones fail for now.
    world.script.answer("hotel/cancel", (0..2).map(|_| Reply::transient("busy", "later")));
    world.orchestrator.retry(&tenant(), "trip", "1", "ada", "the guest has left").await.unwrap();
    let instance = world.until("1", SagaStatus::Failed).await;
    assert_eq!(world.end("1").await, End::Undone);
    assert_eq!(noted(&instance), [("ada", "retried", "the guest has left")]);
    assert_eq!(instance.steps[0].undo.as_ref().unwrap().attempts, 11, "attempts keep counting");
}

#[tokio::test(start_paused = true)]
async fn a_compensation_that_failed_for_certain_is_not_answered_as_before() {
    let world = stuck().await;
    world.orchestrator.retry(&tenant(), "trip", "1", "ada", "the guest has left").await.unwrap();
    world.until("1", SagaStatus::Failed).await;
    assert_eq!(world.end("1").await, End::Undone);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_compensation_can_be_taken_as_done() {
    let world = stuck().await;
    world.orchestrator.skip(&tenant(), "trip", "1", "ada", "refunded by hand").await.unwrap();
    let instance = world.until("1", SagaStatus::Failed).await;
    assert_eq!(instance.steps[0].undo.as_ref().unwrap().status, PhaseStatus::Skipped);
    assert_eq!(noted(&instance), [("ada", "skipped", "refunded by hand")]);
    let again = world.orchestrator.skip(&tenant(), "trip", "1", "ada", "twice").await.unwrap_err();
    assert!(matches!(again, SagaError::WrongStatus { .. }), "{again}");
}

#[tokio::test(start_paused = true)]
async fn a_stuck_run_goes_on_when_its_compensation_answers_late() {
    let world = World::new().await;
    world.script.answer("flight/book", [Reply::failed("sold-out", "no seat")]);
    world.faults.strike("hotel", Phase::Undo, Fault::LoseReply, u32::MAX);
    world.begin("1").await.unwrap();
    world.until("1", SagaStatus::Stuck).await;
    world.faults.clear();
    let reply = world.last_message("hotel").await;
    world.send_again("hotel", &reply).await;
    let instance = world.until("1", SagaStatus::Failed).await;
    assert_eq!(instance.steps[0].undo.as_ref().unwrap().status, PhaseStatus::Done);
    assert_eq!(world.end("1").await, End::Undone);
}

#[tokio::test(start_paused = true)]
async fn of_a_run_that_is_stuck_is_told_each_time_it_gets_there_and_no_more() {
    let world = World::new().await;
    let mut ended = world.orchestrator.ended();
    world.script.answer("flight/book", [Reply::failed("sold-out", "no seat")]);
    world.script.answer("hotel/cancel", (0..2).map(|_| Reply::failed("too-late", "the guest is here")));
    world.begin("1").await.unwrap();
    world.until("1", SagaStatus::Stuck).await;
    assert_eq!(ended.try_recv().unwrap().status, SagaStatus::Stuck);
    // It is written, and stays where it is.
    world.orchestrator.pause(&tenant(), "trip", "1", "ada", "hold on").await.unwrap();
    world.orchestrator.resume(&tenant(), "trip", "1", "ada", "go on").await.unwrap();
    world.send_again("hotel", &world.last_message("hotel").await).await;
    world.pass(5).await;
    assert!(ended.try_recv().is_err(), "nothing has changed");
    world.orchestrator.retry(&tenant(), "trip", "1", "ada", "the guest has left").await.unwrap();
    world.until("1", SagaStatus::Stuck).await;
    assert_eq!(ended.try_recv().unwrap().status, SagaStatus::Stuck);
    world.orchestrator.abandon(&tenant(), "trip", "1", "ada", "so be it").await.unwrap();
    assert_eq!(ended.try_recv().unwrap().status, SagaStatus::Abandoned);
    assert!(ended.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn what_is_abandoned_asks_for_nothing_any_more() {
    let world = World::new().await;
    world.faults.strike("flight", Phase::Action, Fault::LoseRequest, u32::MAX);
    world.begin("1").await.unwrap();
    world.pass(1).await;
    let sent = world.sent().await;
    // The answer is overdue when the operator acts, and no timer was there to see it.
    world.process.kill();
    world.pass(31).await;
    world.orchestrator.abandon(&tenant(), "trip", "1", "ada", "a test run").await.unwrap();
    let instance = world.instance("1").await;
    assert_eq!((instance.status, instance.wake_at), (SagaStatus::Abandoned, None));
    assert_eq!(noted(&instance), [("ada", "abandoned", "a test run")]);
    world.orchestrator.look().await.unwrap();
    assert_eq!(world.sent().await, sent, "nothing new was asked for");
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_comes_while_paused_is_taken_and_nothing_new_is_asked() {
    let world = World::new().await;
    world.begin("1").await.unwrap();
    world.orchestrator.pause(&tenant(), "trip", "1", "ada", "hold on").await.unwrap();
    world.pass(100).await;
    let instance = world.instance("1").await;
    assert_eq!(instance.steps[0].action.as_ref().unwrap().status, PhaseStatus::Done, "the reply is taken");
    assert_eq!(instance.steps[1].action, None);
    assert_eq!(instance.wake_at, None, "no timer looks at it");
    assert_eq!(world.sent().await, 1);
    let twice = world.orchestrator.pause(&tenant(), "trip", "1", "ada", "again").await.unwrap_err();
    assert!(matches!(twice, SagaError::WrongStatus { .. }), "{twice}");
    world.orchestrator.resume(&tenant(), "trip", "1", "bob", "go on").await.unwrap();
    let instance = world.until("1", SagaStatus::Completed).await;
    assert_eq!(noted(&instance), [("ada", "paused", "hold on"), ("bob", "resumed", "go on")]);
    assert_eq!(world.end("1").await, End::Done);
}

#[tokio::test(start_paused = true)]
async fn what_is_overdue_when_it_is_paused_is_not_asked_again() {
    let world = World::new().await;
    world.faults.strike("hotel", Phase::Action, Fault::LoseRequest, 1);
    world.begin("1").await.unwrap();
    world.pass(1).await;
    world.process.kill();
    world.pass(31).await;
    world.orchestrator.pause(&tenant(), "trip", "1", "ada", "hold on").await.unwrap();
    let instance = world.instance("1").await;
    assert_eq!(instance.steps[0].action.as_ref().unwrap().attempts, 1);
    assert_eq!(instance.wake_at, None, "no timer looks at it");
    assert_eq!(world.sent().await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_operator_is_told_that_a_run_does_not_exist() {
    let world = World::new().await;
    let error = world.orchestrator.retry(&tenant(), "trip", "7", "ada", "?").await.unwrap_err();
    assert!(matches!(error, SagaError::NotFound { .. }), "{error}");
}
