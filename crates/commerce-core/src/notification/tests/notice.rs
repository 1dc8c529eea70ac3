//! What a notification can be asked, and when.

use std::time::Duration;

use proptest::prelude::*;

use super::support::*;
use crate::aggregate::Aggregate;
use crate::context::Context;
use crate::id::{NotificationId, v7};
use crate::notification::NotificationEvent::{self as E, *};
use crate::notification::{
    DeliveryFailure, Draft, HOLD, MAX_ATTEMPTS, Notification, NotificationCommand as C,
    NotificationRejection as R, NotificationStatus as S,
};
use crate::testing::{given, test_context};
use crate::time::Timestamp;

fn now() -> Timestamp {
    test_context().now()
}

fn later(seconds: u64) -> Timestamp {
    now().plus(Duration::from_secs(seconds))
}

fn created() -> E {
    given::<Notification>([]).when(C::Create(Box::new(draft()))).events().remove(0)
}

fn started(attempt: u32, at: Timestamp) -> E {
    NotificationAttemptStarted { attempt, held_until: at.plus(HOLD), started_at: at }
}

fn sent() -> E {
    NotificationSent { attempt: None, reference: None, sent_at: now() }
}

fn failure(retryable: bool) -> DeliveryFailure {
    DeliveryFailure { code: "busy".to_owned(), detail: "later\nplease".to_owned(), retryable }
}

fn failed_attempt(attempt: u32, minutes: u64) -> E {
    NotificationAttemptFailed {
        attempt,
        code: "busy".to_owned(),
        detail: "later please".to_owned(),
        next_attempt_at: later(minutes * 60),
        failed_at: now(),
    }
}

fn given_up(attempts: u32, code: &str, detail: &str) -> E {
    NotificationFailed { code: code.to_owned(), detail: detail.to_owned(), attempts, failed_at: now() }
}

fn wrong(status: S, command: &'static str) -> R {
    R::WrongState { status, command }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let wrong = Draft {
        recipient: Some("ada".to_owned()),
        subject: "two\nlines".to_owned(),
        body: Some(String::new()),
        variables: variables(&[("a/b", "")]),
        ..draft()
    };
    let rejection = Notification::default().decide(C::Create(Box::new(wrong)), &test_context()).unwrap_err();
    let found: Vec<_> =
        rejection.violations().iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    assert_eq!(
        found,
        [
            ("/recipient", "invalid_email"),
            ("/subject", "invalid_character"),
            ("/body", "required"),
            ("/variables/a~1b", "invalid_name")
        ]
    );
}

#[test]
fn an_attempt_is_held_and_can_be_lost() {
    given::<Notification>([created()]).when(C::StartAttempt).then([started(1, now())]);
    let held = || [created(), started(1, now())];
    given::<Notification>(held())
        .at(later(119))
        .when(C::StartAttempt)
        .then_rejected(R::NotDue { due_at: later(120) });
    given::<Notification>(held()).at(later(120)).when(C::StartAttempt).then([started(2, later(120))]);
}

#[test]
fn a_scheduled_one_is_not_due_before() {
    let scheduled = Draft { scheduled_at: Some(later(10)), ..draft() };
    let created = given::<Notification>([]).when(C::Create(Box::new(scheduled))).events();
    given::<Notification>(created.clone())
        .at(later(9))
        .when(C::StartAttempt)
        .then_rejected(R::NotDue { due_at: later(10) });
    given::<Notification>(created).at(later(10)).when(C::StartAttempt).then([started(1, later(10))]);
}

#[test]
fn three_retries_after_one_five_and_fifteen_minutes() {
    let mut happened = vec![created()];
    for (attempt, minutes) in [(1, 1), (2, 5), (3, 15)] {
        happened.push(started(attempt, now()));
        let record = C::RecordFailure { attempt, failure: failure(true) };
        let expected = failed_attempt(attempt, minutes);
        given::<Notification>(happened.clone()).when(record).then([expected.clone()]);
        happened.push(expected);
    }
    happened.push(started(4, now()));
    let record = C::RecordFailure { attempt: 4, failure: failure(true) };
    given::<Notification>(happened.clone()).when(record).then([given_up(4, "busy", "later please")]);
    // The fourth was lost: nothing was heard of it.
    let events = given::<Notification>(happened).at(later(120)).when(C::StartAttempt).events();
    assert!(
        matches!(&events[..], [NotificationFailed { code, attempts: 4, .. }] if code == "attempts_exhausted")
    );
}

#[test]
fn a_terminal_failure_is_not_retried() {
    let record = C::RecordFailure { attempt: 1, failure: failure(false) };
    given::<Notification>([created(), started(1, now())]).when(record).then([given_up(
        1,
        "busy",
        "later please",
    )]);
}

#[test]
fn a_late_failure_of_a_lost_attempt_changes_nothing() {
    let record = |attempt| C::RecordFailure { attempt, failure: failure(false) };
    let lost = [created(), started(1, now()), started(2, later(120))];
    given::<Notification>(lost.clone()).when(record(1)).then_nothing();
    let answered = lost.into_iter().chain([failed_attempt(2, 5)]);
    given::<Notification>(answered).when(record(2)).then_nothing();
    given::<Notification>([created(), sent()]).when(record(1)).then_nothing();
}

#[test]
fn a_late_success_of_a_lost_attempt_counts() {
    let record = C::RecordSent { attempt: 1, reference: Some("r".to_owned()), delivered: true };
    let sent = NotificationSent { attempt: Some(1), reference: Some("r".to_owned()), sent_at: now() };
    let delivered = NotificationDelivered { delivered_at: now() };
    given::<Notification>([created(), started(1, now()), started(2, later(120))])
        .when(record.clone())
        .then([sent.clone(), delivered.clone()])
        .then_state(|state| {
            assert_eq!(state.view(NotificationId(v7(now(), &[1; 10])), 5).unwrap().status, S::Delivered);
        });
    given::<Notification>([created(), sent, delivered]).when(record).then_nothing();
}

#[test]
fn marks_are_level_triggered_and_go_one_way() {
    let delivered = || NotificationDelivered { delivered_at: now() };
    given::<Notification>([created()]).when(C::MarkSent).then([sent()]);
    given::<Notification>([created(), sent()]).when(C::MarkSent).then_nothing();
    given::<Notification>([created(), sent()]).when(C::MarkDelivered).then([delivered()]);
    given::<Notification>([created(), sent(), delivered()]).when(C::MarkDelivered).then_nothing();
    given::<Notification>([created()])
        .when(C::MarkDelivered)
        .then_rejected(wrong(S::Pending, "marked as delivered"));
    given::<Notification>([created(), sent(), delivered()])
        .when(C::MarkSent)
        .then_rejected(wrong(S::Delivered, "marked as sent"));
}

#[test]
fn only_what_is_pending_and_not_under_way_is_cancelled() {
    let cancelled = NotificationCancelled { cancelled_at: now() };
    given::<Notification>([created()]).when(C::Cancel).then([cancelled.clone()]);
    given::<Notification>([created(), cancelled.clone()]).when(C::Cancel).then_nothing();
    given::<Notification>([created(), cancelled])
        .when(C::StartAttempt)
        .then_rejected(wrong(S::Cancelled, "sent"));
    given::<Notification>([created(), sent()]).when(C::Cancel).then_rejected(wrong(S::Sent, "cancelled"));
    let under_way = || [created(), started(1, now())];
    given::<Notification>(under_way()).when(C::Cancel).then_rejected(R::BeingDelivered);
    let lost = NotificationCancelled { cancelled_at: later(120) };
    given::<Notification>(under_way()).at(later(120)).when(C::Cancel).then([lost]);
    let failed = [created(), started(1, now()), failed_attempt(1, 1)];
    given::<Notification>(failed).when(C::Cancel).then([NotificationCancelled { cancelled_at: now() }]);
}

#[test]
fn nothing_is_asked_of_what_does_not_exist_and_nothing_is_created_twice() {
    for command in [C::StartAttempt, C::MarkSent, C::MarkDelivered, C::Cancel] {
        given::<Notification>([]).when(command).then_rejected(R::NotFound);
    }
    given::<Notification>([created()]).when(C::Create(Box::new(draft()))).then_rejected(R::AlreadyExists);
}

fn any_command() -> impl Strategy<Value = C> {
    let attempt = 1..6_u32;
    prop_oneof![
        3 => Just(C::StartAttempt),
        2 => (attempt.clone(), any::<bool>())
            .prop_map(|(attempt, retryable)| C::RecordFailure { attempt, failure: failure(retryable) }),
        1 => (attempt, any::<bool>())
            .prop_map(|(attempt, delivered)| C::RecordSent { attempt, reference: None, delivered }),
        1 => Just(C::MarkSent),
        1 => Just(C::MarkDelivered),
        1 => Just(C::Cancel),
    ]
}

proptest! {
    /// Whatever is asked in whatever order: a final status is final, and no more than four attempts are begun, no two
    /// of them within the time for which one is held unless the first was answered.
    #[test]
    fn laws(commands in prop::collection::vec((any_command(), 0..1_000_u64), 0..40)) {
        let mut notification = Notification::default();
        notification.apply(&created());
        let mut at = now();
        let mut held: Option<Timestamp> = None;
        for (command, seconds) in commands {
            at = at.plus(Duration::from_secs(seconds));
            let view = |one: &Notification| one.view(NotificationId(v7(now(), &[1; 10])), 1).unwrap();
            let before = view(&notification);
            let Ok(events) = notification.decide(command, &Context::new(at, v7(at, &[2; 10]))) else { continue };
            for event in &events {
                match event {
                    NotificationAttemptStarted { attempt, held_until, .. } => {
                        prop_assert_eq!(*attempt, before.attempts + 1);
                        prop_assert!(held.is_none_or(|until| at >= until));
                        held = Some(*held_until);
                    }
                    NotificationAttemptFailed { next_attempt_at, .. } => {
                        prop_assert!(*next_attempt_at > at);
                        held = None;
                    }
                    _ => {}
                }
                notification.apply(event);
            }
            let after = view(&notification);
            prop_assert!(after.attempts <= MAX_ATTEMPTS);
            prop_assert_eq!(after.next_attempt_at.is_some(), after.status == S::Pending);
            if matches!(before.status, S::Delivered | S::Failed | S::Cancelled) {
                prop_assert!(events.is_empty());
            }
            if before.status == S::Sent {
                prop_assert!(matches!(after.status, S::Sent | S::Delivered));
            }
        }
    }
}
