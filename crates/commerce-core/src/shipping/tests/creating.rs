//! Making a shipment.

use super::support::*;
use crate::error::Kind;
use crate::shipping::{
    Carrier, Shipment, ShipmentCommand, ShipmentRejection, ShipmentStatus, Speed, TrackingEntry,
};
use crate::testing::given;
use crate::value::{Address, Currency, Money};

#[test]
fn a_shipment_can_be_made() {
    given::<Shipment>([]).when(create(wish())).then([created()]);
}

#[test]
fn a_new_shipment_is_pending() {
    given::<Shipment>([])
        .when(create(wish()))
        .then_state(|shipment| assert_eq!(shipment.status(), Some(ShipmentStatus::Pending)));
}

#[test]
fn a_new_shipment_knows_what_it_was_made_from() {
    let shipment = given::<Shipment>([created()]).state();
    let shipment = shipment.created().unwrap();
    assert_eq!(shipment.order_id().0.as_u128(), 1);
    assert_eq!(shipment.customer_id().map(|id| id.0.as_u128()), Some(9));
    assert_eq!(shipment.tracking_number(), &number("TRK1"));
    assert_eq!((shipment.carrier(), shipment.speed()), (Carrier::Dhl, Speed::Standard));
    assert_eq!(shipment.address(), &address());
    assert_eq!(shipment.package(), &wish().package);
    assert_eq!(shipment.cost(), wish().cost);
    assert_eq!((shipment.created_at(), shipment.updated_at()), (now(), now()));
}

#[test]
fn a_new_shipment_has_neither_pickup_nor_delivery_nor_attempts() {
    let shipment = given::<Shipment>([created()]).state();
    let shipment = shipment.created().unwrap();
    assert_eq!(
        (shipment.pickup_at(), shipment.delivered_at(), shipment.next_attempt_at()),
        (None, None, None)
    );
    assert_eq!((shipment.recipient_name(), shipment.reason()), (None, None));
    assert_eq!(shipment.failed_attempts(), 0);
}

#[test]
fn the_history_begins_with_the_creation() {
    let shipment = given::<Shipment>([created()]).state();
    let expected = TrackingEntry { status: "pending".into(), location: None, description: None, at: now() };
    assert_eq!(shipment.created().unwrap().history(), [expected]);
}

#[test]
fn before_it_is_made_there_is_no_shipment() {
    assert_eq!(Shipment::default().created(), None);
    assert_eq!(Shipment::default().status(), None);
}

#[test]
fn carrying_can_be_free() {
    let free = Wish { cost: Money::zero(Currency::GBP), ..wish() };
    given::<Shipment>([]).when(create(free.clone())).then([created_from(free)]);
}

#[test]
fn carrying_cant_cost_less_than_nothing() {
    let command = create(Wish { cost: Money::from_minor(-1, Currency::GBP), ..wish() });
    assert_eq!(faults(vec![], command), [("/cost".into(), "must_not_be_negative")]);
}

#[test]
fn the_address_must_be_complete() {
    let command = create(Wish { address: Address { line1: " ".into(), ..address() }, ..wish() });
    assert_eq!(faults(vec![], command), [("/address/line1".into(), "required")]);
}

#[test]
fn the_address_is_trimmed() {
    let spaced = Wish { address: Address { city: " London ".into(), ..address() }, ..wish() };
    given::<Shipment>([]).when(create(spaced)).then([created()]);
}

#[test]
fn every_fault_is_reported_at_once() {
    let command = create(Wish {
        cost: Money::from_minor(-1, Currency::GBP),
        address: Address { city: String::new(), ..address() },
        ..wish()
    });
    assert_eq!(
        faults(vec![], command),
        [("/cost".into(), "must_not_be_negative"), ("/address/city".into(), "required")]
    );
}

#[test]
fn a_shipment_cant_be_made_over_another() {
    for other in [
        Wish { order: 2, ..wish() },
        Wish { customer: None, ..wish() },
        Wish { number: "TRK2", ..wish() },
        Wish { carrier: Carrier::Ups, ..wish() },
        Wish { speed: Speed::Express, ..wish() },
        Wish { address: Address { city: "Leeds".into(), ..address() }, ..wish() },
        Wish { package: package("2", "30", "20", "10"), ..wish() },
        Wish { cost: Money::zero(Currency::GBP), ..wish() },
    ] {
        given::<Shipment>([created()]).when(create(other)).then_rejected(ShipmentRejection::AlreadyExists);
    }
}

#[test]
fn a_shipment_that_was_not_made_is_not_found_whatever_is_asked() {
    let commands = [
        schedule(),
        ShipmentCommand::PickUp,
        ShipmentCommand::InTransit,
        ShipmentCommand::OutForDelivery,
        deliver(),
        attempt(),
        cancel(),
        return_it(),
        update("scanned"),
    ];
    for command in commands {
        given::<Shipment>([]).when(command).then_rejected(ShipmentRejection::NotFound);
    }
}

#[test]
fn rejections_have_stable_codes_and_say_what_to_do() {
    let wrong_state = ShipmentRejection::WrongState { status: ShipmentStatus::Delivered, command: "cancel" };
    assert_eq!(wrong_state.to_string(), "a shipment that is delivered can't take the command cancel");
    for (rejection, code, kind) in [
        (ShipmentRejection::NotFound, "shipment_not_found", Kind::NotFound),
        (ShipmentRejection::AlreadyExists, "already_exists", Kind::Conflict),
        (ShipmentRejection::Invalid(vec![]), "invalid", Kind::Invalid),
        (wrong_state, "wrong_state", Kind::Conflict),
        (ShipmentRejection::TrackingFull, "too_many_tracking_updates", Kind::Conflict),
    ] {
        assert_eq!((rejection.code(), rejection.kind()), (code, kind));
    }
}
