//! Tamperings with stock and catalog.

use commerce_core::Timestamp;
use commerce_core::catalog::Product;
use commerce_core::commit::Commit;
use commerce_core::id::{OrderId, ProductId};
use commerce_core::inventory::{Reason, StockEvent, StockItem};
use commerce_core::order::Order;
use commerce_core::stream::StreamId;
use commerce_core::value::Sku;
use reference_server::audit::invariant::*;
use serde_json::json;

use crate::fixture::{Case, Fixture, Write, append, append_raw, delete, new_id, put};

pub(crate) fn all() -> Vec<Case> {
    [ITEMS, ORDERS].concat()
}

const ITEMS: &[Case] = &[
    Case {
        name: "more was reserved than was there, for a moment",
        breaks: &[RESERVED_ABOVE_ON_HAND],
        tamper: |f| {
            let order_id = new_id();
            stock(f, vec![reserved(order_id, 1_000), released(order_id, 1_000)])
        },
    },
    Case {
        name: "more was written off than was there",
        breaks: &[STOCK_NOT_CONSERVED],
        tamper: |f| stock(f, vec![adjusted(-1_000, None)]),
    },
    Case {
        name: "stock is reserved for no one",
        breaks: &[HOLD_WITHOUT_RESERVATION, RESERVED_DIFFERS],
        tamper: |f| stock(f, vec![reserved(new_id(), 1)]),
    },
    Case {
        name: "a reservation is not held, another order's is",
        breaks: &[HOLD_WITHOUT_RESERVATION, RESERVATION_WITHOUT_HOLD, RESERVATION_LEFT_ACTIVE],
        tamper: |f| {
            let mut writes = stock(f, vec![reserved(new_id(), 1)]);
            writes.push(("inventory", active(f, new_id(), 1)));
            writes
        },
    },
    Case {
        name: "a reservation was never ended",
        breaks: &[RESERVATION_LEFT_ACTIVE],
        tamper: |f| kept_for(f, f.declined),
    },
    Case {
        name: "a reservation is kept under another id",
        breaks: &[DOCUMENT_MISFILED],
        tamper: |f| {
            let record = f.document("reservations", &f.bought.to_string());
            vec![("inventory", put("reservations", "elsewhere", &record))]
        },
    },
    Case {
        name: "a reservation is damaged",
        breaks: &[DOCUMENT_UNDECODABLE],
        tamper: |_| vec![("inventory", put("reservations", "damaged", &json!({"order_id": 7})))],
    },
    Case {
        name: "an item is on record as kept by hand, and is not held",
        breaks: &[RESERVATION_WITHOUT_HOLD, RESERVED_DIFFERS],
        tamper: |f| {
            let order_id = new_id::<OrderId>();
            let id = format!("{order_id}/{}", f.products[0]);
            vec![("inventory", put("item-reservations", &id, &by_hand(f, order_id, "active")))]
        },
    },
    Case {
        name: "an item is on record as handed out by hand, and was not",
        breaks: &[SHIPPED_OUT_DIFFERS, STOCK_KEPT],
        tamper: |f| {
            let id = format!("{}/{}", f.declined, f.products[0]);
            vec![("inventory", put("item-reservations", &id, &by_hand(f, f.declined, "confirmed")))]
        },
    },
    Case {
        name: "an item's reservation by hand is kept under another id",
        breaks: &[DOCUMENT_MISFILED],
        tamper: |f| {
            let record = by_hand(f, new_id(), "released");
            vec![("inventory", put("item-reservations", "elsewhere", &record))]
        },
    },
    Case {
        name: "a product was ordered that is in stock and not in the catalog",
        breaks: &[STOCK_ITEM_NOT_IN_CATALOG],
        tamper: |f| {
            let product_id = new_id::<ProductId>();
            let ordered = f.again(&StreamId::of::<Order>(&f.bought), "OrderPlaced", |event| {
                event["lines"][0]["product_id"] = product_id.to_string().into();
            });
            let created = StockEvent::StockItemCreated {
                sku: Sku::parse("C").unwrap(),
                name: "Thing C".to_owned(),
                initial_stock: 1,
                reorder_level: 1,
                reorder_quantity: 1,
            };
            vec![
                ("inventory", append::<StockItem>(&product_id, &[created])),
                ("order", append_raw(StreamId::of::<Order>(&new_id()), vec![ordered])),
            ]
        },
    },
    Case {
        name: "a product is created again under another id",
        breaks: &[SKU_NOT_UNIQUE],
        tamper: |f| {
            let created = f.again(&StreamId::of::<Product>(&f.products[0]), "ProductCreated", |_| {});
            vec![("catalog", append_raw(StreamId::of::<Product>(&new_id::<ProductId>()), vec![created]))]
        },
    },
];

const ORDERS: &[Case] = &[
    Case {
        name: "a failed order was handed out goods",
        breaks: &[STOCK_KEPT, SHIPPED_OUT_DIFFERS],
        tamper: |f| stock(f, vec![reserved(f.declined, 1), handed_out(f.declined, 1)]),
    },
    Case {
        name: "goods went to an order that was never placed",
        breaks: &[STOCK_KEPT, SHIPPED_OUT_DIFFERS],
        tamper: |f| stock(f, vec![handed_out(new_id(), 1)]),
    },
    Case {
        name: "a failed order's reservation is confirmed",
        breaks: &[STOCK_KEPT],
        tamper: |f| {
            let id = f.declined.to_string();
            let confirm = f.changed("reservations", &id, |record| record["status"] = "confirmed".into());
            vec![("inventory", confirm)]
        },
    },
    Case {
        name: "a confirmed order was handed out more than it asks for",
        breaks: &[ORDER_RESERVATION_MISSING, SHIPPED_OUT_DIFFERS],
        tamper: |f| stock(f, vec![handed_out(f.bought, 1)]),
    },
    Case {
        name: "a confirmed order was handed out some of its goods by hand as well",
        breaks: &[ORDER_HANDED_OUT_TOO_MUCH],
        tamper: |f| {
            let mut writes = stock(f, vec![reserved(f.bought, 1), handed_out(f.bought, 1)]);
            let id = format!("{}/{}", f.bought, f.products[0]);
            writes.push(("inventory", put("item-reservations", &id, &by_hand(f, f.bought, "confirmed"))));
            writes
        },
    },
    Case {
        name: "a confirmed order's goods were put back",
        breaks: &[ORDER_RESERVATION_MISSING, SHIPPED_OUT_DIFFERS],
        tamper: |f| stock(f, vec![adjusted(2, Some(f.bought))]),
    },
    Case {
        name: "a confirmed order's reservation is gone",
        breaks: &[ORDER_RESERVATION_MISSING],
        tamper: |f| vec![("inventory", delete("reservations", &f.bought.to_string()))],
    },
    Case {
        name: "a confirmed order's reservation is of other goods",
        breaks: &[ORDER_RESERVATION_MISSING],
        tamper: |f| {
            let id = f.bought.to_string();
            let more = |record: &mut serde_json::Value| record["lines"][0]["quantity"] = 9.into();
            vec![("inventory", f.changed("reservations", &id, more))]
        },
    },
    Case {
        name: "what a stuck checkout keeps is explained by it",
        breaks: &[SAGA_UNFINISHED],
        tamper: |f| {
            let mut writes = kept_for(f, f.declined);
            writes.extend(f.checkout(f.declined, |saga| saga["status"] = "stuck".into()));
            writes
        },
    },
];

/// Stock is kept for an order, and its record says so.
fn kept_for(fixture: &Fixture, order_id: OrderId) -> Vec<Write> {
    let mut writes = stock(fixture, vec![reserved(order_id, 1)]);
    writes.push(("inventory", active(fixture, order_id, 1)));
    writes
}

fn by_hand(fixture: &Fixture, order_id: OrderId, status: &str) -> serde_json::Value {
    json!({
        "order_id": order_id,
        "status": status,
        "lines": [{ "product_id": fixture.products[0], "quantity": 1 }],
        "expires_at": "2100-01-01T00:00:00Z",
    })
}

fn active(fixture: &Fixture, order_id: OrderId, quantity: u64) -> Commit {
    let record = json!({
        "order_id": order_id,
        "status": "active",
        "lines": [{ "product_id": fixture.products[0], "quantity": quantity }],
        "expires_at": "2100-01-01T00:00:00Z",
    });
    put("reservations", &order_id.to_string(), &record)
}

fn stock(fixture: &Fixture, events: Vec<StockEvent>) -> Vec<Write> {
    vec![("inventory", append::<StockItem>(&fixture.products[0], &events))]
}

fn reserved(order_id: OrderId, quantity: u64) -> StockEvent {
    let expires_at = Timestamp::parse("2100-01-01T00:00:00Z").unwrap();
    StockEvent::StockReserved { order_id, quantity, expires_at }
}

fn released(order_id: OrderId, quantity: u64) -> StockEvent {
    StockEvent::ReservationReleased { order_id, quantity, reason: Reason::parse("forged").unwrap() }
}

fn handed_out(order_id: OrderId, quantity: u64) -> StockEvent {
    StockEvent::ReservationConfirmed { order_id, quantity }
}

fn adjusted(quantity: i64, order_id: Option<OrderId>) -> StockEvent {
    let reason = Reason::parse("forged").unwrap();
    StockEvent::StockAdjusted { quantity, reason, order_id, at: Timestamp::default() }
}
