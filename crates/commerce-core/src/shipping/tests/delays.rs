//! Estimates, and what is late.

use std::time::Duration;

use super::support::*;
use crate::Timestamp;
use crate::shipping::{Shipment, ShipmentStatus, Speed};
use crate::testing::given;

fn estimate(speed: Speed) -> Timestamp {
    let shipment = given::<Shipment>([]).when(create(Wish { speed, ..wish() })).events();
    given::<Shipment>(shipment).state().created().unwrap().estimated_delivery()
}

fn is_delayed(status: ShipmentStatus, hours: u64) -> bool {
    let shipment = given::<Shipment>(history_to(status)).state();
    shipment.created().unwrap().is_delayed(hours_later(hours))
}

#[test]
fn a_standard_shipment_should_arrive_in_five_days() {
    assert_eq!(estimate(Speed::Standard), hours_later(5 * 24));
}

#[test]
fn an_express_shipment_should_arrive_in_two_days() {
    assert_eq!(estimate(Speed::Express), hours_later(2 * 24));
}

#[test]
fn an_overnight_shipment_should_arrive_in_a_day() {
    assert_eq!(estimate(Speed::Overnight), hours_later(24));
}

#[test]
fn a_same_day_shipment_should_arrive_by_the_end_of_its_day() {
    assert_eq!(estimate(Speed::SameDay).to_string(), "2026-01-01T23:59:59.999999Z");
}

#[test]
fn each_moment_has_the_end_of_its_own_day() {
    let end = |at: &str| Speed::SameDay.estimate(Timestamp::parse(at).unwrap()).to_string();
    for (at, day) in [
        ("2026-03-31T00:00:00Z", "2026-03-31"),
        ("2026-03-31T23:59:59.999999Z", "2026-03-31"),
        ("1969-12-31T23:00:00Z", "1969-12-31"),
    ] {
        assert_eq!(end(at), format!("{day}T23:59:59.999999Z"));
    }
}

#[test]
fn a_same_day_shipment_is_late_once_its_day_is_over() {
    let made = created_from(Wish { speed: Speed::SameDay, ..wish() });
    let shipment = given::<Shipment>([made]).state();
    let shipment = shipment.created().unwrap();
    let end_of_day = shipment.estimated_delivery();
    assert!(!shipment.is_delayed(now().plus(Duration::from_millis(50))));
    assert!(!shipment.is_delayed(end_of_day));
    assert!(shipment.is_delayed(end_of_day.plus(Duration::from_micros(1))));
}

#[test]
fn a_shipment_is_not_late_until_its_estimate_has_passed() {
    assert!(!is_delayed(ShipmentStatus::Pending, 0));
    assert!(!is_delayed(ShipmentStatus::Pending, 5 * 24));
}

#[test]
fn a_shipment_on_its_way_is_late_once_its_estimate_has_passed() {
    for status in ShipmentStatus::ALL.into_iter().filter(|status| status.is_under_way()) {
        assert!(is_delayed(status, 5 * 24 + 1), "{status}");
    }
}

#[test]
fn a_delivered_shipment_is_never_late() {
    assert!(!is_delayed(ShipmentStatus::Delivered, 6 * 24));
}

#[test]
fn a_cancelled_shipment_is_never_late() {
    assert!(!is_delayed(ShipmentStatus::Cancelled, 6 * 24));
}

#[test]
fn a_shipment_that_was_given_up_or_came_back_is_never_late() {
    assert!(!is_delayed(ShipmentStatus::DeliveryFailed, 6 * 24));
    assert!(!is_delayed(ShipmentStatus::Returned, 6 * 24));
}
