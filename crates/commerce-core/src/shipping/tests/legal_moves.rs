//! The way of a shipment, step by step.

use super::support::*;
use crate::shipping::{Shipment, ShipmentCommand, ShipmentEvent, ShipmentStatus};
use crate::testing::given;

#[test]
fn a_pending_shipment_can_be_scheduled_for_pickup() {
    leads_to(ShipmentStatus::Pending, schedule(), scheduled(), ShipmentStatus::PickupScheduled);
}

#[test]
fn a_scheduled_shipment_can_be_picked_up() {
    leads_to(ShipmentStatus::PickupScheduled, ShipmentCommand::PickUp, picked_up(), ShipmentStatus::PickedUp);
}

#[test]
fn a_picked_up_shipment_can_go_into_transit() {
    leads_to(ShipmentStatus::PickedUp, ShipmentCommand::InTransit, in_transit(), ShipmentStatus::InTransit);
}

#[test]
fn a_shipment_in_transit_can_go_out_for_delivery() {
    leads_to(
        ShipmentStatus::InTransit,
        ShipmentCommand::OutForDelivery,
        out_for_delivery(),
        ShipmentStatus::OutForDelivery,
    );
}

#[test]
fn a_shipment_out_for_delivery_can_be_delivered() {
    leads_to(ShipmentStatus::OutForDelivery, deliver(), delivered(), ShipmentStatus::Delivered);
}

#[test]
fn a_pending_shipment_can_be_cancelled() {
    leads_to(ShipmentStatus::Pending, cancel(), cancelled(), ShipmentStatus::Cancelled);
}

#[test]
fn a_scheduled_shipment_can_be_cancelled() {
    leads_to(ShipmentStatus::PickupScheduled, cancel(), cancelled(), ShipmentStatus::Cancelled);
}

#[test]
fn a_picked_up_shipment_can_be_cancelled() {
    leads_to(ShipmentStatus::PickedUp, cancel(), cancelled(), ShipmentStatus::Cancelled);
}

#[test]
fn a_shipment_in_transit_can_be_cancelled() {
    leads_to(ShipmentStatus::InTransit, cancel(), cancelled(), ShipmentStatus::Cancelled);
}

#[test]
fn a_shipment_out_for_delivery_can_be_cancelled() {
    leads_to(ShipmentStatus::OutForDelivery, cancel(), cancelled(), ShipmentStatus::Cancelled);
}

#[test]
fn a_delivered_shipment_can_be_returned() {
    leads_to(ShipmentStatus::Delivered, return_it(), returned(), ShipmentStatus::Returned);
}

#[test]
fn a_shipment_whose_delivery_failed_can_be_returned() {
    leads_to(ShipmentStatus::DeliveryFailed, return_it(), returned(), ShipmentStatus::Returned);
}

#[test]
fn a_scheduled_shipment_knows_when_it_is_picked_up() {
    let shipment = given::<Shipment>([created(), scheduled()]).state();
    assert_eq!(shipment.created().unwrap().pickup_at(), Some(hours_later(3)));
}

#[test]
fn a_pickup_cant_be_scheduled_for_before_the_shipment_was_made() {
    let command = ShipmentCommand::SchedulePickup { at: now().minus(std::time::Duration::from_micros(1)) };
    assert_eq!(faults(vec![created()], command), [("/pickup_at".into(), "too_early")]);
}

#[test]
fn a_pickup_can_be_scheduled_for_the_moment_the_shipment_was_made() {
    given::<Shipment>([created()])
        .when(ShipmentCommand::SchedulePickup { at: now() })
        .then([ShipmentEvent::PickupScheduled { pickup_at: now(), scheduled_at: now() }]);
}

#[test]
fn a_delivered_shipment_knows_who_received_it_and_when() {
    let shipment = given::<Shipment>(history_to(ShipmentStatus::Delivered)).state();
    let shipment = shipment.created().unwrap();
    assert_eq!(shipment.recipient_name(), Some("Ada Lovelace"));
    assert_eq!(shipment.signature_url(), None);
    assert_eq!(shipment.delivered_at(), Some(now()));
}

#[test]
fn a_delivery_keeps_the_signature() {
    let url = "https://signatures.example/1.png";
    let command = ShipmentCommand::Deliver {
        recipient_name: " Ada Lovelace ".into(),
        signature_url: Some(format!(" {url} ")),
    };
    given::<Shipment>(history_to(ShipmentStatus::OutForDelivery)).when(command).then_state(|shipment| {
        let shipment = shipment.created().unwrap();
        assert_eq!(shipment.signature_url(), Some(url));
        assert_eq!(shipment.recipient_name(), Some("Ada Lovelace"));
    });
}

#[test]
fn a_delivery_needs_a_recipient() {
    let command = ShipmentCommand::Deliver { recipient_name: " ".into(), signature_url: None };
    assert_eq!(
        faults(history_to(ShipmentStatus::OutForDelivery), command),
        [("/recipient_name".into(), "required")]
    );
}

#[test]
fn a_recipients_name_has_at_most_100_characters() {
    let command = ShipmentCommand::Deliver { recipient_name: "é".repeat(101), signature_url: None };
    assert_eq!(
        faults(history_to(ShipmentStatus::OutForDelivery), command),
        [("/recipient_name".into(), "too_long")]
    );
}

#[test]
fn a_signature_is_a_web_address() {
    for url in ["javascript:alert(1)", "ftp://example.com/1", "https://", "https://example.com/a b", "1.png"]
    {
        let command =
            ShipmentCommand::Deliver { recipient_name: "Ada".into(), signature_url: Some(url.into()) };
        let found = faults(history_to(ShipmentStatus::OutForDelivery), command);
        assert_eq!(found, [("/signature_url".into(), "invalid_url")], "{url}");
    }
}

#[test]
fn every_fault_of_a_delivery_is_reported() {
    let command = ShipmentCommand::Deliver { recipient_name: String::new(), signature_url: Some("x".into()) };
    assert_eq!(
        faults(history_to(ShipmentStatus::OutForDelivery), command),
        [("/recipient_name".into(), "required"), ("/signature_url".into(), "invalid_url")]
    );
}

#[test]
fn a_cancellation_needs_a_reason() {
    let command = ShipmentCommand::Cancel { reason: String::new() };
    assert_eq!(faults(vec![created()], command), [("/reason".into(), "required")]);
}

#[test]
fn a_return_needs_a_reason() {
    let command = ShipmentCommand::Return { reason: String::new() };
    assert_eq!(faults(history_to(ShipmentStatus::Delivered), command), [("/reason".into(), "required")]);
}

#[test]
fn a_reason_has_at_most_500_characters() {
    let command = |length| ShipmentCommand::Cancel { reason: "é".repeat(length) };
    assert_eq!(given::<Shipment>([created()]).when(command(500)).events().len(), 1);
    assert_eq!(faults(vec![created()], command(501)), [("/reason".into(), "too_long")]);
}

#[test]
fn cancelled_and_returned_shipments_keep_the_reason() {
    let reason = |status| {
        let shipment = given::<Shipment>(history_to(status)).state();
        shipment.created().unwrap().reason().map(str::to_owned)
    };
    assert_eq!(reason(ShipmentStatus::Cancelled).as_deref(), Some("refunded"));
    assert_eq!(reason(ShipmentStatus::Returned).as_deref(), Some("unwanted"));
}

#[test]
fn a_returned_shipment_still_knows_that_it_was_delivered() {
    let shipment = given::<Shipment>(history_to(ShipmentStatus::Returned)).state();
    assert_eq!(shipment.created().unwrap().delivered_at(), Some(now()));
}

#[test]
fn a_step_moves_the_time_of_the_last_change_but_not_that_of_the_creation() {
    given::<Shipment>([created()]).at(hours_later(1)).when(schedule()).then_state(|shipment| {
        let shipment = shipment.created().unwrap();
        assert_eq!((shipment.created_at(), shipment.updated_at()), (now(), hours_later(1)));
    });
}

#[test]
fn a_parcel_has_left_once_the_carrier_has_it() {
    let in_house = ShipmentStatus::ALL.into_iter().filter(|status| !status.has_left());
    let expected = [ShipmentStatus::Pending, ShipmentStatus::PickupScheduled, ShipmentStatus::Cancelled];
    assert_eq!(in_house.collect::<Vec<_>>(), expected);
}

#[test]
fn one_that_is_called_off_on_its_way_has_left_all_the_same() {
    for (before, has_left) in [(ShipmentStatus::PickupScheduled, false), (ShipmentStatus::InTransit, true)] {
        given::<Shipment>(history_to(before)).when(cancel()).then_state(|shipment| {
            let shipment = shipment.created().unwrap();
            assert_eq!((shipment.status(), shipment.has_left()), (ShipmentStatus::Cancelled, has_left));
        });
    }
}
