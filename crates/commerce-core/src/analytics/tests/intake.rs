use super::*;
use crate::catalog::{PRODUCT_VIEW_KIND, Product, ProductEvent};
use crate::commit::Claim;
use crate::error::Kind;
use crate::event::{self, Event};
use crate::order::{OrderEvent, OrderLine, OrderStatus};
use crate::payment::{PaymentEvent, PaymentMethod};
use crate::value::{Currency, Money, Quantity, Sku};
use crate::{Aggregate, order::Order, payment::Payment};

const AT: &str = "2026-01-01T12:00:00Z";

fn fact<E: Event>(stream_kind: &str, id: Uuid, event: &E) -> Option<Fact> {
    let encoded = event::encode(event).unwrap();
    let published = PublishedEvent {
        stream_kind,
        stream_id: &id.to_string(),
        event_type: encoded.event_type,
        schema: encoded.schema,
        event_id: uuid(9, 1),
        payload: &encoded.payload,
    };
    published.fact().unwrap()
}

fn line(minor: i64) -> OrderLine {
    OrderLine {
        product_id: product(1),
        sku: Sku::parse("TEA-1").unwrap(),
        name: "Tea".to_owned(),
        unit_price: Money::from_minor(minor, Currency::GBP),
        quantity: Quantity::new(3).unwrap(),
    }
}

fn fact_line(minor: i64) -> FactLine {
    let (sku, name) = ("TEA-1".to_owned(), "Tea".to_owned());
    FactLine { product_id: product(1), sku, name, unit_price_minor: minor, quantity: 3 }
}

fn placed() -> OrderEvent {
    let address = serde_json::json!({
        "recipient": "Ada Lovelace", "line1": "Mill Lane 1", "city": "York", "postal_code": "YO1 7PX", "country": "GB",
    });
    let event = serde_json::json!({
        "customer_id": customer(1),
        "lines": [{"product_id": product(1), "sku": "TEA-1", "name": "Tea", "unit_price_minor": 250, "quantity": 3}],
        "shipping_address": address,
        "currency": "GBP",
        "total": {"amount": "7.50", "currency": "GBP"},
        "placed_at": AT,
    });
    event::decode("OrderPlaced", event.to_string().as_bytes()).unwrap()
}

#[test]
fn a_placed_order_is_kept_without_its_address() {
    let kept = fact(Order::KIND, order(1).0, &placed()).unwrap();
    let expected = Fact::OrderPlaced {
        order_id: order(1),
        customer_id: customer(1),
        currency: Currency::GBP,
        lines: vec![fact_line(250)],
        placed_at: at(AT),
    };
    assert_eq!(kept, expected);
    let written = serde_json::to_string(&kept).unwrap();
    assert!(!written.contains("Mill Lane") && !written.contains("Ada"), "{written}");
}

#[test]
fn an_added_line_and_each_status_of_an_order_are_kept() {
    let total = Money::from_minor(750, Currency::GBP);
    let added = OrderEvent::OrderItemAdded { line: line(250), total, added_at: at(AT) };
    let expected = Fact::OrderItemAdded {
        order_id: order(1),
        currency: Currency::GBP,
        line: fact_line(250),
        added_at: at(AT),
    };
    assert_eq!(fact(Order::KIND, order(1).0, &added), Some(expected));
    let (reason, moment) = ("mine".to_owned(), at(AT));
    for (event, status) in [
        (OrderEvent::PaymentInitiated { initiated_at: moment }, OrderStatus::PaymentInitiated),
        (
            OrderEvent::PaymentCompleted { payment_id: payment(1), completed_at: moment },
            OrderStatus::PaymentCompleted,
        ),
        (
            OrderEvent::OrderConfirmed { shipment_id: uuid(5, 1).into(), confirmed_at: moment },
            OrderStatus::Confirmed,
        ),
        (OrderEvent::OrderDelivered { delivered_at: moment }, OrderStatus::Delivered),
        (OrderEvent::OrderCancelled { reason, cancelled_at: moment }, OrderStatus::Cancelled),
    ] {
        let expected = Fact::OrderStatusChanged { order_id: order(1), status, changed_at: moment };
        assert_eq!(fact(Order::KIND, order(1).0, &event), Some(expected));
    }
}

#[test]
fn a_payment_is_kept_when_it_is_opened_captured_and_refunded() {
    let (amount, moment) = (Money::from_minor(750, Currency::GBP), at(AT));
    let id = payment(1);
    let kept = |event: PaymentEvent| fact(Payment::KIND, id.0, &event);
    let method: PaymentMethod = serde_json::from_str("\"credit_card\"").unwrap();
    let opened = PaymentEvent::PaymentCreated {
        payment_id: id,
        order_id: order(1),
        customer_id: None,
        amount,
        method,
        at: moment,
    };
    assert_eq!(kept(opened), Some(Fact::PaymentOpened { payment_id: id, order_id: order(1), amount }));
    let external_payment_id = serde_json::from_str("\"pi_1\"").unwrap();
    assert_eq!(
        kept(PaymentEvent::PaymentSucceeded { external_payment_id, at: moment }),
        Some(Fact::PaymentCaptured { payment_id: id, captured_at: moment })
    );
    let reason = "broken".to_owned();
    assert_eq!(
        kept(PaymentEvent::PaymentRefunded { refund_id: uuid(6, 1), amount, reason, at: moment }),
        Some(Fact::Refunded { payment_id: id, amount, refunded_at: moment })
    );
    let reason = "broken".to_owned();
    assert_eq!(kept(PaymentEvent::PaymentCancelled { reason, at: moment }), None);
}

#[test]
fn a_view_is_kept_without_the_viewer() {
    let viewed = ProductEvent::ProductViewed { viewer: Some(customer(1)), viewed_at: at(AT) };
    let expected = Fact::ProductViewed { product_id: product(1), viewed_at: at(AT) };
    assert_eq!(fact(PRODUCT_VIEW_KIND, product(1).0, &viewed), Some(expected));
    assert_eq!(
        fact(Product::KIND, product(1).0, &ProductEvent::ProductPublished { published_at: at(AT) }),
        None
    );
}

fn delivered<'a>(stream_id: &'a str, event_type: &'a str) -> PublishedEvent<'a> {
    let payload = br#"{"delivered_at":"2026-01-01T12:00:00Z"}"#;
    PublishedEvent { stream_kind: "order", stream_id, event_type, schema: 1, event_id: uuid(9, 1), payload }
}

#[test]
fn a_fact_joins_the_commit_that_claims_its_message() {
    let id = order(1).to_string();
    let claimed = Commit::new().claim(Claim::new("inbox/analytics", "1"));
    let commit = Analytics::take_in(&delivered(&id, "OrderDelivered"), claimed).unwrap();
    let commit = Analytics::take_in(&delivered(&id, "OrderDelivered"), commit).unwrap();
    assert_eq!((commit.claims.len(), commit.appends.len()), (1, 1));
    assert_eq!(commit.appends[0].events.len(), 2);
    assert_eq!(commit.appends[0].stream.as_str(), format!("fact/{id}"));
    commit.check().unwrap();
}

#[test]
fn events_of_other_streams_change_nothing_whatever_they_say() {
    let published = PublishedEvent { stream_kind: "shipment", ..delivered("?", "OrderDelivered") };
    assert!(Analytics::take_in(&published, Commit::new()).unwrap().is_empty());
}

#[test]
fn what_cant_be_read_is_refused_by_name() {
    let id = order(1).to_string();
    let error = Analytics::take_in(&delivered(&id, "OrderVanished"), Commit::new()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Terminal, "unreadable_event"));
    assert!(
        error.to_string().contains("OrderVanished") && error.to_string().contains(&uuid(9, 1).to_string())
    );
    let newer = PublishedEvent { schema: 2, ..delivered(&id, "OrderDelivered") };
    let error = Analytics::take_in(&newer, Commit::new()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Terminal, "unreadable_event"));
    assert!(error.to_string().contains("schema version 2"), "{error}");
    let error = Analytics::take_in(&delivered("seven", "OrderDelivered"), Commit::new()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Terminal, "unreadable_stream_id"));
    assert!(error.to_string().contains("order/seven"));
}

#[test]
fn facts_that_were_stored_are_read() {
    let id = order(1);
    let payload = format!(r#"{{"order_id":"{id}","status":"payment_completed","changed_at":"{AT}"}}"#);
    let expected =
        Fact::OrderStatusChanged { order_id: id, status: OrderStatus::PaymentCompleted, changed_at: at(AT) };
    assert_eq!(event::decode::<Fact>("OrderStatusChanged", payload.as_bytes()).unwrap(), expected);
    let payload = format!(
        r#"{{"order_id":"{id}","customer_id":"{}","currency":"GBP","lines":[{{"product_id":"{}","sku":"TEA-1",
        "name":"Tea","unit_price_minor":250,"quantity":3}}],"placed_at":"{AT}"}}"#,
        customer(1),
        product(1)
    );
    let expected = Fact::OrderPlaced {
        order_id: id,
        customer_id: customer(1),
        currency: Currency::GBP,
        lines: vec![fact_line(250)],
        placed_at: at(AT),
    };
    assert_eq!(event::decode::<Fact>("OrderPlaced", payload.as_bytes()).unwrap(), expected);
}
