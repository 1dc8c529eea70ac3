//! Definitions that change while runs are under way.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use commerce_core::store::Store;
use commerce_saga::testing::{End, FlowingHost, Process};
use commerce_saga::{Orchestrator, Saga, SagaError, SagaStatus, Version};
use serde::{Deserialize, Serialize};

use crate::store::new_store;
use crate::trip::{BookHotel, CancelHotel, Trip, World, consume_participants, hotel, process, saga};

/// The same stores, another program.
fn restarted(world: World, sagas: Vec<Saga<Trip>>) -> World {
    world.process.kill();
    world.host.advance(Duration::from_secs(60));
    let process = process(&world.host, &world.stores, &world.faults);
    consume_participants(&process, &world.script);
    let store: Arc<dyn Store> = world.stores["trips"].clone();
    let orchestrator = Orchestrator::new(store, world.host.clone());
    let orchestrator = sagas.into_iter().fold(orchestrator, Orchestrator::register);
    process.consume(orchestrator.attach(process.consumer("trips"), "trips"));
    process.orchestrate(&orchestrator);
    World { process, orchestrator, ..world }
}

fn shorter(version: u32) -> Saga<Trip> {
    Saga::builder::<Trip>("trip", Version(version))
        .replies_to("trips")
        .request("hotel", |trip| BookHotel(trip.id.clone()))
        .build()
        .unwrap()
}

#[tokio::test]
#[should_panic(expected = "trip was registered twice in version 1")]
async fn a_version_that_is_registered_twice_is_refused() {
    let host = Arc::new(FlowingHost::new());
    let store = new_store(host.clone()).await;
    let _ = Orchestrator::new(store, host).register(shorter(1)).register(shorter(2)).register(shorter(1));
}

#[tokio::test(start_paused = true)]
async fn a_run_finishes_on_the_version_it_began_with() {
    let world = World::new().await;
    world.begin("1").await.unwrap();
    let first = saga(1, &world.script, world.stores["card"].clone());
    let world = restarted(world, vec![first, shorter(2)]);
    world.begin("2").await.unwrap();
    let (old, new) =
        (world.until("1", SagaStatus::Completed).await, world.until("2", SagaStatus::Completed).await);
    assert_eq!((old.version, old.steps.len()), (1, 5));
    assert_eq!((new.version, new.steps.len()), (2, 1));
    assert_eq!(world.end("1").await, End::Done);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_version_is_not_registered_waits_for_a_program_that_knows_it() {
    let world = World::new().await;
    world.begin("1").await.unwrap();
    let world = restarted(world, vec![shorter(2)]);
    world.pass(300).await;
    assert_eq!(world.instance("1").await.status, SagaStatus::Running);
    assert_eq!(world.held("trips", "dead").await, 0);
    let first = saga(1, &world.script, world.stores["card"].clone());
    let world = restarted(world, vec![first, shorter(2)]);
    let instance = world.until("1", SagaStatus::Completed).await;
    assert_eq!(world.end("1").await, End::Done, "{}", instance.timeline());
}

/// The same services in another program too, which knows a new version. The old one gets the answers.
async fn rolled_out(old: World) -> (Process, World) {
    old.pass(1).await;
    let (process, provider) = (process(&old.host, &old.stores, &old.faults), &old.stores["card"]);
    let orchestrator = Orchestrator::new(old.stores["trips"].clone(), old.host.clone())
        .register(saga(1, &old.script, provider.clone()))
        .register(saga(2, &old.script, provider.clone()));
    process.consume(orchestrator.attach(process.consumer("trips"), "trips"));
    process.orchestrate(&orchestrator);
    consume_participants(&process, &old.script);
    (old.process, World { process, orchestrator, ..old })
}

/// A state that has one field more, in what calls itself the same version.
#[derive(Serialize, Deserialize)]
struct Wider {
    id: String,
    seats: Vec<u32>,
    class: u8,
}

fn wider() -> Saga<Wider> {
    let saga = Saga::builder::<Wider>("trip", Version(1)).replies_to("trips");
    saga.request("hotel", |trip| BookHotel(trip.id.clone()))
        .undo(|trip| CancelHotel(trip.id.clone()))
        .build()
        .unwrap()
}

/// As after a deployment that is taken back.
#[tokio::test(start_paused = true)]
async fn a_run_whose_state_can_t_be_read_waits_for_a_program_that_can() {
    let world = World::new().await.restarted(hotel().build().unwrap());
    world.begin("1").await.unwrap();
    let World { process: first, .. } = &world;
    first.kill();
    world.host.advance(Duration::from_secs(60));
    let process = process(&world.host, &world.stores, &world.faults);
    consume_participants(&process, &world.script);
    let store: Arc<dyn Store> = world.stores["trips"].clone();
    let newer = Orchestrator::new(store, world.host.clone()).register(wider());
    process.consume(newer.attach(process.consumer("trips"), "trips"));
    process.orchestrate(&newer);
    let world = World { process, orchestrator: newer, ..world };
    world.pass(300).await;
    let error = world.orchestrator.abort(&Tenant::default(), "trip", "1", "ada", "").await.unwrap_err();
    assert!(matches!(error, SagaError::Unreadable { .. }), "{error}");
    assert_eq!(world.held("trips", "dead").await, 0);
    let world = restarted(world, vec![hotel().build().unwrap()]);
    let instance = world.until("1", SagaStatus::Completed).await;
    assert_eq!(world.held("trips", "dead").await, 0, "{}", instance.timeline());
}

/// While a new version is rolled out, the old program gets the answers to runs of the new one.
#[tokio::test(start_paused = true)]
async fn a_run_goes_on_though_answers_come_to_a_program_that_does_not_know_its_version() {
    let (old_process, world) = rolled_out(World::new().await).await;
    world.begin("1").await.unwrap();
    // Longer than all attempts at a step together.
    world.pass(150).await;
    let instance = world.instance("1").await;
    assert_eq!(instance.status, SagaStatus::Running, "{}", instance.timeline());
    assert!(instance.steps[0].action.as_ref().unwrap().attempts > 3, "the old program gets the answers");
    old_process.kill();
    let instance = world.until("1", SagaStatus::Completed).await;
    assert_eq!(world.end("1").await, End::Done, "{}", instance.timeline());
    assert_eq!(world.held("trips", "dead").await, 0);
}

#[tokio::test(start_paused = true)]
async fn answers_that_no_program_takes_in_for_a_day_are_dead_letters() {
    let (_old_process, world) = rolled_out(World::new().await).await;
    world.begin("1").await.unwrap();
    world.pass(150).await;
    assert_eq!(world.held("trips", "dead").await, 0);
    world.host.advance(Duration::from_secs(25 * 60 * 60));
    world.pass(300).await;
    assert_eq!(world.held("trips", "dead").await, 1, "{}", world.instance("1").await.timeline());
}

#[tokio::test(start_paused = true)]
async fn a_step_that_was_asked_for_long_before_the_roll_out_has_all_of_its_time() {
    let world = World::new().await;
    world.begin("1").await.unwrap();
    world.process.kill();
    world.host.advance(Duration::from_secs(25 * 60 * 60));
    let world = restarted(world, vec![shorter(2)]);
    world.pass(300).await;
    assert_eq!(world.held("trips", "dead").await, 0);
    let let_go = world.instance("1").await.steps[0].action.as_ref().unwrap().let_go.unwrap();
    assert_eq!(let_go.times, 1);

    let first = saga(1, &world.script, world.stores["card"].clone());
    let world = restarted(world, vec![first, shorter(2)]);
    let instance = world.until("1", SagaStatus::Completed).await;
    assert!(instance.steps[0].action.as_ref().unwrap().let_go.is_none(), "its answer was taken in");
}

#[tokio::test(start_paused = true)]
async fn an_operator_can_stop_a_run_without_its_definition() {
    let world = World::new().await;
    world.begin("1").await.unwrap();
    let world = restarted(world, vec![]);
    world.orchestrator.abandon(&Tenant::default(), "trip", "1", "ada", "lost").await.unwrap();
    assert_eq!(world.instance("1").await.status, SagaStatus::Abandoned);
}

#[tokio::test(start_paused = true)]
async fn steps_that_change_under_the_same_version_are_refused_by_name() {
    let world = World::new().await;
    world.begin("1").await.unwrap();
    let world = restarted(world, vec![shorter(1)]);
    world.pass(100).await;
    let error = world.orchestrator.pause(&Tenant::default(), "trip", "1", "ada", "").await;
    error.unwrap();
    let error = world.orchestrator.resume(&Tenant::default(), "trip", "1", "ada", "").await.unwrap_err();
    assert!(matches!(error, SagaError::Changed { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Bug);
}

#[tokio::test(start_paused = true)]
async fn a_state_that_can_t_be_read_stops_its_own_run_alone() {
    let world = World::new().await;
    world.process.kill();
    world.begin("new").await.unwrap();
    let store = &world.stores["trips"];
    let document = store.document(&Tenant::default(), "sagas", "trip/new").await.unwrap().unwrap();
    // A newer program's state, and a document that is no instance at all.
    let body = String::from_utf8(document.body).unwrap().replace(r#""seats":[]"#, r#""seats":"all""#);
    let newer = DocumentWrite::put("sagas", "trip/new", Expected::Any, body.into_bytes())
        .field("status", "running")
        .field("wake_at", 0);
    let alien = DocumentWrite::put("sagas", "trip/alien", Expected::Any, b"{}".to_vec())
        .field("status", "running")
        .field("wake_at", 0);
    store.commit(Commit::new().document(newer).document(alien)).await.unwrap();
    let first = saga(1, &world.script, world.stores["card"].clone());
    let world = restarted(world, vec![first]);
    world.begin("1").await.unwrap();
    world.until("1", SagaStatus::Completed).await;
    let listed = world.orchestrator.instances(None, 10).await.unwrap();
    assert_eq!(listed.len(), 2, "the alien is left out");
    assert_eq!(world.instance("new").await.status, SagaStatus::Running);
}
