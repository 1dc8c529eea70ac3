//! Making notifications, finding and marking them.

use std::time::Duration;

use super::support::*;
use crate::error::Kind;
use crate::fixture::block_on;
use crate::host::Host;
use crate::id::Tenant;
use crate::notification::{
    ChannelKind, Content, Error, NewNotification, NotificationCommand, NotificationStatus, NotificationView,
    TemplateRef, Variables,
};
use crate::store::Store;
use crate::value::Violation;

fn send(world: &World, new: NewNotification) -> Result<NotificationView, Error> {
    block_on(world.notifications.send(&world.host.context(), new))
}

fn by_name(name: &str, variables: Variables) -> NewNotification {
    let content = Content::Template { template: TemplateRef::Name(name.to_owned()), variables };
    NewNotification { channel: None, content, ..text_to(user(1), "") }
}

fn faults(error: &Error) -> Vec<(&str, &str)> {
    error.violations().iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect()
}

#[test]
fn a_template_is_filled_and_what_is_given_goes_before_the_defaults() {
    let world = World::new();
    let context = world.host.context();
    let made = block_on(world.notifications.create_template(&context, template("greeting"))).unwrap();
    let sent = send(&world, by_name("Greeting", variables(&[("name", "Ada")]))).unwrap();
    assert_eq!((sent.subject.as_str(), sent.body.as_deref()), ("Hello Ada", Some("Good day, Ada!")));
    assert_eq!((sent.template_id, sent.channel), (Some(made.id), ChannelKind::Email));
    let variables = variables(&[("name", "Ada"), ("greeting", "Hi")]);
    let content = Content::Template { template: TemplateRef::Id(made.id), variables };
    let sent = send(&world, NewNotification { content, ..text_to(user(1), "") }).unwrap();
    assert_eq!(sent.body.as_deref(), Some("Hi, Ada!"));
    assert_eq!(block_on(world.notifications.get(&tenant(), sent.id)).unwrap(), sent);
}

#[test]
fn a_missing_variable_is_named_and_nothing_is_made() {
    let world = World::new();
    block_on(world.notifications.create_template(&world.host.context(), template("greeting"))).unwrap();
    let error = send(&world, by_name("greeting", Variables::new())).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("missing_variable", Kind::Invalid));
    assert_eq!(faults(&error), [("/variables/name", "missing_variable")], "once, though needed twice");
    assert!(error.to_string().contains("name"), "{error}");
    assert!(block_on(world.notifications.due(10)).unwrap().is_empty());
}

#[test]
fn what_else_is_wrong_is_said_with_it() {
    let world = World::new();
    block_on(world.notifications.create_template(&world.host.context(), template("greeting"))).unwrap();
    let wrong = NewNotification {
        channel: Some(ChannelKind::Sms),
        recipient: Some("ada".to_owned()),
        ..by_name("greeting", Variables::new())
    };
    let error = send(&world, wrong).unwrap_err();
    assert_eq!(error.code(), "invalid");
    assert_eq!(
        faults(&error),
        [
            ("/channel", "channel_mismatch"),
            ("/variables/name", "missing_variable"),
            ("/recipient", "invalid_email")
        ]
    );
}

#[test]
fn a_template_that_cant_be_used_is_a_fault_of_the_request() {
    let world = World::new();
    let error = send(&world, by_name("nothing", Variables::new())).unwrap_err();
    assert_eq!(faults(&error)[0], ("/template_name", "template_not_found"));
    let context = world.host.context();
    let made = block_on(world.notifications.create_template(&context, template("greeting"))).unwrap();
    block_on(world.notifications.deactivate_template(&context, made.id)).unwrap();
    let content = Content::Template { template: TemplateRef::Id(made.id), variables: Variables::new() };
    let error = send(&world, NewNotification { content, ..text_to(user(1), "") }).unwrap_err();
    assert_eq!(faults(&error), [("/template_id", "template_inactive")]);
}

#[test]
fn a_text_needs_a_channel() {
    let world = World::new();
    let error = send(&world, NewNotification { channel: None, ..text_to(user(1), "Hello") }).unwrap_err();
    assert_eq!(faults(&error), [("/channel", "required")]);
}

#[test]
fn a_users_notifications_are_listed_the_newest_first_page_by_page() {
    let world = World::new();
    let mut sent = Vec::new();
    for n in 0..7 {
        sent.push(send(&world, text_to(user(1), &n.to_string())).unwrap().subject);
        send(&world, text_to(user(2), "another's")).unwrap();
        // Some at the same moment, some not.
        world.host.advance(Duration::from_secs(n % 2));
    }
    sent.reverse();
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = block_on(world.notifications.for_user(&tenant(), user(1), 3, cursor.as_deref())).unwrap();
        seen.extend(page.items.into_iter().map(|view| view.subject));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, sent);
    let other = Tenant::new("other");
    assert!(block_on(world.notifications.for_user(&other, user(1), 3, None)).unwrap().items.is_empty());
    for nonsense in ["", "~", "1.2", "99999999999999999999.x"] {
        let page = block_on(world.notifications.for_user(&tenant(), user(1), 3, Some(nonsense)));
        assert_eq!(faults(&page.unwrap_err()), [("/cursor", "invalid_cursor")]);
    }
}

#[test]
fn marks_are_written_with_the_document() {
    let world = World::new();
    let id = send(&world, text_to(user(1), "Hello")).unwrap().id;
    let context = world.host.context();
    block_on(world.notifications.mark_sent(&context, id)).unwrap();
    let error = block_on(world.notifications.cancel(&context, id)).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("wrong_state", Kind::Conflict));
    let delivered = block_on(world.notifications.mark_delivered(&context, id)).unwrap();
    assert_eq!((delivered.status, delivered.version), (NotificationStatus::Delivered, 3));
    let page = block_on(world.notifications.for_user(&tenant(), user(1), 3, None)).unwrap();
    assert_eq!(page.items, [delivered]);
    assert!(block_on(world.notifications.due(10)).unwrap().is_empty());
}

#[test]
fn a_request_brings_a_template_or_a_text() {
    let text = |given: Option<&str>| given.map(str::to_owned);
    let named = || Some(TemplateRef::Name("greeting".to_owned()));
    let of = |template, vars: &[(&str, &str)], subject, body| {
        let (content, faults) = Content::of(template, variables(vars), text(subject), text(body));
        let faults = faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect::<Vec<_>>();
        (matches!(content, Content::Template { .. }), faults)
    };
    assert_eq!(of(named(), &[("name", "Ada")], None, None), (true, vec![]));
    assert_eq!(of(None, &[], Some("Hello"), Some("How are you?")), (false, vec![]));
    let both = vec![("/subject".to_owned(), "has_template"), ("/body".to_owned(), "has_template")];
    assert_eq!(of(named(), &[], Some(""), Some("x")), (true, both));
    let stray = vec![("/variables".to_owned(), "needs_template")];
    assert_eq!(of(None, &[("name", "Ada")], Some("Hello"), Some("x")), (false, stray));
}

#[test]
fn what_is_prepared_is_written_by_the_callers_commit() {
    let world = World::new();
    let context = world.host.context();
    let new = text_to(user(1), "Hello");
    let prepared = block_on(world.notifications.prepare_send(&context, new, Vec::new())).unwrap();
    assert_eq!((prepared.before, prepared.view.version), (0, 1));
    assert!(
        block_on(world.notifications.get(&tenant(), prepared.view.id)).is_err(),
        "nothing is written yet"
    );
    block_on(world.store.commit(prepared.commit)).unwrap();
    let id = prepared.view.id;
    assert_eq!(block_on(world.notifications.get(&tenant(), id)).unwrap(), prepared.view);
    let cancel = || block_on(world.notifications.prepare(&context, id, NotificationCommand::Cancel)).unwrap();
    block_on(world.store.commit(cancel().commit)).unwrap();
    assert!(cancel().commit.is_empty(), "it is cancelled already");
}

#[test]
fn the_callers_faults_come_with_the_others() {
    let world = World::new();
    let new = NewNotification { recipient: Some("ada".to_owned()), ..text_to(user(1), "Hello") };
    let known = vec![Violation::new("/variables", "needs_template", "need a template")];
    let error = block_on(world.notifications.prepare_send(&world.host.context(), new, known)).unwrap_err();
    assert_eq!(faults(&error), [("/variables", "needs_template"), ("/recipient", "invalid_email")]);
}
