//! How events, views and the secret notice are written down.

use serde_json::{Value, json};

use super::support::*;
use crate::event::{decode, encode};
use crate::id::TemplateId;
use crate::notification::{
    Draft, Notification, NotificationCommand, NotificationEvent, SecretNotice, SecretPurpose, Template,
    TemplateCommand, TemplateView,
};
use crate::testing::{given, test_context};

#[test]
fn a_created_notification_is_stored_without_what_it_has_not() {
    let confidential = Draft { body: None, ..draft() };
    let created = NotificationCommand::Create(Box::new(confidential));
    let event = given::<Notification>([]).when(created).events().remove(0);
    let stored = encode(&event).unwrap();
    assert_eq!(stored.event_type, "NotificationCreated");
    assert_eq!(
        serde_json::from_slice::<Value>(&stored.payload).unwrap(),
        json!({
            "user_id": user(1), "channel": "email", "recipient": "ada@example.com", "subject": "Hello",
            "priority": "normal", "created_at": "2026-01-01T12:00:00Z"
        })
    );
    assert_eq!(decode::<NotificationEvent>(stored.event_type, &stored.payload).unwrap(), event);
}

#[test]
fn a_template_is_shown_flat_and_read_back() {
    let event = given::<Template>([]).when(TemplateCommand::Create(template("greeting"))).events().remove(0);
    let state = given::<Template>([event]).state();
    let view = state.view(TemplateId(test_context().operation()), 1).unwrap();
    let shown = serde_json::to_value(&view).unwrap();
    assert_eq!((&shown["name"], &shown["active"]), (&json!("greeting"), &json!(true)));
    assert_eq!(serde_json::from_value::<TemplateView>(shown).unwrap(), view);
}

#[test]
fn a_secret_notice_has_the_json_of_the_contract_and_hides_the_secret() {
    let notice: SecretNotice = serde_json::from_value(json!({
        "user_id": user(1), "email": "ada@example.com", "first_name": "Ada", "purpose": "reset_password",
        "token": "s3cret", "expires_at": "2026-01-01T13:00:00Z"
    }))
    .unwrap();
    assert_eq!(notice.purpose, SecretPurpose::ResetPassword);
    let debug = format!("{notice:?}");
    assert!(!debug.contains("s3cret") && !debug.contains("ada@"), "{debug}");
}
