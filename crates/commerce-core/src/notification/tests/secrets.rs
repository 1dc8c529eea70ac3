//! Secrets reach their owners and nobody else.

use std::time::Duration;

use uuid::Uuid;

use super::published::at;
use super::support::*;
use crate::commit::Commit;
use crate::fixture::block_on;
use crate::host::Host;
use crate::id::UserId;
use crate::identity::{EmailAddress, PersonName, Secret};
use crate::notification::{
    ChannelKind, DeliveryError, NotificationView, SecretNotice, SecretPurpose, default_templates, reactions,
};
use crate::store::Store;

fn secret(purpose: SecretPurpose) -> SecretNotice {
    SecretNotice {
        user_id: user(1),
        email: "ada@example.com".to_owned(),
        first_name: "Ada".to_owned(),
        purpose,
        token: "s3cret".to_owned(),
        expires_at: at().plus(Duration::from_secs(3_600)),
    }
}

fn tell(world: &World, notice: &SecretNotice, message: Uuid) -> Option<NotificationView> {
    let commit = block_on(world.notifications.react_to_secret(notice, message, Commit::new())).unwrap();
    block_on(world.store.commit(commit)).unwrap();
    block_on(world.notifications.get(&tenant(), reactions::notification_id(message))).ok()
}

fn everything_logged(world: &World) -> String {
    let events = block_on(world.store.read_log(0, 1_000)).unwrap();
    events.iter().map(|event| String::from_utf8_lossy(&event.payload).into_owned()).collect()
}

#[test]
fn a_secret_reaches_its_owner_and_is_in_no_event_and_no_answer() {
    for purpose in [SecretPurpose::ConfirmEmail, SecretPurpose::ResetPassword] {
        let world = World::new();
        let view = tell(&world, &secret(purpose), Uuid::from_u128(1)).unwrap();
        assert_eq!(view.body, None);
        let shown = serde_json::to_string(&view).unwrap();
        assert!(!shown.contains("s3cret"), "{shown}");
        let kept = || {
            block_on(world.store.document(&tenant(), "notification-confidential", &view.id.to_string()))
                .unwrap()
        };
        assert!(kept().is_some());
        let report = block_on(world.notifications.deliver_due(&world.channels(), 10)).unwrap();
        assert_eq!(report.sent, 1);
        let body = world.channel.bodies().remove(0);
        assert!(body.contains("s3cret") && body.contains("2026-01-01 13:00 UTC"), "{body}");
        assert!(!everything_logged(&world).contains("s3cret"));
        assert_eq!(kept(), None, "the text is gone once it is sent");
        assert_eq!(tell(&world, &secret(purpose), Uuid::from_u128(1)).unwrap().version, 3, "read again");
    }
}

#[test]
fn a_secret_that_is_no_good_any_more_is_told_to_nobody() {
    let world = World::new();
    world.host.advance(Duration::from_secs(3_600));
    assert!(tell(&world, &secret(SecretPurpose::ResetPassword), Uuid::from_u128(1)).is_none());
}

#[test]
fn a_secret_stays_out_of_the_subject_whatever_the_template_says() {
    let world = World::new();
    let mut own = default_templates().into_iter().find(|one| one.name == "reset_password").unwrap();
    own.subject_template = "Your code: {{ token }}".to_owned();
    block_on(world.notifications.create_template(&world.host.context(), own)).unwrap();
    let reset = secret(SecretPurpose::ResetPassword);
    let refused = block_on(world.notifications.react_to_secret(&reset, Uuid::from_u128(1), Commit::new()));
    assert_eq!(refused.unwrap_err().code(), "missing_variable");
}

#[test]
fn a_secret_goes_by_mail_whatever_channel_its_template_names() {
    let world = World::new();
    let mut own = default_templates().into_iter().find(|one| one.name == "reset_password").unwrap();
    own.channel = ChannelKind::Sms;
    let made = block_on(world.notifications.create_template(&world.host.context(), own.clone())).unwrap();
    for (number, channel) in (1..).zip([ChannelKind::Sms, ChannelKind::Push, ChannelKind::InApp]) {
        own.channel = channel;
        block_on(world.notifications.update_template(&world.host.context(), made.id, own.clone())).unwrap();
        let view = tell(&world, &secret(SecretPurpose::ResetPassword), Uuid::from_u128(number)).unwrap();
        assert_eq!((view.channel, &*view.recipient), (ChannelKind::Email, "ada@example.com"));
    }
}

#[test]
fn a_secret_that_is_not_sent_after_all_is_forgotten() {
    let refusal = || Err(DeliveryError::terminal("no", "no"));
    let kept = |world: &World, view: &NotificationView| {
        let id = view.id.to_string();
        block_on(world.store.document(&tenant(), "notification-confidential", &id)).unwrap().is_some()
    };
    let world = World::answering([refusal()]);
    let refused = tell(&world, &secret(SecretPurpose::ResetPassword), Uuid::from_u128(1)).unwrap();
    block_on(world.notifications.deliver_due(&world.channels(), 10)).unwrap();
    let cancelled = tell(&world, &secret(SecretPurpose::ResetPassword), Uuid::from_u128(2)).unwrap();
    assert!(!kept(&world, &refused) && kept(&world, &cancelled));
    block_on(world.notifications.cancel(&world.host.context(), cancelled.id)).unwrap();
    assert!(!kept(&world, &cancelled));
}

#[test]
fn what_the_identity_service_issues_is_read() {
    let issued = crate::identity::SecretIssued {
        user_id: UserId(Uuid::from_u128(1)),
        email: EmailAddress::parse("/email", "ada@example.com").unwrap(),
        first_name: PersonName::parse("/first_name", "Ada").unwrap(),
        purpose: crate::identity::Purpose::ResetPassword,
        token: Secret::new("s3cret"),
        expires_at: at().plus(Duration::from_secs(3_600)),
    };
    let message = serde_json::to_vec(&issued).unwrap();
    let notice: SecretNotice = serde_json::from_slice(&message).unwrap();
    assert!(notice == secret(SecretPurpose::ResetPassword));
}
