//! How orders are written down.

use serde_json::{Value, json};

use super::support::*;
use crate::event::{decode, encode};
use crate::order::{MAX_LINES, Order, OrderEvent, OrderStatus};
use crate::testing::given;

fn every_event() -> [OrderEvent; 9] {
    let added = OrderEvent::OrderItemAdded { line: line(2, 100, 1), total: gbp(2_600), added_at: now() };
    [placed(), added, initiated(), paid(), confirmed(), shipped(), delivered(), cancelled(), failed()]
}

#[test]
fn the_events_have_the_names_of_the_contract() {
    let names = every_event().map(|event| encode(&event).unwrap().event_type);
    assert_eq!(
        names,
        [
            "OrderPlaced",
            "OrderItemAdded",
            "PaymentInitiated",
            "PaymentCompleted",
            "OrderConfirmed",
            "OrderShipped",
            "OrderDelivered",
            "OrderCancelled",
            "OrderFailed"
        ]
    );
}

#[test]
fn every_event_is_read_back_as_it_was_written() {
    for event in every_event() {
        let stored = encode(&event).unwrap();
        assert_eq!(decode::<OrderEvent>(stored.event_type, &stored.payload).unwrap(), event);
    }
}

#[test]
fn a_placed_order_is_stored_with_its_currency_once_and_prices_in_minor_units() {
    let payload: Value = serde_json::from_slice(&encode(&placed()).unwrap().payload).unwrap();
    assert_eq!(payload["currency"], "GBP");
    assert_eq!(payload["total"], json!({"amount": "25.00", "currency": "GBP"}));
    assert_eq!(payload["placed_at"], "2026-01-01T12:00:00Z");
    assert_eq!(
        payload["lines"],
        json!([{
            "product_id": "00000000-0000-0000-0000-000000000001",
            "sku": "SKU-1",
            "name": "Product 1",
            "unit_price_minor": 1_250,
            "quantity": 2
        }])
    );
}

#[test]
fn a_line_of_a_placed_order_costs_less_than_150_bytes() {
    let lines: Vec<_> = (0..MAX_LINES).map(|number| line(number as u128, 1_250, 2)).collect();
    let stored = encode(&placed_with(lines, 2_500_000)).unwrap();
    assert!(stored.payload.len() < 150 * MAX_LINES, "{} bytes", stored.payload.len());
}

#[test]
fn the_lines_of_an_event_come_with_their_currency() {
    assert_eq!(placed().lines(), [line(1, 1_250, 2)]);
    assert_eq!(every_event()[1].lines(), [line(2, 100, 1)]);
    assert!(paid().lines().is_empty());
}

#[test]
fn a_stored_quantity_that_is_out_of_range_is_refused() {
    let stored = encode(&placed()).unwrap();
    let damaged = String::from_utf8(stored.payload).unwrap().replace("\"quantity\":2", "\"quantity\":0");
    assert!(decode::<OrderEvent>("OrderPlaced", damaged.as_bytes()).is_err());
}

#[test]
fn a_snapshot_of_any_state_is_read_back_as_it_was() {
    for status in OrderStatus::ALL {
        let order = given::<Order>(history_to(status)).state();
        let snapshot = serde_json::to_string(&order).unwrap();
        assert_eq!(serde_json::from_str::<Order>(&snapshot).unwrap(), order);
    }
}

#[test]
fn a_snapshot_of_nothing_is_read_back_as_nothing() {
    let snapshot = serde_json::to_string(&Order::default()).unwrap();
    assert_eq!(serde_json::from_str::<Order>(&snapshot).unwrap(), Order::default());
}
