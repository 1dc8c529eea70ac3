//! How shipments are written down.

use serde_json::{Value, json};

use super::support::*;
use crate::event::{decode, encode};
use crate::shipping::{Shipment, ShipmentEvent, ShipmentStatus};
use crate::testing::given;

fn every_event() -> [ShipmentEvent; 10] {
    [
        created(),
        scheduled(),
        picked_up(),
        in_transit(),
        out_for_delivery(),
        delivered(),
        attempted(1),
        cancelled(),
        returned(),
        updated("scanned"),
    ]
}

#[test]
fn the_events_have_the_names_of_the_contract() {
    let names = every_event().map(|event| encode(&event).unwrap().event_type);
    assert_eq!(
        names,
        [
            "ShipmentCreated",
            "PickupScheduled",
            "ShipmentPickedUp",
            "ShipmentInTransit",
            "ShipmentOutForDelivery",
            "ShipmentDelivered",
            "DeliveryAttemptFailed",
            "ShipmentCancelled",
            "ShipmentReturned",
            "TrackingUpdated"
        ]
    );
}

#[test]
fn every_event_is_read_back_as_it_was_written() {
    for event in every_event() {
        let stored = encode(&event).unwrap();
        assert_eq!(decode::<ShipmentEvent>(stored.event_type, &stored.payload).unwrap(), event);
    }
}

#[test]
fn a_created_shipment_is_stored_with_exact_text_for_weights_and_money() {
    let payload: Value = serde_json::from_slice(&encode(&created()).unwrap().payload).unwrap();
    assert_eq!(payload["package"], json!({"weight": "1.5", "length": "30", "width": "20", "height": "10"}));
    assert_eq!(payload["cost"], json!({"amount": "9.99", "currency": "GBP"}));
    assert_eq!(payload["estimated_delivery"], "2026-01-06T12:00:00Z");
    assert_eq!((&payload["carrier"], &payload["speed"]), (&json!("dhl"), &json!("standard")));
}

#[test]
fn what_is_absent_is_not_written() {
    let payload = String::from_utf8(encode(&delivered()).unwrap().payload).unwrap();
    assert!(!payload.contains("signature_url"), "{payload}");
    let payload = String::from_utf8(encode(&attempted(1)).unwrap().payload).unwrap();
    assert!(!payload.contains("next_attempt_at"), "{payload}");
}

#[test]
fn a_snapshot_of_any_state_is_read_back_as_it_was() {
    for status in ShipmentStatus::ALL {
        let shipment = given::<Shipment>(history_to(status)).state();
        let snapshot = serde_json::to_string(&shipment).unwrap();
        assert_eq!(serde_json::from_str::<Shipment>(&snapshot).unwrap(), shipment);
    }
}

#[test]
fn a_snapshot_of_nothing_is_read_back_as_nothing() {
    let snapshot = serde_json::to_string(&Shipment::default()).unwrap();
    assert_eq!(serde_json::from_str::<Shipment>(&snapshot).unwrap(), Shipment::default());
}

#[test]
fn a_shipment_from_before_customers_were_known_is_read() {
    let mut payload: Value = serde_json::from_slice(&encode(&created()).unwrap().payload).unwrap();
    payload.as_object_mut().unwrap().remove("customer_id").unwrap();
    let event = decode::<ShipmentEvent>("ShipmentCreated", payload.to_string().as_bytes()).unwrap();
    assert_eq!(event, created_from(Wish { customer: None, ..wish() }));
}
