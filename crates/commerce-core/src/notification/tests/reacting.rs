//! What follows from other services' events.

use std::time::Duration;

use uuid::Uuid;

use super::published::*;
use super::support::*;
use crate::commit::{Claim, Commit};
use crate::error::Kind;
use crate::fixture::block_on;
use crate::host::Host;
use crate::notification::{
    ChannelKind, Error, NotificationStatus, NotificationView, PublishedFact, default_templates, reactions,
};
use crate::store::Store;

fn react(world: &World, one: &Published) -> Result<(), Error> {
    react_to(world, one.fact())
}

/// After more than a minute of waiting.
fn react_late(world: &World, one: &Published) -> Result<(), Error> {
    react_to(world, PublishedFact { waited: Duration::from_secs(61), ..one.fact() })
}

fn react_to(world: &World, fact: PublishedFact<'_>) -> Result<(), Error> {
    let inbox = Commit::new().claim(Claim::new("inbox", world.host.new_id().to_string()));
    let commit = block_on(world.notifications.react(&fact, inbox))?;
    block_on(world.store.commit(commit)).unwrap();
    Ok(())
}

/// The notification that the event has led to.
fn notification(world: &World, one: &Published) -> Option<NotificationView> {
    block_on(world.notifications.get(&tenant(), reactions::notification_id(one.id))).ok()
}

fn known() -> World {
    let world = World::new();
    for one in [registered(), placed(), payment_created()] {
        react(&world, &one).unwrap();
    }
    world
}

#[test]
fn each_event_tells_whom_it_concerns_what_has_happened() {
    let world = known();
    for (event, subject, says) in [
        (confirmed(), "Your order is confirmed", order().to_string()),
        (failed(), "We could not complete your order", "one lamp is left".to_owned()),
        (cancelled(), "Your order is cancelled", "changed my mind".to_owned()),
        (refunded(), "You get 5.00 GBP back", "a scratch".to_owned()),
        (shipment_created(), "Your parcel has a tracking number", "DHL".to_owned()),
        (shipment_delivered(), "Your parcel has arrived", "Charles received the parcel TRACK-1".to_owned()),
    ] {
        react(&world, &event).unwrap();
        let made = notification(&world, &event).unwrap();
        assert_eq!((made.user_id, &*made.recipient, &*made.subject), (user(1), "ada@example.com", subject));
        let body = made.body.unwrap();
        assert!(body.starts_with("Hello Ada,") && body.contains(&says), "{body}");
        assert_eq!(made.status, NotificationStatus::Pending);
    }
    react(&world, &low_stock()).unwrap();
    let made = notification(&world, &low_stock()).unwrap();
    assert_eq!((made.user_id, &*made.recipient), (user(99), "operations@example.com"));
    assert!(made.body.unwrap().contains("3 are left"));
    assert_eq!(block_on(world.notifications.due(100)).unwrap().len(), 7);
}

#[test]
fn an_event_that_is_read_again_has_one_notification() {
    let world = known();
    for _ in 0..3 {
        react(&world, &confirmed()).unwrap();
    }
    assert_eq!(notification(&world, &confirmed()).unwrap().version, 1);
    let page = block_on(world.notifications.for_user(&tenant(), user(1), 10, None)).unwrap();
    assert_eq!(page.items.len(), 1);
}

#[test]
fn two_readers_at_once_make_one_and_the_slower_is_told() {
    let world = known();
    let one = confirmed();
    let fact = one.fact();
    let commits = [(); 2].map(|()| block_on(world.notifications.react(&fact, Commit::new())).unwrap());
    let answers = commits.map(|commit| block_on(world.store.commit(commit)));
    assert!(answers[0].is_ok());
    assert_eq!(answers[1].as_ref().unwrap_err().kind(), Kind::Conflict);
}

#[test]
fn events_in_any_order_wait_for_those_that_say_whom_they_are_about() {
    let world = World::new();
    let waits = |one: &Published, what: &str| {
        let error = react(&world, one).unwrap_err();
        assert_eq!((error.code(), error.kind()), ("not_yet_known", Kind::Retryable));
        assert!(error.to_string().starts_with(what), "{error}");
        assert!(notification(&world, one).is_none());
    };
    waits(&shipment_delivered(), "shipment");
    waits(&refunded(), "payment");
    react(&world, &payment_created()).unwrap();
    waits(&refunded(), "order");
    waits(&confirmed(), "order");
    react(&world, &placed()).unwrap();
    waits(&confirmed(), "user");
    waits(&shipment_created(), "user");
    react(&world, &registered()).unwrap();
    for one in [refunded(), confirmed(), shipment_created(), shipment_delivered()] {
        react(&world, &one).unwrap();
        assert!(notification(&world, &one).is_some());
    }
}

#[test]
fn who_has_no_account_after_a_minute_is_told_in_the_application() {
    let world = World::new();
    react(&world, &placed()).unwrap();
    let told_now = react(&world, &confirmed()).unwrap_err();
    assert_eq!(told_now.kind(), Kind::Retryable);
    react_late(&world, &confirmed()).unwrap();
    let told = notification(&world, &confirmed()).unwrap();
    assert_eq!((told.channel, told.recipient), (ChannelKind::InApp, user(1).to_string()));
}

#[test]
fn nobody_is_told_of_a_parcel_whose_order_is_not_known_after_a_minute() {
    let world = World::new();
    for parcel in [shipment_created(), shipment_delivered()] {
        assert_eq!(react(&world, &parcel).unwrap_err().kind(), Kind::Retryable);
    }
    // After an outage all are old, and what they depend on comes right behind them.
    world.host.advance(Duration::from_secs(3_600));
    assert_eq!(react(&world, &shipment_created()).unwrap_err().kind(), Kind::Retryable);
    for parcel in [shipment_created(), shipment_delivered()] {
        react_late(&world, &parcel).unwrap();
        assert!(notification(&world, &parcel).is_none());
    }
    // An order's own news don't come before those of its beginning: that they are missing is to be looked into.
    assert_eq!(react_late(&world, &confirmed()).unwrap_err().kind(), Kind::Retryable);
}

#[test]
fn nobody_is_told_of_a_refund_whose_order_is_not_known_after_a_minute() {
    let world = World::new();
    react(&world, &payment_created()).unwrap();
    assert_eq!(react(&world, &refunded()).unwrap_err().kind(), Kind::Retryable);
    react_late(&world, &refunded()).unwrap();
    assert!(notification(&world, &refunded()).is_none());
}

#[test]
fn a_refund_of_a_payment_that_was_never_heard_of_is_not_let_go() {
    assert_eq!(react_late(&World::new(), &refunded()).unwrap_err().kind(), Kind::Retryable);
}

#[test]
fn an_event_that_concerns_nobody_here_is_let_pass_and_one_that_cant_be_read_is_terminal() {
    let world = World::new();
    let other =
        Published { event_type: "OrderShipped".to_owned(), payload: b"nonsense".to_vec(), ..confirmed() };
    react(&world, &other).unwrap();
    let unreadable = Published { payload: b"{}".to_vec(), ..confirmed() };
    assert_eq!(react(&world, &unreadable).unwrap_err().kind(), Kind::Terminal);
    for event in [registered(), confirmed(), low_stock()] {
        let newer = Published { schema: 2, ..event };
        let error = react(&world, &newer).unwrap_err();
        assert_eq!(error.kind(), Kind::Terminal);
        assert!(error.to_string().contains("schema version 2"), "{error}");
    }
    let unnamed = Published { stream: "x".to_owned(), ..confirmed() };
    assert_eq!(react(&world, &unnamed).unwrap_err().kind(), Kind::Terminal);
}

#[test]
fn an_operators_template_goes_before_the_default_and_one_that_is_off_keeps_silent() {
    let world = known();
    let mut own = default_templates().into_iter().find(|one| one.name == "order_confirmed").unwrap();
    own.subject_template = "Hurrah, {{ first_name }}".to_owned();
    let context = world.host.context();
    let made = block_on(world.notifications.create_template(&context, own.clone())).unwrap();
    react(&world, &confirmed()).unwrap();
    assert_eq!(notification(&world, &confirmed()).unwrap().subject, "Hurrah, Ada");

    let context = world.host.context();
    block_on(world.notifications.deactivate_template(&context, made.id)).unwrap();
    let another = Published { id: Uuid::from_u128(77), ..confirmed() };
    react(&world, &another).unwrap();
    assert!(notification(&world, &another).is_none());

    block_on(world.notifications.activate_template(&context, made.id)).unwrap();
    own.subject_template = "{{ surname }}".to_owned();
    block_on(world.notifications.update_template(&context, made.id, own)).unwrap();
    let error = react(&world, &another).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("missing_variable", Kind::Invalid));
}

#[test]
fn whoever_has_no_address_for_a_templates_channel_is_told_in_the_application() {
    let world = known();
    let mut own = default_templates().into_iter().find(|one| one.name == "order_confirmed").unwrap();
    own.channel = ChannelKind::Sms;
    let made = block_on(world.notifications.create_template(&world.host.context(), own.clone())).unwrap();
    for (n, channel) in [(1, ChannelKind::Sms), (2, ChannelKind::Push), (3, ChannelKind::InApp)] {
        own.channel = channel;
        block_on(world.notifications.update_template(&world.host.context(), made.id, own.clone())).unwrap();
        let one = Published { id: Uuid::from_u128(770 + n), ..confirmed() };
        react(&world, &one).unwrap();
        let told = notification(&world, &one).unwrap();
        assert_eq!((told.channel, told.user_id), (ChannelKind::InApp, user(1)));
    }
}

#[test]
fn a_mail_without_recipient_goes_to_the_known_address() {
    let world = known();
    let new = crate::notification::NewNotification { recipient: None, ..text_to(user(1), "Hello") };
    let sent = block_on(world.notifications.send(&world.host.context(), new)).unwrap();
    assert_eq!(sent.recipient, "ada@example.com");
}
