//! Calls to the outside, and who may carry a run on.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::{Commit, NewMessage};
use commerce_core::id::Tenant;
use commerce_core::store::Store;
use commerce_outbox::{RetryPolicy, Scope};
use commerce_saga::testing::{Crash, End, Fault, FlowingHost, Moment};
use commerce_saga::{Orchestrator, Phase, Saga, SagaStatus, StepError, Version};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::trip::{BookFlight, CancelFlight, Trip, World, consume_participants, count, process, saga};

#[tokio::test(start_paused = true)]
async fn a_call_whose_worker_dies_is_verified_and_not_made_anew() {
    let world = World::faulty().await;
    // The card is charged, and no one hears of it.
    world.faults.strike("card", Phase::Action, Fault::LoseReply, 1);
    world.begin("1").await.unwrap();
    world.until("1", SagaStatus::Completed).await;
    assert_eq!(world.end("1").await, End::Done);
    assert_eq!(world.script.verified.load(Ordering::SeqCst), 1);
    assert_eq!(world.script.called.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_had_no_effect_is_made_again_after_it_was_verified() {
    let world = World::faulty().await;
    world.faults.strike("card", Phase::Action, Fault::LoseRequest, 1);
    world.begin("1").await.unwrap();
    world.until("1", SagaStatus::Completed).await;
    assert_eq!(world.end("1").await, End::Done);
    assert_eq!(world.script.verified.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_stays_unknown_is_undone_like_the_others() {
    let world = World::faulty().await;
    world.script.blind.store(true, Ordering::SeqCst);
    world.faults.strike("card", Phase::Action, Fault::LoseReply, u32::MAX);
    world.undone_by("1", "card", "timeout").await;
    let (card, _) = count(&world.stores["card"], "card", "1").await;
    assert_eq!((card.made, card.cancelled), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_begins_with_a_call_makes_it_once_it_is_committed() {
    let world = World::new().await;
    let called = world.script.called.clone();
    let saga = Saga::builder::<Trip>("call", Version(1))
        .call("only", move |_: Trip, _| {
            called.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        })
        .build()
        .unwrap();
    let store = world.stores["trips"].clone();
    let orchestrator = Orchestrator::new(store.clone(), world.host.clone()).register(saga);
    let context = world.host.context();
    let mut scope = Scope::new(context.clone(), store.clone(), Commit::within(&context));
    orchestrator.begin("call", "1", &Trip::default(), &mut scope).await.unwrap();
    assert_eq!(world.script.called.load(Ordering::SeqCst), 0, "not before");
    store.commit(scope.into_commit()).await.unwrap();
    orchestrator.look().await.unwrap();
    world.pass(1).await;
    let instance = orchestrator.instance(&Tenant::default(), "call", "1").await.unwrap();
    assert_eq!(instance.status, SagaStatus::Completed);
    assert_eq!(world.script.called.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn runs_of_one_id_of_several_tenants_call_under_keys_of_their_own() {
    let world = World::new().await;
    let keys = Arc::new(Mutex::new(BTreeSet::new()));
    let used = keys.clone();
    let saga = Saga::builder::<Trip>("pay", Version(1))
        .call("charge", move |_: Trip, key| {
            used.lock().unwrap().insert(key);
            async { Ok(()) }
        })
        .build()
        .unwrap();
    let store = world.stores["trips"].clone();
    let orchestrator = Orchestrator::new(store.clone(), world.host.clone()).register(saga);
    for tenant in [Tenant::default(), Tenant::new("a"), Tenant::new("b")] {
        let context = world.host.context().with_tenant(tenant);
        let mut scope = Scope::new(context.clone(), store.clone(), Commit::within(&context));
        orchestrator.begin("pay", "1", &Trip::default(), &mut scope).await.unwrap();
        store.commit(scope.into_commit()).await.unwrap();
    }
    orchestrator.look().await.unwrap();
    world.pass(1).await;
    let keys: Vec<_> = keys.lock().unwrap().iter().cloned().collect();
    assert_eq!(keys, ["/a/pay/1/charge/action", "/b/pay/1/charge/action", "pay/1/charge/action"]);
}

#[tokio::test(start_paused = true)]
async fn of_two_who_carry_a_run_on_at_the_same_time_one_wins() {
    let world = World::new().await;
    world.process.kill();
    let tries = Arc::new(AtomicU32::new(0));
    let saga = || {
        let tries = tries.clone();
        Saga::builder::<Trip>("slow", Version(1))
            .local("only", move |trip: Trip, mut scope: Scope| {
                let first = tries.fetch_add(1, Ordering::SeqCst) == 0;
                async move {
                    if first {
                        return Err(StepError::transient("wait", "not yet"));
                    }
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    scope.send(NewMessage::new("done", trip.id.clone()));
                    Ok((trip, scope))
                }
            })
            .build()
            .unwrap()
    };
    let store = world.stores["trips"].clone();
    let [one, other] = [0, 1].map(|_| Orchestrator::new(store.clone(), world.host.clone()).register(saga()));
    let context = world.host.context();
    let mut scope = Scope::new(context.clone(), store.clone(), Commit::within(&context));
    one.begin("slow", "1", &Trip::default(), &mut scope).await.unwrap();
    store.commit(scope.into_commit()).await.unwrap();
    world.pass(10).await;
    let (first, second) = tokio::join!(one.look(), other.look());
    assert_eq!(first.unwrap() + second.unwrap(), 1);
    assert_eq!(tries.load(Ordering::SeqCst), 3, "both have tried");
    assert_eq!(world.sent().await, 1, "one has had its effect");
}

/// A saga whose one call takes so long, and whether its effect is there.
fn slow_call(takes: Duration, charged: &Arc<AtomicBool>) -> Saga<Trip> {
    let (made, refunded) = (charged.clone(), charged.clone());
    Saga::builder::<Trip>("slow-call", Version(1))
        .call("charge", move |_: Trip, _| {
            let made = made.clone();
            async move {
                tokio::time::sleep(takes).await;
                made.store(true, Ordering::SeqCst);
                Ok(())
            }
        })
        .retry(RetryPolicy::attempts(1))
        .undo_call(move |_: Trip, _| {
            refunded.store(false, Ordering::SeqCst);
            async { Ok(()) }
        })
        .build()
        .unwrap()
}

async fn begin_slow_call(orchestrator: &Orchestrator, world: &World) {
    let context = world.host.context();
    let mut scope = Scope::new(context.clone(), world.stores["trips"].clone(), Commit::within(&context));
    orchestrator.begin("slow-call", "1", &Trip::default(), &mut scope).await.unwrap();
    world.stores["trips"].commit(scope.into_commit()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_clock_is_ahead_undoes_no_call_that_is_under_way() {
    let world = World::new().await;
    let charged = Arc::new(AtomicBool::new(false));
    let ahead = Arc::new(FlowingHost::new());
    ahead.advance(Duration::from_secs(20));
    let saga = || slow_call(Duration::from_secs(25), &charged);
    let store = &world.stores["trips"];
    let right = Orchestrator::new(store.clone(), world.host.clone()).register(saga());
    let wrong = Orchestrator::new(store.clone(), ahead).register(saga());
    begin_slow_call(&right, &world).await;
    right.look().await.unwrap();
    world.process.orchestrate(&right);
    world.process.orchestrate(&wrong);
    world.pass(120).await;
    let instance = right.instance(&Tenant::default(), "slow-call", "1").await.unwrap();
    assert_eq!(instance.status, SagaStatus::Completed, "{}", instance.timeline());
    assert!(charged.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_has_ended_before_it_is_undone() {
    let world = World::new().await;
    let charged = Arc::new(AtomicBool::new(false));
    let saga = slow_call(Duration::from_secs(31), &charged);
    let orchestrator = Orchestrator::new(world.stores["trips"].clone(), world.host.clone()).register(saga);
    begin_slow_call(&orchestrator, &world).await;
    world.process.orchestrate(&orchestrator);
    world.pass(120).await;
    let instance = orchestrator.instance(&Tenant::default(), "slow-call", "1").await.unwrap();
    assert_eq!(instance.status, SagaStatus::Failed, "{}", instance.timeline());
    assert!(!charged.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn no_call_is_made_for_a_run_that_is_seen_to_fail_in_the_same_look() {
    let world = World::new().await;
    world.process.kill();
    let called = world.script.called.clone();
    let saga = Saga::builder::<Trip>("trip", Version(1))
        .replies_to("trips")
        .request("flight", |trip: &Trip| BookFlight(trip.id.clone()))
        .retry(RetryPolicy::attempts(1))
        .undo(|trip| CancelFlight(trip.id.clone()))
        .call("card", move |_: Trip, _| {
            called.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        })
        .alongside()
        .build()
        .unwrap();
    let orchestrator = Orchestrator::new(world.stores["trips"].clone(), world.host.clone()).register(saga);
    let world = World { orchestrator, ..world };
    // Until the call falls due no one looks, and meanwhile the flight's answer is overdue as well.
    world.begin("1").await.unwrap();
    world.pass(31).await;
    world.orchestrator.look().await.unwrap();
    world.pass(1).await;
    let instance = world.instance("1").await;
    assert_eq!(instance.failure.as_ref().unwrap().step, "flight", "{}", instance.timeline());
    assert_eq!(world.script.called.load(Ordering::SeqCst), 0, "{}", instance.timeline());
    // What was done is undone all the same, however often that is to be tried.
    assert_eq!(instance.status, SagaStatus::Compensating);
    world.pass(31).await;
    world.orchestrator.look().await.unwrap();
    world.pass(5).await;
    world.orchestrator.look().await.unwrap();
    assert_eq!(world.instance("1").await.steps[0].undo.as_ref().unwrap().attempts, 2);
}

/// A program that runs this saga, and is shut down while its call is under way. Answers how long it took to end.
async fn shut_down_amid_a_call(world: &World, orchestrator: &Orchestrator) -> Duration {
    begin_slow_call(orchestrator, world).await;
    let shutdown = CancellationToken::new();
    let (timers, until) = (orchestrator.clone(), shutdown.clone());
    let timers = tokio::spawn(async move { timers.run_timers(until).await });
    world.pass(1).await;
    shutdown.cancel();
    let begun = Instant::now();
    timers.await.unwrap();
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_under_way_at_a_shutdown_has_time_to_end() {
    let world = World::new().await;
    let charged = Arc::new(AtomicBool::new(false));
    let saga = slow_call(Duration::from_secs(5), &charged);
    let orchestrator = Orchestrator::new(world.stores["trips"].clone(), world.host.clone()).register(saga);
    shut_down_amid_a_call(&world, &orchestrator).await;
    assert!(charged.load(Ordering::SeqCst));
    let instance = orchestrator.instance(&Tenant::default(), "slow-call", "1").await.unwrap();
    assert_eq!(instance.status, SagaStatus::Completed, "its result is noted: {}", instance.timeline());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_holds_up_no_shutdown() {
    let world = World::new().await;
    let charged = Arc::new(AtomicBool::new(false));
    let saga = slow_call(Duration::from_secs(25), &charged);
    let orchestrator = Orchestrator::new(world.stores["trips"].clone(), world.host.clone()).register(saga);
    let took = shut_down_amid_a_call(&world, &orchestrator).await;
    assert_eq!(took.as_secs(), 10);
    assert!(!charged.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_follows_a_reply_which_is_taken_in_at_a_shutdown_has_time_to_end() {
    let called = Arc::new(AtomicBool::new(false));
    let made = called.clone();
    let saga = Saga::builder::<Trip>("trip", Version(1))
        .replies_to("trips")
        .request("flight", |trip: &Trip| BookFlight(trip.id.clone()))
        .then(|trip: Trip, _: u32, scope| async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok((trip, scope))
        })
        .call("card", move |_: Trip, _| {
            let made = made.clone();
            async move {
                tokio::time::sleep(Duration::from_secs(3)).await;
                made.store(true, Ordering::SeqCst);
                Ok(())
            }
        })
        .build()
        .unwrap();
    let world = World::new().await.restarted(saga);
    world.begin("1").await.unwrap();
    world.pass(1).await;
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    world.orchestrator.run_timers(shutdown).await;
    assert!(called.load(Ordering::SeqCst));
    let instance = world.instance("1").await;
    assert_eq!(instance.status, SagaStatus::Completed, "its result is noted: {}", instance.timeline());
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_clock_is_behind_the_stores_gives_nothing_up_early() {
    let world = World::new().await;
    world.process.kill();
    let behind = Arc::new(FlowingHost::new());
    world.host.advance(Duration::from_secs(3_600));
    let process = process(&behind, &world.stores, &world.faults);
    consume_participants(&process, &world.script);
    let saga = saga(1, &world.script, world.stores["card"].clone());
    let orchestrator = Orchestrator::new(world.stores["trips"].clone(), behind).register(saga);
    process.consume(orchestrator.attach(process.consumer("trips"), "trips"));
    process.orchestrate(&orchestrator);
    world.begin("1").await.unwrap();
    let instance = world.until("1", SagaStatus::Completed).await;
    let attempts =
        instance.steps.iter().filter_map(|step| step.action.as_ref()).map(|action| action.attempts);
    assert!(attempts.into_iter().all(|attempts| attempts == 1), "{}", instance.timeline());
}

#[tokio::test(start_paused = true)]
async fn two_orchestrators_that_race_on_a_run_have_one_effect() {
    let world = World::new().await;
    // Timers and replies of three more programs on the same stores.
    let mut others = Vec::new();
    for _ in 0..3 {
        let process = process(&world.host, &world.stores, &world.faults);
        let saga = saga(1, &world.script, world.stores["card"].clone());
        let store: Arc<dyn Store> = world.stores["trips"].clone();
        let other = Orchestrator::new(store, world.host.clone()).register(saga);
        process.consume(other.attach(process.consumer("trips"), "trips"));
        process.orchestrate(&other);
        others.push((process, other));
    }
    world.faults.repeat_requests();
    for id in ["1", "2", "3"] {
        world.begin(id).await.unwrap();
    }
    // All see at the same moment that an answer is overdue.
    world.faults.strike("flight", Phase::Action, Fault::LoseReply, 1);
    for _ in 0..40 {
        world.pass(1).await;
        let looks = others.iter().map(|(_, other)| other.look());
        futures_util::future::join_all(looks).await;
    }
    for id in ["1", "2", "3"] {
        let instance = world.until(id, SagaStatus::Completed).await;
        assert_eq!(world.end(id).await, End::Done, "{}", instance.timeline());
        assert!(instance.steps.iter().all(|step| step.action.as_ref().unwrap().attempts <= 2));
    }
    assert_eq!(world.script.called.load(Ordering::SeqCst), 3, "one call for each run");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_a_commit_does_not_hold_up_the_call_that_follows() {
    let mut found = false;
    for write in 1..60 {
        let world = World::new().await;
        world.process.kill();
        let crash = Crash::new(world.host.clone(), Some((write, Moment::AnswerLost)));
        let stores = world.stores.iter().map(|(name, store)| {
            let store = if *name == "trips" { crash.wrap(store.clone()) } else { store.clone() };
            (*name, store)
        });
        let stores = stores.collect();
        let process = process(&world.host, &stores, &world.faults);
        world.host.advance(Duration::from_secs(60));
        let saga = saga(1, &world.script, world.stores["card"].clone());
        let orchestrator = Orchestrator::new(stores["trips"].clone(), world.host.clone()).register(saga);
        consume_participants(&process, &world.script);
        process.consume(orchestrator.attach(process.consumer("trips"), "trips"));
        process.orchestrate(&orchestrator);
        world.begin("1").await.unwrap();
        let instance = world.until("1", SagaStatus::Completed).await;
        found |= crash.has_struck();
        let card = instance.steps[4].action.as_ref().unwrap();
        assert_eq!(card.attempts, 1, "at write {write}: the call was made at once, and its result was noted");
        process.kill();
    }
    assert!(found);
}
