//! Events of other services, as they are published.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::support::user;
use crate::event::{Event, encode};
use crate::id::{OrderId, ShipmentId, UserId};
use crate::identity::{EmailAddress, PersonName, UserEvent};
use crate::inventory::StockEvent;
use crate::notification::PublishedFact;
use crate::order::{Failure, OrderEvent};
use crate::payment::{PaymentEvent, PaymentMethod};
use crate::shipping::{Carrier, Package, ShipmentEvent, Speed, TrackingNumber};
use crate::time::Timestamp;
use crate::value::{Address, Country, Currency, Money, Sku};

pub(super) fn at() -> Timestamp {
    crate::testing::test_context().now()
}

pub(super) fn order() -> Uuid {
    Uuid::from_u128(0x0A)
}

pub(super) fn payment() -> Uuid {
    Uuid::from_u128(0x0B)
}

pub(super) fn shipment() -> Uuid {
    Uuid::from_u128(0x0C)
}

/// An event that was published: its kind, its stream, its type and its fields.
#[derive(Clone)]
pub(super) struct Published {
    pub(super) kind: &'static str,
    pub(super) stream: String,
    pub(super) event_type: String,
    pub(super) schema: u32,
    pub(super) id: Uuid,
    pub(super) payload: Vec<u8>,
}

pub(super) fn published(kind: &'static str, stream: impl ToString, event: &impl Event) -> Published {
    let encoded = encode(event).unwrap();
    let id =
        Uuid::new_v5(&Uuid::nil(), format!("{kind}{}{}", stream.to_string(), encoded.event_type).as_bytes());
    let event_type = encoded.event_type.to_owned();
    let (schema, payload) = (encoded.schema, encoded.payload);
    Published { kind, stream: stream.to_string(), event_type, schema, id, payload }
}

pub(super) fn registered() -> Published {
    let name = |text| PersonName::parse("", text).unwrap();
    let event = UserEvent::UserRegistered {
        user_id: UserId(user(1).0),
        email: EmailAddress::parse("", "ada@example.com").unwrap(),
        first_name: name("Ada"),
        last_name: name("Lovelace"),
        roles: serde_json::from_value(json!(["customer"])).unwrap(),
        at: at(),
    };
    Published { id: Uuid::from_u128(7), ..published("user", user(1), &event) }
}

pub(super) fn address() -> Address {
    Address {
        recipient: "Ada".to_owned(),
        line1: "1 Street".to_owned(),
        line2: None,
        city: "London".to_owned(),
        state: None,
        postal_code: "SW1".to_owned(),
        country: Country::parse("GB").unwrap(),
    }
}

pub(super) fn placed() -> Published {
    let event = OrderEvent::OrderPlaced {
        customer_id: user(1),
        lines: vec![],
        shipping_address: address(),
        currency: Currency::GBP,
        total: Money::from_minor(2_500, Currency::GBP),
        placed_at: at(),
    };
    published("order", order(), &event)
}

pub(super) fn confirmed() -> Published {
    let event = OrderEvent::OrderConfirmed { shipment_id: ShipmentId(shipment()), confirmed_at: at() };
    published("order", order(), &event)
}

pub(super) fn failed() -> Published {
    let failure = Failure {
        step: "reserve_stock".to_owned(),
        code: "insufficient_stock".to_owned(),
        detail: "one lamp is left".to_owned(),
    };
    published("order", order(), &OrderEvent::OrderFailed { failure, failed_at: at() })
}

pub(super) fn cancelled() -> Published {
    let event = OrderEvent::OrderCancelled { reason: "changed my mind".to_owned(), cancelled_at: at() };
    published("order", order(), &event)
}

pub(super) fn payment_created() -> Published {
    let event = PaymentEvent::PaymentCreated {
        payment_id: payment().into(),
        order_id: OrderId(order()),
        customer_id: None,
        amount: Money::from_minor(2_500, Currency::GBP),
        method: PaymentMethod::CreditCard,
        at: at(),
    };
    published("payment", payment(), &event)
}

pub(super) fn refunded() -> Published {
    let event = PaymentEvent::PaymentRefunded {
        refund_id: Uuid::from_u128(1),
        amount: Money::from_minor(500, Currency::GBP),
        reason: "a scratch".to_owned(),
        at: at(),
    };
    published("payment", payment(), &event)
}

pub(super) fn shipment_created() -> Published {
    let event = ShipmentEvent::ShipmentCreated {
        customer_id: None,
        order_id: OrderId(order()),
        tracking_number: TrackingNumber::parse("TRACK-1").unwrap(),
        carrier: Carrier::Dhl,
        speed: Speed::Standard,
        address: Box::new(address()),
        package: package(),
        cost: Money::from_minor(300, Currency::GBP),
        created_at: at(),
        estimated_delivery: at().plus(Duration::from_secs(5 * 86_400)),
    };
    published("shipment", shipment(), &event)
}

pub(super) fn package() -> Package {
    serde_json::from_value(json!({"weight": "1", "length": "10", "width": "10", "height": "10"})).unwrap()
}

pub(super) fn shipment_delivered() -> Published {
    let event = ShipmentEvent::ShipmentDelivered {
        recipient_name: "Charles".to_owned(),
        signature_url: None,
        delivered_at: at(),
    };
    published("shipment", shipment(), &event)
}

pub(super) fn low_stock() -> Published {
    let event = StockEvent::LowStockDetected {
        sku: Sku::parse("LAMP-1").unwrap(),
        available: 3,
        reorder_level: 10,
        reorder_quantity: 100,
    };
    published("stock-item", Uuid::from_u128(5), &event)
}

impl Published {
    pub(super) fn fact(&self) -> PublishedFact<'_> {
        PublishedFact {
            stream_kind: self.kind,
            stream_id: &self.stream,
            event_type: &self.event_type,
            schema: self.schema,
            event_id: self.id,
            payload: &self.payload,
            waited: Duration::ZERO,
        }
    }
}
