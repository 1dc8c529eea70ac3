//! What follows from the events of other services. Pure: it reads an event and nothing else.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{Priority, Variables};
use crate::error::Kind;
use crate::event::Event;
use crate::id::{CustomerId, NotificationId, OrderId, PaymentId, ShipmentId};
use crate::identity::UserEvent;
use crate::inventory::StockEvent;
use crate::order::OrderEvent;
use crate::payment::PaymentEvent;
use crate::shipping::{Carrier, ShipmentEvent, TrackingNumber};
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::upcast::{self, Published};

/// The notification of an event or a message: it has its id, so that there is one however often it is read.
pub fn notification_id(cause: Uuid) -> NotificationId {
    NotificationId(cause)
}

/// An event of another service, as it was published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedFact<'a> {
    /// The kind of its stream: `order`.
    pub stream_kind: &'a str,
    /// The id of its stream.
    pub stream_id: &'a str,
    /// The type of event: `OrderPlaced`.
    pub event_type: &'a str,
    /// The schema version of its fields.
    pub schema: u32,
    /// Unique to the event.
    pub event_id: Uuid,
    /// Its fields, as JSON.
    pub payload: &'a [u8],
    /// How long it has been waiting since it was first to be reacted to; nothing the first time. However old it is: after an
    /// outage all are, and what they depend on may come right behind them.
    pub waited: Duration,
}

/// What follows from an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Consequence {
    /// Something to remember, since later events don't repeat it.
    Remember(Fact),
    /// Somebody is to be told.
    Notify(Reaction),
    /// Both.
    Both(Fact, Reaction),
}

/// Something to remember.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// How a user is reached.
    User(CustomerId, Contact),
    /// Whose order it is.
    Order(OrderId, CustomerId),
    /// Which order a payment pays for.
    Payment(PaymentId, OrderId),
    /// Which order a shipment is for.
    Shipment(ShipmentId, OrderId, TrackingNumber),
}

/// How a user is reached.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
pub struct Contact {
    /// The e-mail address.
    pub email: String,
    /// What the person is called.
    pub first_name: String,
}

/// Somebody is to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaction {
    /// By the template of this name.
    pub template: &'static str,
    /// Who.
    pub about: About,
    /// What the event tells. What only the service's memory tells comes on top.
    pub variables: Variables,
    /// How urgent it is.
    pub priority: Priority,
}

/// By what the person to tell is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The customer of this order.
    Order(OrderId),
    /// The customer of the order that this payment pays for.
    Payment(PaymentId),
    /// The customer of the order that this shipment is for.
    Shipment(ShipmentId),
    /// Whoever keeps the shop running.
    Operations,
}

/// An event that can't be read: an upcaster is missing, or the sender is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// Its fields don't fit its type, or are of a newer schema than this program knows.
    #[error(transparent)]
    Event(#[from] StoreError),
    /// Its stream is not named by a UUID.
    #[error("{stream_kind}/{stream_id} is not the stream of a UUID")]
    Stream {
        /// The kind of the stream.
        stream_kind: String,
        /// The id that is none.
        stream_id: String,
    },
}

impl Unreadable {
    /// Always [`Kind::Terminal`].
    pub fn kind(&self) -> Kind {
        Kind::Terminal
    }
}

/// What follows from an event; nothing from most. Those that matter are told by the type they are published under: if one is
/// renamed, its old name stays here beside the new one.
///
/// # Errors
/// When an event that matters can't be read.
pub fn for_event(fact: &PublishedFact<'_>) -> Result<Option<Consequence>, Unreadable> {
    match (fact.stream_kind, fact.event_type) {
        ("user", "UserRegistered") => Ok(for_user(fact.id()?, fact.event()?)),
        ("order", "OrderPlaced" | "OrderConfirmed" | "OrderCancelled" | "OrderFailed") => {
            Ok(for_order(fact.id()?, fact.event()?))
        }
        ("payment", "PaymentCreated" | "PaymentRefunded") => Ok(for_payment(fact.id()?, fact.event()?)),
        ("shipment", "ShipmentCreated" | "ShipmentDelivered") => Ok(for_shipment(fact.id()?, fact.event()?)),
        ("stock-item", "LowStockDetected") => Ok(for_stock(fact.stream_id, fact.event()?)),
        _ => Ok(None),
    }
}

impl PublishedFact<'_> {
    fn id<T: From<Uuid>>(&self) -> Result<T, Unreadable> {
        let unreadable = |_| Unreadable::Stream {
            stream_kind: self.stream_kind.to_owned(),
            stream_id: self.stream_id.to_owned(),
        };
        Uuid::parse_str(self.stream_id).map(T::from).map_err(unreadable)
    }

    fn event<E: Event>(&self) -> Result<E, StoreError> {
        let Self { event_id, event_type, schema, payload: fields, .. } = *self;
        upcast::decode_published(&Published { event_id, event_type, schema, fields })
    }
}

/// The letter to a new user carries a secret and so follows from [`SecretNotice`](super::SecretNotice).
fn for_user(user: CustomerId, event: UserEvent) -> Option<Consequence> {
    let UserEvent::UserRegistered { email, first_name, .. } = event else { return None };
    let contact = Contact { email: email.as_str().to_owned(), first_name: first_name.as_str().to_owned() };
    Some(Consequence::Remember(Fact::User(user, contact)))
}

fn for_order(order: OrderId, event: OrderEvent) -> Option<Consequence> {
    let tell = |template, variables: &[(&str, String)]| {
        Consequence::Notify(Reaction::new(template, About::Order(order), variables))
    };
    Some(match event {
        OrderEvent::OrderPlaced { customer_id, .. } => Consequence::Remember(Fact::Order(order, customer_id)),
        OrderEvent::OrderConfirmed { .. } => tell("order_confirmed", &[]),
        OrderEvent::OrderCancelled { reason, .. } => tell("order_cancelled", &[("reason", reason)]),
        OrderEvent::OrderFailed { failure, .. } => tell("order_failed", &[("reason", failure.detail)]),
        _ => return None,
    })
}

fn for_payment(payment: PaymentId, event: PaymentEvent) -> Option<Consequence> {
    Some(match event {
        PaymentEvent::PaymentCreated { order_id, .. } => {
            Consequence::Remember(Fact::Payment(payment, order_id))
        }
        PaymentEvent::PaymentRefunded { amount, reason, .. } => {
            let variables = [("amount", amount.to_string()), ("reason", reason)];
            Consequence::Notify(Reaction::new("payment_refunded", About::Payment(payment), &variables))
        }
        _ => return None,
    })
}

fn for_shipment(shipment: ShipmentId, event: ShipmentEvent) -> Option<Consequence> {
    Some(match event {
        ShipmentEvent::ShipmentCreated { order_id, tracking_number, carrier, estimated_delivery, .. } => {
            let variables = [
                ("tracking_number", tracking_number.to_string()),
                ("carrier", spoken(carrier).to_owned()),
                ("estimated_delivery", day(estimated_delivery)),
            ];
            Consequence::Both(
                Fact::Shipment(shipment, order_id, tracking_number),
                Reaction::new("shipment_created", About::Order(order_id), &variables),
            )
        }
        ShipmentEvent::ShipmentDelivered { recipient_name, .. } => {
            let variables = [("recipient_name", recipient_name)];
            Consequence::Notify(Reaction::new("shipment_delivered", About::Shipment(shipment), &variables))
        }
        _ => return None,
    })
}

/// As people write it: `2026-01-31`.
fn day(moment: Timestamp) -> String {
    moment.to_string().chars().take(10).collect()
}

/// As people write it: `2026-01-31 12:00 UTC`.
pub(super) fn minute(moment: Timestamp) -> String {
    let time: String = moment.to_string().chars().skip(11).take(5).collect();
    format!("{} {time} UTC", day(moment))
}

fn spoken(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Fedex => "FedEx",
        Carrier::Ups => "UPS",
        Carrier::Usps => "USPS",
        Carrier::Dhl => "DHL",
        Carrier::Custom => "our own carrier",
    }
}

fn for_stock(product: &str, event: StockEvent) -> Option<Consequence> {
    let StockEvent::LowStockDetected { sku, available, reorder_level, reorder_quantity } = event else {
        return None;
    };
    let mut reaction = Reaction::new(
        "low_stock",
        About::Operations,
        &[("product_id", product.to_owned()), ("sku", sku.to_string())],
    );
    for (name, number) in [
        ("available", available),
        ("reorder_level", u64::from(reorder_level)),
        ("reorder_quantity", u64::from(reorder_quantity)),
    ] {
        reaction.variables.insert(name.to_owned(), json!(number));
    }
    reaction.priority = Priority::High;
    Some(Consequence::Notify(reaction))
}

impl Reaction {
    fn new(template: &'static str, about: About, variables: &[(&str, String)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        Self { template, about, variables, priority: Priority::Normal }
    }
}
