//! Runs that are turned back at someone's word, with which nothing has gone wrong.

use commerce_core::Host;
use commerce_core::commit::Commit;
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use commerce_outbox::{HandleError, Message, Scope};
use commerce_saga::testing::{End, Fault, Options, Process, Trial, examine};
use commerce_saga::{
    BuildError, Instance, Orchestrator, Phase, PhaseStatus, Reply, Saga, SagaError, SagaStatus, Version,
};
use serde::{Deserialize, Serialize};

use crate::trip::{BookFlight, BookHotel, CancelHotel, STEPS, Stores, Tour, Trip, World, count, messages};

fn tenant() -> Tenant {
    Tenant::default()
}

async fn abort(world: &World, reason: &str) -> Result<(), SagaError> {
    world.orchestrator.abort(&tenant(), "trip", "1", "ada", reason).await
}

/// What it says of its end.
fn why(instance: &Instance) -> (&str, &str, &str) {
    let failure = instance.failure.as_ref().unwrap();
    (&failure.step, &failure.code, &failure.detail)
}

/// A run whose flight and car were asked for, and whose flight does not answer.
async fn waiting() -> World {
    let world = World::new().await;
    world.faults.strike("flight", Phase::Action, Fault::LoseReply, u32::MAX);
    world.begin("1").await.unwrap();
    world.pass(1).await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_an_answer_turns_back_at_once() {
    let world = waiting().await;
    abort(&world, "no holidays").await.unwrap();
    let aborted = world.instance("1").await;
    assert_eq!(aborted.status, SagaStatus::Compensating);
    assert_eq!(aborted.aborted().map(|note| (&*note.actor, &*note.reason)), Some(("ada", "no holidays")));
    // Long before the answer is overdue.
    world.pass(1).await;
    let instance = world.instance("1").await;
    assert_eq!(instance.status, SagaStatus::Failed, "{}", instance.timeline());
    assert_eq!(why(&instance), ("flight", "aborted", "no holidays"));
    assert_eq!(world.end("1").await, End::Undone);
    let timeline = instance.timeline();
    assert!(timeline.contains("aborted by ada: no holidays"), "{timeline}");
    assert!(timeline.contains("flight: action failed"), "{timeline}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_its_next_try_turns_back_at_once() {
    let world = World::new().await;
    world.script.answer("hotel/book", [Reply::transient("busy", "later")]);
    world.begin("1").await.unwrap();
    world.pass(0).await;
    while world.instance("1").await.steps[0].action.as_ref().unwrap().status != PhaseStatus::Waiting {
        tokio::task::yield_now().await;
    }
    abort(&world, "no holidays").await.unwrap();
    let instance = world.until("1", SagaStatus::Failed).await;
    let hotel = instance.steps[0].action.as_ref().unwrap();
    assert_eq!((hotel.attempts, hotel.status), (1, PhaseStatus::Failed));
    assert_eq!(hotel.error.as_ref().unwrap().0, "busy", "what it waited for stays told");
    assert_eq!(why(&instance), ("hotel", "aborted", "no holidays"));
    assert_eq!(world.end("1").await, End::Undone);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_does_not_turn_it_round_again() {
    let world = waiting().await;
    let reply = world.last_message("flight").await;
    abort(&world, "no holidays").await.unwrap();
    world.until("1", SagaStatus::Failed).await;
    world.faults.clear();
    world.send_again("flight", &reply).await;
    world.pass(5).await;
    assert_eq!(world.instance("1").await.status, SagaStatus::Failed);
    assert_eq!(world.end("1").await, End::Undone);
}

/// Neither does one that comes while the compensation needs an operator.
#[tokio::test(start_paused = true)]
async fn a_late_answer_does_not_turn_a_stuck_run_round() {
    let world = waiting().await;
    let reply = world.last_message("flight").await;
    world.script.answer("flight/cancel", [Reply::failed("too-late", "it has left")]);
    abort(&world, "no holidays").await.unwrap();
    world.until("1", SagaStatus::Stuck).await;
    world.faults.clear();
    world.send_again("flight", &reply).await;
    world.pass(5).await;
    assert_eq!(world.instance("1").await.status, SagaStatus::Stuck);
    // The wish is kept as long as it takes.
    abort(&world, "asked again").await.unwrap();
    world.orchestrator.retry(&tenant(), "trip", "1", "bob", "it is back").await.unwrap();
    let instance = world.until("1", SagaStatus::Failed).await;
    assert_eq!(why(&instance), ("flight", "aborted", "no holidays"));
    assert_eq!(world.end("1").await, End::Undone);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_under_way_is_undone_after_it_has_ended() {
    let world = World::faulty().await;
    // Its charge is made, and no one hears of it until its time is up.
    world.faults.strike("card", Phase::Action, Fault::LoseReply, 1);
    world.begin("1").await.unwrap();
    world.pass(5).await;
    abort(&world, "no holidays").await.unwrap();
    let instance = world.instance("1").await;
    assert_eq!(instance.status, SagaStatus::Running);
    assert_eq!(instance.steps[4].action.as_ref().unwrap().status, PhaseStatus::Running);
    let instance = world.until("1", SagaStatus::Failed).await;
    assert_eq!(instance.steps[4].action.as_ref().unwrap().attempts, 1, "it is not tried again");
    assert_eq!(why(&instance), ("card", "aborted", "no holidays"));
    assert_eq!(world.end("1").await, End::Undone);
}

#[tokio::test(start_paused = true)]
async fn the_first_reason_stands_however_often_it_is_asked() {
    let asked_once = waiting().await;
    abort(&asked_once, "no holidays").await.unwrap();
    asked_once.until("1", SagaStatus::Failed).await;

    let world = waiting().await;
    abort(&world, "no holidays").await.unwrap();
    abort(&world, "no money").await.unwrap();
    let instance = world.until("1", SagaStatus::Failed).await;
    assert_eq!(world.sent().await, asked_once.sent().await, "nothing is asked for again");
    abort(&world, "asked after its end").await.unwrap();
    assert_eq!((why(&instance).2, instance.notes.len()), ("no holidays", 1));
    assert_eq!(world.instance("1").await.timeline(), instance.timeline());
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_or_turns_back_already_is_told_so() {
    let world = World::new().await;
    let missing = abort(&world, "no holidays").await.unwrap_err();
    assert!(matches!(missing, SagaError::NotFound { .. }), "{missing}");

    world.begin("1").await.unwrap();
    world.until("1", SagaStatus::Completed).await;
    let completed = abort(&world, "no holidays").await.unwrap_err();
    assert!(matches!(completed, SagaError::WrongStatus { status: "completed", .. }), "{completed}");
    assert_eq!(completed.kind(), Kind::Conflict);
    assert_eq!(world.end("1").await, End::Done);

    world.script.answer("flight/book", [Reply::failed("sold-out", "no seat")]);
    world.script.answer("hotel/cancel", [Reply::failed("too-late", "the guest is here")]);
    world.begin("2").await.unwrap();
    world.until("2", SagaStatus::Stuck).await;
    let stuck = world.orchestrator.abort(&tenant(), "trip", "2", "ada", "?").await.unwrap_err();
    assert!(matches!(stuck, SagaError::WrongStatus { status: "stuck", .. }), "{stuck}");
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_last_of_a_failed_stage_turns_back_for_its_failure() {
    let world = World::new().await;
    world.script.answer("flight/book", [Reply::failed("sold-out", "no seat")]);
    world.faults.strike("car", Phase::Action, Fault::LoseReply, 1);
    world.begin("1").await.unwrap();
    world.pass(1).await;
    assert_eq!(world.instance("1").await.status, SagaStatus::Running);
    let refused = abort(&world, "no holidays").await.unwrap_err();
    assert!(matches!(refused, SagaError::WrongStatus { status: "compensating", .. }), "{refused}");
    let instance = world.until("1", SagaStatus::Failed).await;
    assert_eq!(why(&instance), ("flight", "sold-out", "no seat"));
}

#[tokio::test(start_paused = true)]
async fn what_is_paused_turns_back_when_it_is_resumed() {
    let world = waiting().await;
    world.orchestrator.pause(&tenant(), "trip", "1", "bob", "hold on").await.unwrap();
    abort(&world, "no holidays").await.unwrap();
    let sent = world.sent().await;
    world.pass(100).await;
    assert_eq!(world.sent().await, sent, "nothing is asked for");
    // What was given up is given up: its answer does not bring it back.
    let reply = world.last_message("flight").await;
    world.faults.clear();
    world.send_again("flight", &reply).await;
    world.pass(5).await;
    world.orchestrator.resume(&tenant(), "trip", "1", "bob", "go on").await.unwrap();
    let instance = world.until("1", SagaStatus::Failed).await;
    assert_eq!(why(&instance), ("flight", "aborted", "no holidays"));
    assert_eq!(world.end("1").await, End::Undone);
}

#[tokio::test(start_paused = true)]
async fn a_wish_is_part_of_the_commit_of_whoever_has_it() {
    let world = waiting().await;
    let store = &world.stores["trips"];
    let scope = || Scope::new(world.host.context().with_actor("ada"), store.clone(), Commit::new());
    // Never committed: never wished.
    let mut forgotten = scope();
    world.orchestrator.abort_within("trip", "1", "on second thoughts", &mut forgotten).await.unwrap();
    assert_eq!(world.instance("1").await.aborted(), None);
    let mut wished = scope();
    world.orchestrator.abort_within("trip", "1", "no holidays", &mut wished).await.unwrap();
    store.commit(wished.into_commit()).await.unwrap();
    let lost = store.commit(forgotten.into_commit()).await.map_err(HandleError::from).unwrap_err();
    assert_eq!(lost.kind(), Kind::Conflict, "of two that were decided at once one has its effect");
    let instance = world.until("1", SagaStatus::Failed).await;
    assert_eq!(why(&instance), ("flight", "aborted", "no holidays"));
    assert_eq!(world.end("1").await, End::Undone);
}

/// A wish whose commit begins the undoing of a call: no one but a timer is there to make it.
#[tokio::test(start_paused = true)]
async fn a_call_that_a_wish_has_undone_is_made_by_a_timer() {
    let world = World::faulty().await;
    world.faults.strike("card", Phase::Action, Fault::Transient, 1);
    world.begin("1").await.unwrap();
    loop {
        let instance = world.instance("1").await;
        if instance.steps[4].action.as_ref().is_some_and(|card| card.status == PhaseStatus::Waiting) {
            break;
        }
        tokio::task::yield_now().await;
    }
    let store = &world.stores["trips"];
    let mut wished = Scope::new(world.host.context(), store.clone(), Commit::new());
    world.orchestrator.abort_within("trip", "1", "no holidays", &mut wished).await.unwrap();
    store.commit(wished.into_commit()).await.unwrap();
    world.until("1", SagaStatus::Failed).await;
    assert_eq!(world.end("1").await, End::Undone);
}

/// Gives a hotel up, and says why.
#[derive(Serialize, Deserialize)]
struct GiveUp {
    trip: String,
    why: String,
}

impl Message for GiveUp {
    const TOPIC: &'static str = "hotel";
    const TYPE: &'static str = "hotel.give-up";

    fn key(&self) -> String {
        self.trip.clone()
    }
}

/// Why the hotel of a trip is given up.
async fn told_why(prepare: impl FnOnce(&World), has_wish: bool) -> String {
    let saga = Saga::builder::<Trip>("trip", Version(1))
        .replies_to("trips")
        .request("hotel", |trip: &Trip| BookHotel(trip.id.clone()))
        .undo_because(|trip, wish| GiveUp {
            trip: trip.id.clone(),
            why: wish.map_or("no flight", |wish| &wish.reason).to_owned(),
        })
        .request("flight", |trip| BookFlight(trip.id.clone()))
        .undone_with("hotel");
    let world = World::new().await.restarted(saga.build().unwrap());
    prepare(&world);
    world.begin("1").await.unwrap();
    world.pass(1).await;
    if has_wish {
        abort(&world, "no holidays").await.unwrap();
    }
    for _ in 0..100 {
        let sent = messages(&world.stores["trips"]).await;
        if let Some(told) = sent.iter().find(|message| &*message.message_type == GiveUp::TYPE) {
            return serde_json::from_slice::<GiveUp>(&told.payload).unwrap().why;
        }
        world.pass(1).await;
    }
    panic!("{}", world.instance("1").await.timeline());
}

#[tokio::test(start_paused = true)]
async fn whoever_undoes_a_step_is_told_of_the_wish_or_that_there_was_none() {
    let unanswered = |world: &World| world.faults.strike("flight", Phase::Action, Fault::LoseReply, u32::MAX);
    assert_eq!(told_why(unanswered, true).await, "no holidays");
    let sold_out = |world: &World| world.script.answer("flight/book", [Reply::failed("sold-out", "no seat")]);
    assert_eq!(told_why(sold_out, false).await, "no flight");
}

/// As [`Tour`], with a flight that can't be undone.
struct OneWay(Tour, fn(&str) -> Saga<Trip>);

fn one_way(cover: &str) -> Saga<Trip> {
    let saga = Saga::builder::<Trip>("trip", Version(1))
        .replies_to("trips")
        .request("hotel", |trip| BookHotel(trip.id.clone()))
        .undo(|trip| CancelHotel(trip.id.clone()))
        .request("flight", |trip| BookFlight(trip.id.clone()));
    if cover.is_empty() { saga.build().unwrap() } else { saga.undone_with(cover).build().unwrap() }
}

#[async_trait::async_trait]
impl Trial for OneWay {
    fn services(&self) -> Vec<&'static str> {
        self.0.services()
    }

    fn run(&self) -> (&'static str, String) {
        self.0.run()
    }

    async fn start(&self, process: &Process) -> Orchestrator {
        crate::trip::consume_participants(process, &self.0.script);
        let saga = process.faulty((self.1)(""));
        let orchestrator = Orchestrator::new(process.store("trips"), process.host()).register(saga);
        process.consume(orchestrator.attach(process.consumer("trips"), "trips"));
        process.orchestrate(&orchestrator);
        orchestrator
    }

    async fn begin(&self, orchestrator: &Orchestrator, scope: &mut Scope) -> Result<(), SagaError> {
        self.0.begin(orchestrator, scope).await
    }

    async fn check(&self, stores: &Stores) -> End {
        let mut made = Vec::new();
        for step in &STEPS[..2] {
            let count = count(&stores[step], step, "1").await.0;
            made.push(count.made - count.cancelled);
        }
        match made[..] {
            [1, 1] => End::Done,
            [0, 0] => End::Undone,
            _ => End::Mixed(format!("{made:?}")),
        }
    }

    /// A flight whose answer is lost stays booked: the saga is not meant to bear that.
    fn skip(&self, step: &str, fault: Fault) -> bool {
        step == "flight" && matches!(fault, Fault::LoseReply | Fault::Transient | Fault::LoseRequest)
    }
}

#[tokio::test(start_paused = true)]
async fn there_is_no_way_back_from_what_is_under_way_and_nothing_undoes() {
    let report = examine(&OneWay(Tour::default(), one_way), Options::default()).await;
    assert!(report.broken.is_empty(), "{report}");
    assert!(report.aborted > 0, "as long as the flight was not asked for: {report}");
}

/// A definition that says of a step that another undoes it, which is not so.
#[tokio::test(start_paused = true)]
async fn a_saga_that_does_not_bear_being_turned_back_is_found_out() {
    let report = examine(&OneWay(Tour::default(), |_| one_way("hotel")), Options::default()).await;
    let found = |(case, found): &(String, String)| {
        case.contains("turned back before write") && found.contains("Mixed")
    };
    assert!(report.broken.iter().any(found), "{report}");
}

#[test]
fn a_step_is_undone_with_one_that_comes_before_it() {
    let build = |step: &str| {
        Saga::builder::<Trip>("trip", Version(1))
            .replies_to("trips")
            .request("hotel", |trip| BookHotel(trip.id.clone()))
            .request("flight", |trip| BookFlight(trip.id.clone()))
            .undone_with(step)
            .build()
            .map(|_| ())
    };
    for step in ["hotel", "flight", "car"] {
        assert!(matches!(build(step), Err(BuildError::Misplaced { said: "undone_with", .. })), "{step}");
    }
}

/// What an older program has written of a run names no wish, and can be turned back by this one.
#[tokio::test(start_paused = true)]
async fn what_an_older_program_has_written_can_be_turned_back() {
    let world = waiting().await;
    let document = world.stores["trips"].document(&tenant(), "sagas", "trip/1").await.unwrap().unwrap();
    assert!(!String::from_utf8(document.body).unwrap().contains("abort"), "nothing is kept of no wish");
    abort(&world, "no holidays").await.unwrap();
    world.until("1", SagaStatus::Failed).await;
    let asked = messages(&world.stores["trips"]).await;
    assert!(asked.iter().any(|message| &*message.message_type == "flight.cancel"));
}
