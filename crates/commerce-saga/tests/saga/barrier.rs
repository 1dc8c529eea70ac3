//! What participants do with requests that are repeated, late or out of order.

use commerce_core::Host;
use commerce_core::commit::{Commit, NewMessage};
use commerce_core::error::Kind;
use commerce_outbox::{Envelope, Handled, Handler, Message, Scope};
use commerce_saga::testing::{End, Fault, INJECTED};
use commerce_saga::{Phase, Reply, Request, SagaStatus, action, compensation};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::trip::{BookHotel, CancelHotel, Count, World, count, messages};

#[tokio::test(start_paused = true)]
async fn a_late_reply_after_compensation_began_changes_nothing() {
    let world = World::new().await;
    world.faults.strike("flight", Phase::Action, Fault::LoseReply, u32::MAX);
    world.begin("1").await.unwrap();
    let instance = world.until("1", SagaStatus::Failed).await;
    // What was lost comes after all.
    world.faults.clear();
    let replies = messages(&world.stores["flight"]).await;
    for reply in replies.iter().filter(|reply| &*reply.message_type == "saga.reply") {
        world.send_again("flight", reply).await;
    }
    world.pass(5).await;
    assert_eq!(world.instance("1").await.timeline(), instance.timeline());
    assert_eq!(world.end("1").await, End::Undone);
}

#[tokio::test(start_paused = true)]
async fn an_action_after_its_compensation_has_no_effect() {
    let world = World::new().await;
    world.faults.strike("flight", Phase::Action, Fault::Overtake, u32::MAX);
    world.undone_by("1", "flight", "timeout").await;
    let (flight, _) = count(&world.stores["flight"], "flight", "1").await;
    assert_eq!(flight, Count::default(), "neither booked nor cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_request_is_answered_as_before_without_a_second_effect() {
    let world = World::new().await;
    world.faults.repeat_requests();
    world.begin("1").await.unwrap();
    world.until("1", SagaStatus::Completed).await;
    world.pass(5).await;
    assert_eq!(world.end("1").await, End::Done);
    let replies = messages(&world.stores["hotel"]).await;
    assert_eq!(replies.len(), 2, "each is answered");
    assert_eq!(replies[0].payload, replies[1].payload);
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_for_now_and_comes_again_late_is_barred() {
    let world = World::new().await;
    world.script.answer("flight/book", (0..3).map(|_| Reply::transient("busy", "later")));
    world.undone_by("1", "flight", "busy").await;
    // The bus delivers a request again that was answered "not now": by now the flight has seats.
    let requests = messages(&world.stores["trips"]).await;
    let request = requests.iter().find(|message| &*message.message_type == "flight.book").unwrap();
    world.send_again("trips", request).await;
    world.pass(5).await;
    assert_eq!(world.end("1").await, End::Undone);
}

#[tokio::test(start_paused = true)]
async fn every_fault_at_once_still_ends_undone() {
    let world = World::new().await;
    world.faults.repeat_requests();
    world.faults.strike("car", Phase::Action, Fault::Fail, 1);
    world.faults.strike("hotel", Phase::Undo, Fault::LoseReply, 2);
    world.faults.strike("flight", Phase::Undo, Fault::Transient, 2);
    world.undone_by("1", "car", INJECTED).await;
}

/// A reply for a run that no one knows is kept where operators see it.
#[tokio::test(start_paused = true)]
async fn a_reply_for_an_unknown_run_is_a_dead_letter() {
    let world = World::new().await;
    let reply = [("saga", "trip"), ("saga-id", "none"), ("saga-step", "hotel"), ("saga-phase", "action")]
        .into_iter()
        .fold(NewMessage::new("trips", "none").of_type("saga.reply"), |m, (name, value)| {
            m.header(name, value)
        })
        .header("saga-attempt", "1")
        .json(&Reply::done(&()).unwrap())
        .unwrap();
    world.stores["hotel"].commit(Commit::new().message(reply)).await.unwrap();
    world.pass(5).await;
    assert_eq!(world.held("trips", "dead").await, 1);
}

/// A participant on a store of its own, asked by hand.
struct Hotel {
    world: World,
}

impl Hotel {
    async fn handle(&self, handler: &Arc<dyn Handler>, phase: &str) -> Handled {
        let store = self.world.stores["hotel"].clone();
        let context = self.world.host.context();
        let scope = Scope::new(context.clone(), store, Commit::within(&context));
        handler.handle(&self.request(phase).await, scope).await.unwrap()
    }

    async fn commit(&self, handled: Handled) -> Result<(), commerce_core::commit::CommitError> {
        match handled {
            Handled::Commit(commit) => self.world.stores["hotel"].commit(*commit).await.map(|_| ()),
            Handled::Committed => Ok(()),
        }
    }

    async fn request(&self, phase: &str) -> Envelope {
        let headers = BTreeMap::from(
            [("saga", "trip"), ("saga-id", "1"), ("saga-step", "hotel"), ("saga-phase", phase)]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let mut message = BookHotel("1".to_owned()).to_message().unwrap();
        message.headers = headers.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let message = message.header("saga-attempt", "1").header("saga-reply-to", "trips");
        let store = self.world.stores["car"].clone();
        store.commit(Commit::new().message(message)).await.unwrap();
        let last = messages(&store).await.pop().unwrap();
        Envelope::from_recorded(&"/test".into(), last).unwrap()
    }
}

/// An action of two commits that is under way while its compensation answers.
#[tokio::test(start_paused = true)]
async fn of_an_action_under_way_and_its_compensation_only_one_ends() {
    let book = action(|_: BookHotel, mut request: Request, scope: Scope| async move {
        if !request.has_begun() {
            let commit = request.begin(Commit::new())?;
            scope.store().commit(commit).await?;
        }
        request.finish(scope, &Reply::done(&())?)
    });
    let cancel = compensation(|_: CancelHotel, request: Request, scope: Scope| async move {
        request.finish(scope, &Reply::done(&())?)
    });
    for action_first in [true, false] {
        let hotel = Hotel { world: World::new().await };
        // Its own hotel would answer what this one is asked by hand.
        hotel.world.process.kill();
        let booked = hotel.handle(&book, "action").await;
        let cancelled = hotel.handle(&cancel, "undo").await;
        let (first, second) = if action_first { (booked, cancelled) } else { (cancelled, booked) };
        hotel.commit(first).await.unwrap();
        let error = hotel.commit(second).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict, "the second decides anew");
        // An action that comes again is answered by what ended first.
        let again = hotel.handle(&book, "action").await;
        let Handled::Commit(commit) = again else { panic!() };
        let reply = String::from_utf8(commit.messages[0].payload.clone()).unwrap();
        let expected = if action_first { r#""outcome":"done""# } else { r#""code":"compensated""# };
        assert!(reply.contains(expected), "{reply}");
    }
}
