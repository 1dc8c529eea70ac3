//! Commands that come twice, and those that contradict what has happened.

use super::support::*;
use crate::shipping::{Shipment, ShipmentCommand, ShipmentRejection, ShipmentStatus};
use crate::testing::given;

#[test]
fn making_the_same_shipment_again_changes_nothing() {
    given::<Shipment>([created()]).at(hours_later(1)).when(create(wish())).then_nothing();
}

#[test]
fn making_the_same_shipment_again_later_on_its_way_changes_nothing() {
    changes_nothing(ShipmentStatus::InTransit, create(wish()));
}

#[test]
fn scheduling_the_same_pickup_again_changes_nothing() {
    changes_nothing(ShipmentStatus::PickupScheduled, schedule());
}

#[test]
fn a_scheduled_pickup_cant_be_moved() {
    let other = ShipmentCommand::SchedulePickup { at: hours_later(4) };
    is_refused(ShipmentStatus::PickupScheduled, other);
}

#[test]
fn picking_up_again_changes_nothing() {
    changes_nothing(ShipmentStatus::PickedUp, ShipmentCommand::PickUp);
}

#[test]
fn going_into_transit_again_changes_nothing() {
    changes_nothing(ShipmentStatus::InTransit, ShipmentCommand::InTransit);
}

#[test]
fn going_out_for_delivery_again_changes_nothing() {
    changes_nothing(ShipmentStatus::OutForDelivery, ShipmentCommand::OutForDelivery);
}

#[test]
fn the_same_delivery_again_changes_nothing() {
    changes_nothing(ShipmentStatus::Delivered, deliver());
}

#[test]
fn a_delivery_to_another_recipient_is_refused() {
    let other = ShipmentCommand::Deliver { recipient_name: "Charles".into(), signature_url: None };
    is_refused(ShipmentStatus::Delivered, other);
}

#[test]
fn a_delivery_with_another_signature_is_refused() {
    let other = ShipmentCommand::Deliver {
        recipient_name: "Ada Lovelace".into(),
        signature_url: Some("https://signatures.example/2.png".into()),
    };
    is_refused(ShipmentStatus::Delivered, other);
}

#[test]
fn cancelling_again_changes_nothing_and_the_first_reason_stands() {
    given::<Shipment>([created(), cancelled()])
        .when(ShipmentCommand::Cancel { reason: "another".into() })
        .then_nothing()
        .then_state(|shipment| assert_eq!(shipment.created().unwrap().reason(), Some("refunded")));
}

#[test]
fn returning_again_changes_nothing_and_the_first_reason_stands() {
    given::<Shipment>(history_to(ShipmentStatus::Returned))
        .when(ShipmentCommand::Return { reason: "another".into() })
        .then_nothing()
        .then_state(|shipment| assert_eq!(shipment.created().unwrap().reason(), Some("unwanted")));
}

#[test]
fn a_cancelled_shipment_isnt_made_anew() {
    given::<Shipment>([created(), cancelled()])
        .when(create(Wish { number: "TRK2", ..wish() }))
        .then_rejected(ShipmentRejection::AlreadyExists);
}

#[test]
fn an_event_of_a_shipment_that_was_never_made_is_ignored() {
    assert_eq!(given::<Shipment>([picked_up(), delivered()]).state(), Shipment::default());
}
