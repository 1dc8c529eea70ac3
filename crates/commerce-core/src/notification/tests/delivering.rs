//! Delivering what is due.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::support::*;
use crate::commit::{Commit, DocumentWrite, Expected};
use crate::fixture::{block_on, poll_once};
use crate::host::Host;
use crate::id::NotificationId;
use crate::notification::{
    Channel, ChannelKind, Channels, Delivery, DeliveryError, DeliveryReport, Mailbox, NewNotification,
    NotificationStatus, NotificationView, Priority, Receipt,
};
use crate::store::Store;

const NOTIFICATIONS: &str = "notifications";

fn send(world: &World, new: NewNotification) -> NotificationId {
    block_on(world.notifications.send(&world.host.context(), new)).unwrap().id
}

fn deliver(world: &World) -> DeliveryReport {
    let report = block_on(world.notifications.deliver_due(&world.channels(), 100)).unwrap();
    assert!(report.broken.is_empty(), "{report:?}");
    report
}

fn get(world: &World, id: NotificationId) -> NotificationView {
    block_on(world.notifications.get(&tenant(), id)).unwrap()
}

#[test]
fn what_is_due_is_sent_once() {
    let world = World::answering([Ok(Receipt { reference: Some("r-1".to_owned()), delivered: false })]);
    let id = send(&world, text_to(user(1), "Hello"));
    assert_eq!(deliver(&world).sent, 1);
    assert_eq!(deliver(&world).sent, 0);
    let view = get(&world, id);
    assert_eq!((view.status, view.reference.as_deref()), (NotificationStatus::Sent, Some("r-1")));
    let seen = world.channel.seen.lock().unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].notification_id, seen[0].attempt, &*seen[0].body), (id, 1, "How are you?"));
}

#[test]
fn a_scheduled_one_waits_and_the_loop_knows_until_when() {
    let world = World::new();
    assert_eq!(block_on(world.notifications.next_due_at()).unwrap(), None);
    let moment = world.host.now().plus(Duration::from_secs(60));
    send(&world, NewNotification { scheduled_at: Some(moment), ..text_to(user(1), "Hello") });
    assert_eq!(block_on(world.notifications.next_due_at()).unwrap(), Some(moment));
    assert_eq!(deliver(&world).sent, 0);
    world.host.advance(Duration::from_secs(60));
    assert_eq!(deliver(&world).sent, 1);
}

#[test]
fn a_busy_channel_is_tried_four_times_under_one_key() {
    let busy = || Err(DeliveryError::retryable("busy", "come back"));
    let world = World::answering([busy(), busy(), busy(), busy()]);
    let id = send(&world, text_to(user(1), "Hello"));
    for minutes in [1, 5, 15] {
        assert_eq!(deliver(&world).retried, 1);
        world.host.advance(Duration::from_secs(minutes * 60 - 1));
        assert_eq!(deliver(&world).retried, 0, "not before {minutes} minutes");
        world.host.advance(Duration::from_secs(1));
    }
    assert_eq!(deliver(&world).failed, 1);
    let view = get(&world, id);
    assert_eq!((view.status, view.attempts), (NotificationStatus::Failed, 4));
    assert_eq!(view.failure_code.as_deref(), Some("busy"));
    let seen = world.channel.seen.lock().unwrap();
    assert!(seen.len() == 4 && seen.iter().all(|delivery| delivery.key() == seen[0].key()));
}

#[test]
fn a_refusal_is_final() {
    let world = World::answering([Err(DeliveryError::terminal("unknown_mailbox", "no such user"))]);
    let id = send(&world, text_to(user(1), "Hello"));
    assert_eq!(deliver(&world).failed, 1);
    assert_eq!(get(&world, id).failure_detail.as_deref(), Some("no such user"));
}

#[test]
fn of_what_is_due_the_most_urgent_goes_first_and_one_failure_stops_no_other() {
    let world = World::answering([Err(DeliveryError::terminal("no", "no"))]);
    for (subject, priority) in [("b", Priority::Low), ("c", Priority::Low), ("a", Priority::Critical)] {
        send(&world, NewNotification { priority, ..text_to(user(1), subject) });
        world.host.advance(Duration::from_secs(1));
    }
    let report = deliver(&world);
    assert_eq!((report.failed, report.sent), (1, 2));
    let seen: Vec<_> = world.channel.seen.lock().unwrap().iter().map(|d| d.subject.clone()).collect();
    assert_eq!(seen, ["a", "b", "c"]);
}

/// Never answers.
struct Silent;

#[async_trait]
impl Channel for Silent {
    async fn deliver(&self, _: &Delivery) -> Result<Receipt, DeliveryError> {
        std::future::pending().await
    }
}

#[test]
fn while_one_worker_is_at_it_no_other_is_and_a_worker_that_died_is_replaced() {
    let world = World::new();
    let id = send(&world, text_to(user(1), "Hello"));
    let silent = Channels::all(Arc::new(Silent));
    {
        let mut first: std::pin::Pin<Box<dyn Future<Output = _> + '_>> =
            Box::pin(world.notifications.deliver_due(&silent, 10));
        assert!(poll_once(&mut first).is_none());
        let report = deliver(&world);
        assert_eq!((report.sent, report.passed_over), (0, 0));
        let context = world.host.context();
        let error = block_on(world.notifications.cancel(&context, id)).unwrap_err();
        assert_eq!(error.code(), "being_delivered");
    }
    world.host.advance(crate::notification::HOLD);
    assert_eq!(deliver(&world).sent, 1);
    assert_eq!((get(&world, id).attempts, world.channel.seen.lock().unwrap().len()), (2, 1));
}

#[test]
fn a_worker_that_looked_at_the_same_time_passes_it_over() {
    let world = World::new();
    send(&world, text_to(user(1), "Hello"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| deliver(&world));
        }
    });
    assert_eq!(world.channel.seen.lock().unwrap().len(), 1);
}

#[test]
fn each_way_has_its_channel() {
    let world = World::new();
    let mails = Scripted::answering([]);
    let channels = world.channels().with(ChannelKind::Email, mails.clone());
    send(&world, text_to(user(1), "mail"));
    send(
        &world,
        NewNotification { channel: Some(ChannelKind::InApp), ..text_to(user(1), "in the application") },
    );
    block_on(world.notifications.deliver_due(&channels, 10)).unwrap();
    assert_eq!(mails.seen.lock().unwrap()[0].subject, "mail");
    assert_eq!(world.channel.seen.lock().unwrap()[0].subject, "in the application");
}

#[test]
fn what_is_due_on_a_channel_is_found_behind_any_number_of_others() {
    let world = World::new();
    let in_app = |subject, priority| NewNotification {
        channel: Some(ChannelKind::InApp),
        priority,
        ..text_to(user(1), subject)
    };
    for _ in 0..5 {
        send(&world, text_to(user(1), "mail"));
        world.host.advance(Duration::from_secs(1));
    }
    let low = send(&world, in_app("low", Priority::Low));
    let high = send(&world, in_app("high", Priority::High));
    let on = |channel| block_on(world.notifications.due_on(channel, 3)).unwrap();
    assert_eq!(on(ChannelKind::InApp).iter().map(|due| due.id).collect::<Vec<_>>(), [high, low]);
    assert_eq!((on(ChannelKind::Email).len(), on(ChannelKind::Sms).len()), (3, 0));
    for due in on(ChannelKind::InApp) {
        block_on(world.notifications.deliver(&due, &world.channels())).unwrap();
    }
    assert!(on(ChannelKind::InApp).is_empty());
}

#[test]
fn what_an_older_program_has_written_is_due_on_its_channel_too() {
    let world = World::new();
    let id = send(&world, text_to(user(1), "mail"));
    let document =
        block_on(world.store.document(&tenant(), NOTIFICATIONS, &id.to_string())).unwrap().unwrap();
    let view: NotificationView = document.json().unwrap();
    let write = DocumentWrite::json(NOTIFICATIONS, id.to_string(), Expected::Any, &view).unwrap();
    let write = write.field("due_at", view.next_attempt_at.unwrap());
    block_on(world.store.commit(Commit::new().document(write))).unwrap();
    let on = |channel| block_on(world.notifications.due_on(channel, 3)).unwrap();
    assert_eq!((on(ChannelKind::Email).len(), on(ChannelKind::InApp).len()), (1, 0));
}

#[test]
fn the_mailbox_has_it_delivered_at_once_and_lists_the_newest_first() {
    let world = World::new();
    let mailbox = Mailbox::new(world.store.clone());
    let channels = Channels::all(Arc::new(mailbox.clone()));
    let mut ids = Vec::new();
    for subject in ["1", "2", "3"] {
        ids.push(send(&world, text_to(user(1), subject)));
        block_on(world.notifications.deliver_due(&channels, 10)).unwrap();
        world.host.advance(Duration::from_secs(1));
    }
    assert_eq!(get(&world, ids[0]).status, NotificationStatus::Delivered);
    let page = block_on(mailbox.messages(&tenant(), user(1), 2, None)).unwrap();
    assert_eq!(page.items.iter().map(|message| &*message.subject).collect::<Vec<_>>(), ["3", "2"]);
    let rest = block_on(mailbox.messages(&tenant(), user(1), 2, page.next_cursor.as_deref())).unwrap();
    assert_eq!((rest.items[0].notification_id, rest.next_cursor), (ids[0], None));
    assert!(block_on(mailbox.messages(&tenant(), user(2), 2, None)).unwrap().items.is_empty());
    let mailed = block_on(mailbox.mailed_to(&tenant(), " ADA@example.com", 2, None)).unwrap();
    assert_eq!(mailed.items, page.items);
    assert!(block_on(mailbox.mailed_to(&tenant(), "ada@example.co", 2, None)).unwrap().items.is_empty());
}

#[test]
fn a_mailbox_that_is_handed_the_same_again_has_it_once() {
    let world = World::new();
    let mailbox = Mailbox::new(world.store.clone());
    send(&world, text_to(user(1), "Hello"));
    deliver(&world);
    let delivery = world.channel.seen.lock().unwrap()[0].clone();
    for _ in 0..2 {
        assert!(block_on(mailbox.deliver(&delivery)).unwrap().delivered);
    }
    assert_eq!(block_on(mailbox.messages(&tenant(), user(1), 9, None)).unwrap().items.len(), 1);
}
