//! Attempts to deliver that failed.

use super::support::*;
use crate::shipping::{MAX_ATTEMPTS, Shipment, ShipmentCommand, ShipmentEvent, ShipmentStatus};
use crate::testing::given;
use crate::time::Timestamp;

fn tried(times: u8) -> Vec<ShipmentEvent> {
    let mut history = history_to(ShipmentStatus::OutForDelivery);
    history.extend((1..=times).map(attempted));
    history
}

fn attempt_with_next(next_attempt_at: Timestamp) -> ShipmentCommand {
    ShipmentCommand::RecordDeliveryAttempt {
        reason: "nobody at home".into(),
        next_attempt_at: Some(next_attempt_at),
    }
}

#[test]
fn a_shipment_stays_out_for_delivery_after_the_first_failed_attempt() {
    leads_to(ShipmentStatus::OutForDelivery, attempt(), attempted(1), ShipmentStatus::OutForDelivery);
}

#[test]
fn a_shipment_stays_out_for_delivery_after_the_second_failed_attempt() {
    given::<Shipment>(tried(1)).when(attempt()).then([attempted(2)]).then_state(|shipment| {
        assert_eq!(shipment.status(), Some(ShipmentStatus::OutForDelivery));
        assert_eq!(shipment.created().unwrap().failed_attempts(), 2);
    });
}

#[test]
fn the_delivery_has_failed_with_the_third_failed_attempt() {
    given::<Shipment>(tried(2)).when(attempt()).then([attempted(MAX_ATTEMPTS)]).then_state(|shipment| {
        assert_eq!(shipment.status(), Some(ShipmentStatus::DeliveryFailed));
        assert_eq!(shipment.created().unwrap().reason(), Some("nobody at home"));
    });
}

#[test]
fn there_is_no_fourth_attempt() {
    is_refused(ShipmentStatus::DeliveryFailed, attempt());
}

#[test]
fn a_shipment_can_be_delivered_after_two_failed_attempts() {
    given::<Shipment>(tried(2))
        .when(deliver())
        .then_state(|shipment| assert_eq!(shipment.status(), Some(ShipmentStatus::Delivered)));
}

#[test]
fn the_next_attempt_is_kept() {
    given::<Shipment>(tried(0)).when(attempt_with_next(hours_later(24))).then_state(|shipment| {
        assert_eq!(shipment.created().unwrap().next_attempt_at(), Some(hours_later(24)));
    });
}

#[test]
fn the_next_attempt_is_forgotten_once_it_is_delivered() {
    let mut history = tried(0);
    history.push(ShipmentEvent::DeliveryAttemptFailed {
        attempt: 1,
        last: false,
        reason: "nobody at home".into(),
        next_attempt_at: Some(hours_later(24)),
        attempted_at: now(),
    });
    given::<Shipment>(history)
        .when(deliver())
        .then_state(|shipment| assert_eq!(shipment.created().unwrap().next_attempt_at(), None));
}

#[test]
fn the_next_attempt_cant_be_now_or_before() {
    for moment in [now(), now().minus(std::time::Duration::from_secs(1)), Timestamp::from_micros(i64::MIN)] {
        let found = faults(tried(0), attempt_with_next(moment));
        assert_eq!(found, [("/next_attempt_at".into(), "too_early")]);
    }
}

#[test]
fn the_last_attempt_has_no_next() {
    given::<Shipment>(tried(2)).when(attempt_with_next(hours_later(24))).then([attempted(3)]);
}

#[test]
fn a_failed_attempt_needs_a_reason() {
    let command = ShipmentCommand::RecordDeliveryAttempt { reason: " ".into(), next_attempt_at: None };
    assert_eq!(faults(tried(0), command), [("/reason".into(), "required")]);
}

#[test]
fn every_fault_of_an_attempt_is_reported() {
    let command = ShipmentCommand::RecordDeliveryAttempt { reason: " ".into(), next_attempt_at: Some(now()) };
    assert_eq!(
        faults(tried(0), command),
        [("/next_attempt_at".into(), "too_early"), ("/reason".into(), "required")]
    );
}
