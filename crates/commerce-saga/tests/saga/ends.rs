//! How runs end: done, failed for certain, unknown.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::Commit;
use commerce_core::id::Tenant;
use commerce_outbox::{RetryPolicy, Scope, SystemHost};
use commerce_saga::testing::{End, Fault, INJECTED};
use commerce_saga::{
    BuildError, Orchestrator, Phase, PhaseStatus, Reply, Saga, SagaBuilder, SagaError, SagaStatus, StepError,
    Version,
};

use crate::store::new_store;
use crate::trip::{BookHotel, CancelHotel, STEPS, Trip, World, hotel};

#[tokio::test(start_paused = true)]
async fn what_goes_well_is_done_once_and_told() {
    let world = World::new().await;
    let mut ended = world.orchestrator.ended();
    world.begin("1").await.unwrap();
    let instance = world.until("1", SagaStatus::Completed).await;
    assert_eq!(world.end("1").await, End::Done);
    assert_eq!(instance.state.get(), r#"{"id":"1","seats":[7]}"#, "the flight's answer is in the state");
    assert_eq!(instance.wake_at, None);
    let told = ended.recv().await.unwrap();
    assert_eq!((&*told.id, told.status), ("1", SagaStatus::Completed));
}

#[tokio::test(start_paused = true)]
async fn a_certain_failure_at_each_step_undoes_what_was_done_and_nothing_else() {
    for step in STEPS {
        let world = World::new().await;
        world.faults.strike(step, Phase::Action, Fault::Fail, 1);
        let instance = match step {
            "books" | "card" => {
                // Local steps and calls fail by the definition's own code.
                let world = World::faulty().await;
                world.faults.strike(step, Phase::Action, Fault::Fail, 1);
                world.undone_by("1", step, INJECTED).await
            }
            _ => world.undone_by("1", step, INJECTED).await,
        };
        let failed = instance.steps.iter().find(|record| record.name == step).unwrap();
        assert_eq!(failed.undo, None, "what failed for certain is not undone");
        assert_eq!(failed.action.as_ref().unwrap().attempts, 1, "and not tried again");
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_succeed_later_is_tried_three_times_and_then_undone() {
    let world = World::new().await;
    world.script.answer("flight/book", (0..3).map(|_| Reply::transient("busy", "later")));
    let instance = world.undone_by("1", "flight", "busy").await;
    assert_eq!(instance.steps[1].action.as_ref().unwrap().attempts, 3);
}

#[tokio::test]
async fn waits_are_drawn_from_nothing_up_to_their_bound() {
    let wait = Duration::from_secs(1_000);
    let policy = RetryPolicy { attempts: 3, first_wait: wait, longest_wait: wait };
    let saga = Saga::builder::<Trip>("waits", Version(1))
        .local("wait", |_: Trip, _| async { Err(StepError::transient("wait", "not yet")) })
        .retry(policy)
        .build()
        .unwrap();
    let host = Arc::new(SystemHost);
    let store = new_store(host.clone()).await;
    let orchestrator = Orchestrator::new(store.clone(), host.clone()).register(saga);
    let mut quarters = [0; 4];
    for id in 0..400 {
        let context = host.context();
        let mut scope = Scope::new(context.clone(), store.clone(), Commit::within(&context));
        orchestrator.begin("waits", &id.to_string(), &Trip::default(), &mut scope).await.unwrap();
        store.commit(scope.into_commit()).await.unwrap();
        let run = orchestrator.instance(&Tenant::default(), "waits", &id.to_string()).await.unwrap();
        let action = run.steps[0].action.as_ref().unwrap();
        let drawn = action.due.unwrap().since(action.started_at).as_secs();
        quarters[usize::try_from(drawn / 250).unwrap().min(3)] += 1;
    }
    assert!(quarters.iter().all(|drawn| *drawn > 50), "{quarters:?}");
}

#[tokio::test(start_paused = true)]
async fn what_succeeds_at_the_third_try_is_done() {
    let world = World::new().await;
    world.script.answer("flight/book", (0..2).map(|_| Reply::transient("busy", "later")));
    world.begin("1").await.unwrap();
    world.until("1", SagaStatus::Completed).await;
    assert_eq!(world.end("1").await, End::Done);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_never_comes_leaves_an_unknown_which_is_undone() {
    for fault in [Fault::LoseRequest, Fault::LoseReply] {
        let world = World::new().await;
        world.faults.strike("flight", Phase::Action, fault, u32::MAX);
        let instance = world.undone_by("1", "flight", "timeout").await;
        let undo = instance.steps[1].undo.as_ref().unwrap();
        assert_eq!(undo.status, PhaseStatus::Done, "{fault:?}: it is undone like the others");
    }
}

#[tokio::test(start_paused = true)]
async fn of_parallel_steps_one_fails_and_the_other_is_waited_for_and_undone() {
    let world = World::new().await;
    world.faults.strike("flight", Phase::Action, Fault::Fail, 1);
    // The car does not answer at first: undoing waits, as it must not overtake.
    world.faults.strike("car", Phase::Action, Fault::LoseReply, 1);
    let instance = world.undone_by("1", "flight", INJECTED).await;
    let [flight, car] = &instance.steps[1..3] else { panic!() };
    let ended = |record: &commerce_saga::PhaseRecord| record.ended_at.unwrap();
    assert!(car.undo.as_ref().unwrap().started_at >= ended(car.action.as_ref().unwrap()));
    assert!(ended(car.action.as_ref().unwrap()) > ended(flight.action.as_ref().unwrap()));
    assert_eq!(car.action.as_ref().unwrap().attempts, 1, "no step is tried again once another has failed");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_refused_undoes_its_own_step_too() {
    let world = World::new().await;
    *world.script.refuse.lock().unwrap() = Some("then");
    let instance = world.undone_by("1", "flight", "refused").await;
    assert!(instance.steps[1].undo.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_local_step_that_fails_leaves_nothing_of_what_it_wrote() {
    let world = World::new().await;
    *world.script.refuse.lock().unwrap() = Some("books");
    let instance = world.undone_by("1", "books", "refused").await;
    assert_eq!(instance.steps[3].undo, None);
}

/// A saga of local steps alone.
async fn local(result: fn() -> Result<(), StepError>) -> (World, Result<(), commerce_saga::SagaError>) {
    let world = World::new().await;
    let saga = Saga::builder::<Trip>("local", Version(1))
        .local("only", move |trip: Trip, scope| async move {
            result()?;
            Ok((trip, scope))
        })
        .build()
        .unwrap();
    let store = world.stores["trips"].clone();
    let orchestrator = Orchestrator::new(store.clone(), world.host.clone()).register(saga);
    let context = world.host.context();
    let mut scope = Scope::new(context.clone(), store.clone(), Commit::within(&context));
    let begun = orchestrator.begin("local", "1", &Trip::default(), &mut scope).await;
    store.commit(scope.into_commit()).await.unwrap();
    let world = World { orchestrator, ..world };
    (world, begun)
}

#[tokio::test(start_paused = true)]
async fn a_saga_may_end_as_it_begins() {
    for (result, status) in [
        ((|| Ok(())) as fn() -> Result<(), StepError>, SagaStatus::Completed),
        (|| Err(StepError::failed("no", "never")), SagaStatus::Failed),
    ] {
        let (world, begun) = local(result).await;
        begun.unwrap();
        let instance = world.orchestrator.instance(&Tenant::default(), "local", "1").await.unwrap();
        assert_eq!((instance.status, instance.wake_at), (status, None));
        assert!(instance.ended_at.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_local_step_that_may_succeed_later_waits_for_a_timer_and_is_never_unknown() {
    let (world, begun) = local(|| Err(StepError::Unknown("who knows".to_owned()))).await;
    begun.unwrap();
    for _ in 0..100 {
        world.pass(1).await;
        world.orchestrator.look().await.unwrap();
    }
    let instance = world.orchestrator.instance(&Tenant::default(), "local", "1").await.unwrap();
    assert_eq!(instance.status, SagaStatus::Failed);
    assert_eq!(instance.steps[0].action.as_ref().unwrap().attempts, 3);
    assert!(!instance.steps[0].may_have_effect, "what it wrote was not joined");
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_taken_is_told_from_other_conflicts() {
    let world = World::new().await;
    world.begin("1").await.unwrap();
    let error = world.begin("1").await.unwrap_err();
    let conflict = error.conflict().unwrap();
    assert!(Orchestrator::was_begun(conflict, "trip", "1"), "{error}");
    assert!(!Orchestrator::was_begun(conflict, "trip", "2"));
    assert!(error.to_string().contains("trip/1"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_is_not_registered_is_named() {
    let world = World::new().await;
    let context = world.host.context();
    let mut scope = Scope::new(context.clone(), world.stores["trips"].clone(), Commit::within(&context));
    let error = world.orchestrator.begin("voyage", "1", &(), &mut scope).await.unwrap_err();
    assert!(error.to_string().contains("voyage"), "{error}");
    assert!(scope.into_commit().is_empty());
}

#[test]
fn names_that_would_be_mistaken_where_they_are_stored_are_refused() {
    let build = |saga: &str, step: &str| {
        Saga::builder::<Trip>(saga, Version(1))
            .replies_to("trips")
            .request(step, |trip| BookHotel(trip.id.clone()))
            .build()
            .map(|_| ())
    };
    assert_eq!(build("a/b", "c"), Err(BuildError::Name("a/b".to_owned())));
    assert_eq!(build("a", "b/c"), Err(BuildError::Name("b/c".to_owned())));
    assert_eq!(build("a", "b"), Ok(()));
}

#[test]
fn what_counts_once_can_t_be_said_twice() {
    let said = |builder: SagaBuilder<Trip>| match builder.build() {
        Err(BuildError::Twice { said, .. }) => said,
        other => panic!("{other:?}"),
    };
    assert_eq!(said(hotel().undo(|trip| CancelHotel(trip.id.clone()))), "undo");
    assert_eq!(said(hotel().replies_to("elsewhere")), "replies_to");
    let then = |trip: Trip, _: u32, scope: Scope| async move { Ok((trip, scope)) };
    assert_eq!(said(hotel().then(then).then(then)), "then");
    let undone = |trip: Trip, _, scope: Scope| async move { Ok((trip, scope)) };
    assert_eq!(said(hotel().when_undone(undone).when_undone(undone)), "when_undone");
}

#[tokio::test(start_paused = true)]
async fn a_run_does_not_begin_with_the_state_of_another_saga() {
    let world = World::new().await;
    let (store, context) = (world.stores["trips"].clone(), world.host.context());
    let mut scope = Scope::new(context.clone(), store, Commit::within(&context));
    let error = world.orchestrator.begin("trip", "1", &7, &mut scope).await.unwrap_err();
    assert!(matches!(error, SagaError::Unreadable { .. }), "{error}");
    assert!(scope.into_commit().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_definition_draws_itself() {
    let text = World::new().await.orchestrator.mermaid("trip").unwrap();
    for line in ["[*] --> hotel", "hotel --> flight", "hotel --> car", "car --> books", "card --> [*]"] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(text.contains("flight --> undo_car: failed"), "{text}");
}

#[test]
fn steps_with_names_that_look_alike_are_drawn_apart() {
    let saga = ["a-b", "a_b", "failed", "stuck", "b", "undo-b"].into_iter();
    let saga = saga.fold(Saga::builder::<Trip>("alike", Version(1)).replies_to("trips"), |saga, step| {
        saga.request(step, |trip: &Trip| BookHotel(trip.id.clone())).undo(|trip| CancelHotel(trip.id.clone()))
    });
    let text = saga.build().unwrap().mermaid();
    let named = text.lines().filter(|line| !line.contains("-->")).filter_map(|line| line.split_once(": "));
    let nodes: Vec<_> = named.map(|(node, _)| node.trim()).filter(|node| *node != "title").collect();
    let distinct: BTreeSet<_> = nodes.iter().copied().chain(["failed", "stuck"]).collect();
    assert_eq!((nodes.len(), distinct.len()), (12, 14), "{text}");
    assert!(text.contains("    a_b: a-b\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_instance_tells_its_story() {
    let world = World::new().await;
    world.script.answer("flight/book", (0..3).map(|_| Reply::transient("busy", "later")));
    world.begin("1").await.unwrap();
    world.orchestrator.pause(&Tenant::default(), "trip", "1", "ada", "looks odd").await.unwrap();
    assert!(world.instance("1").await.timeline().contains("running, paused"));
    world.pass(3).await;
    world.orchestrator.resume(&Tenant::default(), "trip", "1", "ada", "is not").await.unwrap();
    world.until("1", SagaStatus::Failed).await;
    let text = world.instance("1").await.timeline();
    let lines = [
        "saga trip 1 (version 1): failed",
        "2026-01-01T12:00:00Z  began",
        "paused by ada: looks odd",
        "hotel: action done after",
        "resumed by ada: is not",
        "flight: action failed after",
        ", attempt 3 – busy: later",
        "hotel: undo done after",
        "failed: flight – busy: later",
    ];
    let mut rest = &*text;
    for line in lines {
        let at = rest.find(line).unwrap_or_else(|| panic!("{line} in its place in {text}"));
        rest = &rest[at..];
    }
}

#[tokio::test(start_paused = true)]
async fn what_ended_long_ago_can_be_deleted() {
    let world = World::new().await;
    world.begin("1").await.unwrap();
    world.until("1", SagaStatus::Completed).await;
    let between = world.host.now();
    world.pass(60).await;
    world.begin("2").await.unwrap();
    world.until("2", SagaStatus::Completed).await;
    world.begin("3").await.unwrap();
    assert_eq!(world.orchestrator.prune(between, 10).await.unwrap(), 1);
    let left = world.orchestrator.instances(None, 10).await.unwrap();
    assert_eq!(left.iter().map(|run| &*run.id).collect::<Vec<_>>(), ["2", "3"]);
}
