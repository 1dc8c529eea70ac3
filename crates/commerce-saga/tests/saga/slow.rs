//! Local steps that need more time than whoever carries the run on has for one transition.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::{Claim, Commit};
use commerce_core::id::Tenant;
use commerce_outbox::{Message, RetryPolicy, Scope};
use commerce_saga::{Instance, Orchestrator, Saga, SagaBuilder, SagaStatus, StepError, Version};
use serde::{Deserialize, Serialize};

use crate::trip::{BookHotel, Trip, World, consume_participants, process};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A step's own code, which takes this long.
async fn work(trip: Trip, mut scope: Scope, takes: Duration) -> Result<(Trip, Scope), StepError> {
    tokio::time::sleep(takes).await;
    if trip.id == "held" {
        scope.write(|commit| commit.claim(Claim::new("desk", "held")));
    }
    Ok((trip, scope))
}

trait Slow {
    /// A local step that takes this long, of this long that it may take.
    fn slow(self, name: &str, takes: Duration, within: Duration) -> Self;
    /// The same, but whoever begins the run does not get it done: timers try it.
    fn slow_later(self, name: &str, takes: Duration, within: Duration) -> Self;
}

impl Slow for SagaBuilder<Trip> {
    fn slow(self, name: &str, takes: Duration, within: Duration) -> Self {
        self.local(name, move |trip, scope| work(trip, scope, takes)).reply_within(within)
    }

    fn slow_later(self, name: &str, takes: Duration, within: Duration) -> Self {
        let begun = Arc::new(Mutex::new(BTreeSet::new()));
        let step = move |trip: Trip, scope| {
            let first = begun.lock().unwrap().insert(trip.id.clone());
            async move {
                if first {
                    Err(StepError::transient("wait", "not yet"))
                } else {
                    work(trip, scope, takes).await
                }
            }
        };
        self.local(name, step).reply_within(within)
    }
}

fn slow_saga() -> SagaBuilder<Trip> {
    Saga::builder::<Trip>("slow", Version(1))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Where this saga runs, and the participants it may ask.
async fn world(saga: SagaBuilder<Trip>) -> World {
    let world = World::new().await;
    world.process.kill();
    let process = process(&world.host, &world.stores, &world.faults);
    consume_participants(&process, &world.script);
    let trips = world.stores["trips"].clone();
    let orchestrator = Orchestrator::new(trips, world.host.clone()).register(saga.build().unwrap());
    process.consume(orchestrator.attach(process.consumer("trips"), "trips"));
    process.orchestrate(&orchestrator);
    World { process, orchestrator, ..world }
}

async fn begin(world: &World, id: &str) {
    let context = world.host.context();
    let mut scope = Scope::new(context.clone(), world.stores["trips"].clone(), Commit::within(&context));
    let trip = Trip { id: id.to_owned(), seats: vec![] };
    world.orchestrator.begin("slow", id, &trip, &mut scope).await.unwrap();
    world.stores["trips"].commit(scope.into_commit()).await.unwrap();
}

/// The run, after so many seconds.
async fn after(world: &World, seconds: u64, id: &str) -> Instance {
    world.pass(seconds).await;
    world.orchestrator.instance(&Tenant::default(), "slow", id).await.unwrap()
}

fn attempts(instance: &Instance) -> Vec<u32> {
    instance.steps.iter().filter_map(|step| step.action.as_ref()).map(|action| action.attempts).collect()
}

#[tokio::test(start_paused = true)]
async fn local_steps_that_need_more_than_a_minute_together_are_done() {
    let saga =
        slow_saga().slow_later("first", seconds(40), seconds(50)).slow("second", seconds(40), seconds(50));
    let world = world(saga).await;
    begin(&world, "1").await;
    let instance = after(&world, 110, "1").await;
    assert_eq!(instance.status, SagaStatus::Completed, "{}", instance.timeline());
    assert_eq!(attempts(&instance), [2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_local_step_may_take_as_long_as_is_set() {
    let world = world(slow_saga().slow_later("first", seconds(80), seconds(90))).await;
    begin(&world, "1").await;
    let instance = after(&world, 90, "1").await;
    assert_eq!(instance.status, SagaStatus::Completed, "{}", instance.timeline());
}

#[tokio::test(start_paused = true)]
async fn a_local_step_is_given_up_after_ten_minutes_whatever_is_set() {
    let world = world(slow_saga().slow_later("first", DAY, Duration::MAX)).await;
    begin(&world, "1").await;
    let instance = after(&world, 1_260, "1").await;
    assert_eq!(instance.status, SagaStatus::Failed, "{}", instance.timeline());
    assert_eq!(instance.failure.unwrap().code, "timeout");
}

#[tokio::test(start_paused = true)]
async fn local_steps_that_hang_at_the_same_time_end_by_their_policy() {
    let saga =
        slow_saga().slow_later("first", DAY, seconds(40)).slow_later("second", DAY, seconds(40)).alongside();
    let world = world(saga).await;
    begin(&world, "1").await;
    let instance = after(&world, 200, "1").await;
    assert_eq!(instance.status, SagaStatus::Failed, "{}", instance.timeline());
    assert!(attempts(&instance).iter().all(|attempts| *attempts > 1), "{}", instance.timeline());
    assert_eq!(instance.failure.unwrap().code, "timeout");
}

#[tokio::test(start_paused = true)]
async fn a_slow_local_step_that_always_meets_a_conflict_ends_by_its_policy() {
    let once = RetryPolicy { attempts: 2, ..RetryPolicy::default() };
    let world = world(slow_saga().slow_later("first", seconds(25), seconds(50)).retry(once)).await;
    let held = Commit::new().claim(Claim::new("desk", "held"));
    world.stores["trips"].commit(held).await.unwrap();
    begin(&world, "held").await;
    let instance = after(&world, 200, "held").await;
    assert_eq!(instance.status, SagaStatus::Failed, "{}", instance.timeline());
    assert_eq!(instance.failure.unwrap().code, "conflict");
}

/// A consumer gives the handler of a reply a minute, and the reply itself is overdue before: what needs more is not done
/// with it.
#[tokio::test(start_paused = true)]
async fn slow_local_steps_after_a_reply_are_done_and_the_reply_is_taken_in_once() {
    let asks = || slow_saga().replies_to("trips").request("hotel", |trip: &Trip| BookHotel(trip.id.clone()));
    let two = asks().slow("first", seconds(40), seconds(50)).slow("second", seconds(40), seconds(50));
    let one = asks().slow("first", seconds(80), seconds(90));
    for saga in [two, one] {
        let world = world(saga).await;
        begin(&world, "1").await;
        let instance = after(&world, 120, "1").await;
        assert_eq!(instance.status, SagaStatus::Completed, "{}", instance.timeline());
        assert!(attempts(&instance).iter().all(|attempts| *attempts == 1), "{}", instance.timeline());
        assert_eq!(world.held("trips", "dead").await, 0);
    }
}

/// No one takes it.
#[derive(Serialize, Deserialize)]
struct BookShip(String);

impl Message for BookShip {
    const TOPIC: &'static str = "ship";
    const TYPE: &'static str = "ship.book";
    fn key(&self) -> String {
        self.0.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_awaited_from_when_it_was_asked_for_after_a_slow_local_step() {
    let saga = slow_saga().replies_to("trips").slow_later("first", seconds(80), seconds(90));
    let world = world(saga.request("ship", |trip: &Trip| BookShip(trip.id.clone()))).await;
    begin(&world, "1").await;
    // The local step is tried again within five seconds, and then the answer is awaited for thirty.
    let instance = after(&world, 105, "1").await;
    assert_eq!(attempts(&instance), [2, 1], "{}", instance.timeline());
}

#[tokio::test(start_paused = true)]
async fn whoever_begins_a_run_does_its_first_local_step_and_leaves_to_timers_what_takes_longer() {
    let saga = slow_saga()
        .slow("first", seconds(80), seconds(90))
        .slow("second", seconds(1), seconds(10))
        .slow("third", seconds(1), seconds(90));
    let world = world(saga).await;
    begin(&world, "1").await;
    assert_eq!(attempts(&after(&world, 0, "1").await), [1, 0]);
    assert_eq!(after(&world, 5, "1").await.status, SagaStatus::Completed);
}
