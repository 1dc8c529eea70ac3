use super::*;
use crate::error::Kind;
use crate::event::{decode, encode};
use crate::inventory::StockRejection;

fn one_of_each() -> Vec<StockEvent> {
    vec![
        created(5),
        reserved(1, 2),
        StockEvent::StockReservationRejected { order_id: order(2), requested: 9, available: 3 },
        confirmed(1, 2),
        released(1, 2),
        expired(1, 2),
        adjusted(-1),
        StockEvent::LowStockDetected { sku: lamp(), available: 1, reorder_level: 2, reorder_quantity: 3 },
        StockEvent::ReorderSettingsChanged { reorder_level: 2, reorder_quantity: 3 },
    ]
}

#[test]
fn events_are_stored_under_the_names_of_the_contract() {
    let names: Vec<_> = one_of_each().iter().map(|event| encode(event).unwrap().event_type).collect();
    assert_eq!(
        names,
        [
            "StockItemCreated",
            "StockReserved",
            "StockReservationRejected",
            "ReservationConfirmed",
            "ReservationReleased",
            "ReservationExpired",
            "StockAdjusted",
            "LowStockDetected",
            "ReorderSettingsChanged",
        ]
    );
}

#[test]
fn events_are_read_as_they_were_written() {
    for event in one_of_each() {
        let encoded = encode(&event).unwrap();
        assert_eq!(decode::<StockEvent>(encoded.event_type, &encoded.payload).unwrap(), event);
    }
}

#[test]
fn the_payload_of_a_reservation_is_small_and_stays_as_it_is() {
    let payload = String::from_utf8(encode(&reserved(1, 2)).unwrap().payload).unwrap();
    assert_eq!(
        payload,
        r#"{"order_id":"00000000-0000-0000-0000-000000000001","quantity":2,"expires_at":"2026-01-01T12:15:00Z"}"#
    );
}

#[test]
fn an_adjustment_names_an_order_only_when_there_is_one() {
    let payload = |event| String::from_utf8(encode(&event).unwrap().payload).unwrap();
    assert!(!payload(adjusted(1)).contains("order_id"));
    let returned = StockEvent::StockAdjusted {
        quantity: 1,
        reason: reason("back"),
        order_id: Some(order(1)),
        at: noon(),
    };
    assert!(payload(returned).contains("order_id"));
}

#[test]
fn an_event_in_memory_is_small() {
    assert!(size_of::<StockEvent>() <= 64, "{} bytes", size_of::<StockEvent>());
}

#[test]
fn a_snapshot_is_read_as_it_was_written() {
    let item = item([created(5), reserved(1, 2), reserved(2, 1), confirmed(1, 2), adjusted(3)]);
    let snapshot = serde_json::to_vec(&item).unwrap();
    assert_eq!(serde_json::from_slice::<StockItem>(&snapshot).unwrap(), item);
}

#[test]
fn every_rejection_has_a_code_a_kind_and_a_sentence_of_its_own() {
    let order_id = order(1);
    let all = [
        (StockRejection::AlreadyExists { sku: lamp() }, "already_exists", Kind::Conflict),
        (StockRejection::NotFound, "stock_item_not_found", Kind::NotFound),
        (StockRejection::QuantityNotPositive, "must_be_positive", Kind::Invalid),
        (StockRejection::ExpiresInThePast { expires_at: noon() }, "expires_in_the_past", Kind::Invalid),
        (
            StockRejection::ReservedDifferently { order_id, held: 1, requested: 2 },
            "reserved_differently",
            Kind::Conflict,
        ),
        (StockRejection::ReservationNotFound { order_id }, "reservation_not_found", Kind::NotFound),
        (StockRejection::NotDue { order_id, expires_at: noon() }, "reservation_not_due", Kind::Retryable),
        (StockRejection::NothingToAdjust, "must_not_be_zero", Kind::Invalid),
        (
            StockRejection::BelowReserved { on_hand: 5, reserved: 2, quantity: -4 },
            "below_reserved",
            Kind::Conflict,
        ),
        (StockRejection::TooMuchStock { quantity: 1, limit: 2 }, "too_much_stock", Kind::Invalid),
    ];
    for (rejection, code, kind) in &all {
        assert_eq!((rejection.code(), rejection.kind()), (*code, *kind));
    }
    let sentences: std::collections::BTreeSet<_> = all.iter().map(|(r, ..)| r.to_string()).collect();
    assert_eq!(sentences.len(), all.len());
    assert!(sentences.contains("5 are on hand, 2 of them reserved: -4 would fall below that"));
}
