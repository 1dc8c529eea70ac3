//! Tamperings with orders, shipments and sagas.

use commerce_core::Timestamp;
use commerce_core::commit::{Commit, NewEvent};
use commerce_core::id::{OrderId, ShipmentId};
use commerce_core::order::{Failure, Order, OrderEvent, OrderLine};
use commerce_core::shipping::{Shipment, ShipmentEvent};
use commerce_core::stream::StreamId;
use commerce_core::testing::test_context;
use commerce_core::value::{Quantity, Sku};
use reference_server::audit::invariant::*;
use reference_server::services::shipping::KNOWN_ORDERS;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fixture::{Case, Fixture, Write, append, append_raw, delete, gbp, new_id, put};

pub(crate) fn all() -> Vec<Case> {
    [STREAMS, ORDERS, SHIPMENTS, CHECKOUTS, SAGAS].concat()
}

const STREAMS: &[Case] = &[
    Case {
        name: "an event is of a type that no one knows",
        breaks: &[EVENT_UNDECODABLE],
        tamper: |f| vec![("order", append_raw(StreamId::of::<Order>(&f.bought), vec![unknown()]))],
    },
    Case {
        name: "a stream is of a kind that no one knows",
        breaks: &[STREAM_UNKNOWN],
        tamper: |_| vec![("order", append_raw("coupon/1".into(), vec![unknown()]))],
    },
    Case {
        name: "a stream's id is none",
        breaks: &[STREAM_UNKNOWN],
        tamper: |_| vec![("shipping", append_raw("shipment/seven".into(), vec![unknown()]))],
    },
    Case {
        name: "an order has failed that was never placed",
        breaks: &[STREAM_NOT_BEGUN],
        tamper: |_| vec![("order", append::<Order>(&new_id(), &[failed("lost")]))],
    },
];

const ORDERS: &[Case] = &[
    Case {
        name: "a confirmed order's payment is another's",
        breaks: &[ORDER_PAYMENT_MISSING],
        tamper: |f| {
            let (payment_id, at) = (f.payment_of(f.returned), Timestamp::default());
            let paid = OrderEvent::PaymentCompleted { payment_id, completed_at: at };
            let shipment_id = f.shipment_of(f.bought);
            let confirmed = OrderEvent::OrderConfirmed { shipment_id, confirmed_at: at };
            vec![("order", append::<Order>(&f.bought, &[paid, confirmed]))]
        },
    },
    Case {
        name: "a failed order says not why",
        breaks: &[ORDER_FAILURE_MISSING],
        tamper: |f| vec![("order", append::<Order>(&f.declined, &[failed("")]))],
    },
    Case {
        name: "a failed order goes on, and its checkout doesn't",
        breaks: &[ORDER_UNFINISHED],
        tamper: |f| {
            let initiated = OrderEvent::PaymentInitiated { initiated_at: Timestamp::default() };
            vec![("order", append::<Order>(&f.declined, &[initiated]))]
        },
    },
    Case {
        name: "an order's total is not what its lines come to",
        breaks: &[ORDER_TOTAL_DIFFERS],
        tamper: |f| {
            let line = OrderLine {
                product_id: f.products[0],
                sku: Sku::parse("A").unwrap(),
                name: "Thing A".to_owned(),
                unit_price: gbp("10.00"),
                quantity: Quantity::new(1).unwrap(),
            };
            let added_at = Timestamp::default();
            let added = OrderEvent::OrderItemAdded { line, total: gbp("10.00"), added_at };
            vec![("order", append::<Order>(&f.declined, &[added]))]
        },
    },
    Case {
        name: "an order grew after it was confirmed",
        breaks: &[ORDER_TOTAL_DIFFERS, ORDER_RESERVATION_MISSING, SHIPPED_OUT_DIFFERS],
        tamper: |f| {
            let more = |event: &mut Value| event["lines"][0]["quantity"] = 5.into();
            let stream = StreamId::of::<Order>(&f.bought);
            let payment = f.payment_of(f.bought);
            let again = [
                f.again(&stream, "OrderPlaced", more),
                f.again(&stream, "PaymentCompleted", |event| {
                    event["payment_id"] = payment.to_string().into()
                }),
                f.again(&stream, "OrderConfirmed", |_| {}),
            ];
            vec![("order", append_raw(stream, again.to_vec()))]
        },
    },
];

const SHIPMENTS: &[Case] = &[
    Case {
        name: "a confirmed order's shipment was cancelled",
        breaks: &[ORDER_SHIPMENT_MISSING],
        tamper: |f| vec![("shipping", append::<Shipment>(&f.shipment_of(f.bought), &[cancelled()]))],
    },
    Case {
        name: "a shipment is that of no order",
        breaks: &[SHIPMENT_WITHOUT_ORDER],
        tamper: |f| ship(f, new_id(), "FORGED1", &[]),
    },
    Case {
        name: "a failed order is shipped",
        breaks: &[SHIPMENT_KEPT],
        tamper: |f| ship(f, f.declined, "FORGED1", &[]),
    },
    Case {
        name: "a confirmed order is shipped twice",
        breaks: &[SHIPMENT_KEPT],
        tamper: |f| ship(f, f.bought, "FORGED1", &[]),
    },
    Case {
        name: "a parcel by hand is packed for an order that failed",
        breaks: &[PARCEL_LEFT_PACKED],
        tamper: |f| ship_by_hand(f, f.declined, &[]),
    },
    Case {
        name: "a parcel by hand is packed for an order that was cancelled, and shipping has heard of that",
        breaks: &[PARCEL_LEFT_PACKED],
        tamper: |f| [ship_by_hand(f, f.declined, &[]), known(f.declined, true)].concat(),
    },
    Case {
        name: "a parcel by hand is packed for an order that failed, and shipping has yet to hear of that",
        breaks: &[],
        tamper: |f| [ship_by_hand(f, f.declined, &[]), known(f.declined, false)].concat(),
    },
    Case {
        name: "a parcel by hand has left before its order failed",
        breaks: &[],
        tamper: |f| ship_by_hand(f, f.declined, &picked_up()),
    },
    Case {
        name: "a parcel by hand was called off with its order",
        breaks: &[],
        tamper: |f| ship_by_hand(f, f.declined, &[cancelled()]),
    },
    Case {
        name: "a parcel by hand is packed for an order that stands, and one for none",
        breaks: &[],
        tamper: |f| [ship_by_hand(f, f.bought, &[]), ship_by_hand(f, new_id(), &[])].concat(),
    },
    Case {
        name: "two shipments have one tracking number",
        breaks: &[TRACKING_NUMBER_NOT_UNIQUE],
        tamper: |f| {
            let stream = StreamId::of::<Shipment>(&f.shipment_of(f.bought));
            let mut number = String::new();
            f.again(&stream, "ShipmentCreated", |event| {
                number = event["tracking_number"].as_str().unwrap().to_owned();
            });
            ship(f, f.declined, &number, &[cancelled()])
        },
    },
];

const CHECKOUTS: &[Case] = &[
    Case {
        name: "a confirmed order's checkout is gone",
        breaks: &[ORDER_WITHOUT_SAGA],
        tamper: |f| vec![("order", delete("sagas", &format!("place-order/{}", f.bought)))],
    },
    Case {
        name: "an order has two checkouts",
        breaks: &[ORDER_WITH_SEVERAL_SAGAS],
        tamper: |f| {
            let saga = f.document("sagas", &format!("place-order/{}", f.bought));
            vec![("order", put("sagas", "place-order/again", &saga))]
        },
    },
    Case {
        name: "a confirmed order's checkout has failed",
        breaks: &[ORDER_SAGA_DISAGREES],
        tamper: |f| f.checkout(f.bought, |saga| saga["status"] = "failed".into()),
    },
    Case {
        name: "a failed order's checkout is completed",
        breaks: &[ORDER_SAGA_DISAGREES],
        tamper: |f| f.checkout(f.short, |saga| saga["status"] = "completed".into()),
    },
    Case {
        name: "an order is cancelled whose checkout has failed by itself",
        breaks: &[ORDER_SAGA_DISAGREES],
        tamper: |f| cancel(f.declined),
    },
    Case {
        name: "an order has failed whose checkout was turned back",
        breaks: &[ORDER_SAGA_DISAGREES],
        tamper: |f| turned_back(f, f.declined),
    },
    Case {
        name: "an order is cancelled whose checkout was turned back",
        breaks: &[],
        tamper: |f| [cancel(f.declined), turned_back(f, f.declined)].concat(),
    },
    Case {
        name: "a pending order has no checkout yet",
        breaks: &[],
        tamper: |f| {
            let placed = f.again(&StreamId::of::<Order>(&f.bought), "OrderPlaced", |_| {});
            vec![("order", append_raw(StreamId::of::<Order>(&new_id::<OrderId>()), vec![placed]))]
        },
    },
    Case {
        name: "a confirmed order is cancelled, and nothing of it undone",
        breaks: &[ORDER_SAGA_DISAGREES, PAYMENT_KEPT, SHIPMENT_KEPT, SHIPPED_OUT_DIFFERS, STOCK_KEPT],
        tamper: |f| cancel(f.bought),
    },
    Case {
        name: "a cancellation is completed, and its order is confirmed",
        breaks: &[ORDER_SAGA_DISAGREES],
        tamper: |f| cancellation(f, f.bought),
    },
    Case {
        name: "a cancellation is that of no order",
        breaks: &[SAGA_WITHOUT_ORDER],
        tamper: |f| cancellation(f, new_id()),
    },
    Case {
        name: "a checkout is that of no order",
        breaks: &[SAGA_WITHOUT_ORDER],
        tamper: |f| {
            let other = new_id::<OrderId>().to_string();
            let mut saga = f.document("sagas", &format!("place-order/{}", f.bought));
            saga["id"] = other.clone().into();
            vec![("order", put("sagas", &format!("place-order/{other}"), &saga))]
        },
    },
];

const SAGAS: &[Case] = &[
    Case {
        name: "a checkout is running",
        breaks: &[SAGA_UNFINISHED],
        tamper: |f| f.checkout(f.bought, |saga| saga["status"] = "running".into()),
    },
    Case {
        name: "a checkout is compensating",
        breaks: &[SAGA_UNFINISHED],
        tamper: |f| f.checkout(f.declined, |saga| saga["status"] = "compensating".into()),
    },
    Case {
        name: "a checkout was given up after its order had failed",
        breaks: &[SAGA_ABANDONED],
        tamper: |f| f.checkout(f.declined, |saga| saga["status"] = "abandoned".into()),
    },
    Case {
        name: "an order was left on its way by a checkout that was given up",
        breaks: &[SAGA_ABANDONED, ORDER_UNFINISHED],
        tamper: |f| {
            let initiated = OrderEvent::PaymentInitiated { initiated_at: Timestamp::default() };
            let mut writes = f.checkout(f.declined, |saga| saga["status"] = "abandoned".into());
            writes.push(("order", append::<Order>(&f.declined, &[initiated])));
            writes
        },
    },
];

fn unknown() -> NewEvent {
    NewEvent { event_type: "Teleported".into(), schema: 1, payload: b"{}".to_vec() }
}

fn failed(code: &str) -> OrderEvent {
    let failure = Failure { step: "forged".to_owned(), code: code.to_owned(), detail: String::new() };
    OrderEvent::OrderFailed { failure, failed_at: Timestamp::default() }
}

fn cancelled() -> ShipmentEvent {
    ShipmentEvent::ShipmentCancelled { reason: "forged".to_owned(), cancelled_at: Timestamp::default() }
}

fn cancel(order_id: OrderId) -> Vec<Write> {
    let (reason, cancelled_at) = ("forged".to_owned(), Timestamp::default());
    let cancelled = OrderEvent::OrderCancelled { reason, cancelled_at };
    vec![("order", append::<Order>(&order_id, &[cancelled]))]
}

/// A checkout that was undone because its order was to be cancelled.
fn turned_back(fixture: &Fixture, order_id: OrderId) -> Vec<Write> {
    fixture.checkout(order_id, |saga| {
        let wish = json!({"at": saga["started_at"], "actor": "ada", "action": "aborted", "reason": "forged"});
        saga["notes"] = json!([wish]);
    })
}

/// A completed cancellation.
fn cancellation(fixture: &Fixture, order_id: OrderId) -> Vec<Write> {
    let mut saga = fixture.document("sagas", &format!("place-order/{}", fixture.bought));
    (saga["saga"], saga["id"]) = ("cancel-order".into(), order_id.to_string().into());
    vec![("order", put("sagas", &format!("cancel-order/{order_id}"), &saga))]
}

/// A shipment as that of the order that was bought, for another order.
fn ship(fixture: &Fixture, order_id: OrderId, number: &str, then: &[ShipmentEvent]) -> Vec<Write> {
    vec![("shipping", shipped(fixture, order_id, number, then))]
}

/// The same, made by a request of a user.
fn ship_by_hand(fixture: &Fixture, order_id: OrderId, then: &[ShipmentEvent]) -> Vec<Write> {
    let user = test_context().with_actor(new_id::<Uuid>().to_string());
    let number = new_id::<Uuid>().to_string();
    vec![("shipping", Commit::within(&user).and(shipped(fixture, order_id, &number, then)))]
}

/// What shipping knows of an order for which staff have made a parcel. In a shop that publishes nothing, it has yet to hear
/// of all that happened.
fn known(order_id: OrderId, ended: bool) -> Vec<Write> {
    let known = json!({"made_by_hand": 1, "ended": ended});
    vec![("shipping", put(KNOWN_ORDERS, &order_id.to_string(), &known))]
}

fn picked_up() -> [ShipmentEvent; 2] {
    let at = Timestamp::default();
    [
        ShipmentEvent::PickupScheduled { pickup_at: at, scheduled_at: at },
        ShipmentEvent::ShipmentPickedUp { picked_up_at: at },
    ]
}

fn shipped(fixture: &Fixture, order_id: OrderId, number: &str, then: &[ShipmentEvent]) -> Commit {
    let stream = StreamId::of::<Shipment>(&fixture.shipment_of(fixture.bought));
    let created = fixture.again(&stream, "ShipmentCreated", |event| {
        event["order_id"] = order_id.to_string().into();
        event["tracking_number"] = number.into();
    });
    let mut events = vec![created];
    events.extend(then.iter().map(|event| NewEvent::encode(event).unwrap()));
    append_raw(StreamId::of::<Shipment>(&new_id::<ShipmentId>()), events)
}
