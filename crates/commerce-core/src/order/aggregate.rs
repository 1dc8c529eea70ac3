//! The aggregate: what each command leads to in each state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::aggregate::Aggregate;
use crate::context::Context;
use crate::id::{CustomerId, OrderId, PaymentId, ProductId, ShipmentId};
use crate::shipping::{Carrier, TrackingNumber};
use crate::time::Timestamp;
use crate::value::{Address, Currency, Money, text};

use super::place::place;
use super::{
    Failure, MAX_LINES, OrderCommand, OrderEvent, OrderLine, OrderRejection, OrderStatus, demand, subtotal,
};

/// An order, or the place where one may be placed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Order(Option<PlacedOrder>);

/// An order from the moment it is placed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacedOrder {
    customer_id: CustomerId,
    lines: Vec<OrderLine>,
    shipping_address: Address,
    currency: Currency,
    total: Money,
    status: OrderStatus,
    placed_at: Timestamp,
    updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payment_id: Option<PaymentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shipment_id: Option<ShipmentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parcel: Option<Parcel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

/// Under which number who carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Parcel {
    tracking_number: TrackingNumber,
    carrier: Carrier,
}

impl Order {
    /// The order, if it was placed.
    pub fn placed(&self) -> Option<&PlacedOrder> {
        self.0.as_ref()
    }

    /// Its state, if it was placed.
    pub fn status(&self) -> Option<OrderStatus> {
        self.placed().map(PlacedOrder::status)
    }

    /// How many of each product it asks for: two lines of one product are one demand. Empty before it is placed.
    pub fn demand(&self) -> BTreeMap<ProductId, u64> {
        self.placed().map(PlacedOrder::demand).unwrap_or_default()
    }
}

impl Aggregate for Order {
    const KIND: &'static str = "order";
    type Id = OrderId;
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Rejection = OrderRejection;

    fn decide(&self, command: OrderCommand, context: &Context) -> Result<Vec<OrderEvent>, OrderRejection> {
        match (&self.0, command) {
            (None, OrderCommand::Place { customer_id, lines, shipping_address, currency }) => {
                place(customer_id, lines, shipping_address, currency, context.now()).map(|event| vec![event])
            }
            (None, _) => Err(OrderRejection::NotFound),
            (Some(order), command) => {
                order.decide(command, context.now()).map(|event| event.into_iter().collect())
            }
        }
    }

    fn apply(&mut self, event: &OrderEvent) {
        if let OrderEvent::OrderPlaced { customer_id, shipping_address, currency, total, placed_at, .. } =
            event
        {
            self.0 = Some(PlacedOrder {
                customer_id: *customer_id,
                lines: event.lines(),
                shipping_address: shipping_address.clone(),
                currency: *currency,
                total: *total,
                status: OrderStatus::Pending,
                placed_at: *placed_at,
                updated_at: *placed_at,
                payment_id: None,
                shipment_id: None,
                parcel: None,
                cancel_reason: None,
                failure: None,
            });
        } else if let Some(order) = &mut self.0 {
            order.apply(event);
        }
    }
}

impl PlacedOrder {
    fn decide(&self, command: OrderCommand, now: Timestamp) -> Result<Option<OrderEvent>, OrderRejection> {
        if self.has_had_its_effect(&command)? {
            return Ok(None);
        }
        let name = command.name();
        let event = match command {
            OrderCommand::Place { .. } => return Err(OrderRejection::AlreadyExists),
            OrderCommand::AddItem { line } => return self.add(line, name, now).map(Some),
            OrderCommand::InitiatePayment => OrderEvent::PaymentInitiated { initiated_at: now },
            OrderCommand::CompletePayment { payment_id } => {
                OrderEvent::PaymentCompleted { payment_id, completed_at: now }
            }
            OrderCommand::Confirm { shipment_id } => {
                OrderEvent::OrderConfirmed { shipment_id, confirmed_at: now }
            }
            OrderCommand::Ship { tracking_number, carrier } => {
                OrderEvent::OrderShipped { tracking_number, carrier, shipped_at: now }
            }
            OrderCommand::Deliver => OrderEvent::OrderDelivered { delivered_at: now },
            OrderCommand::Cancel { reason } => {
                self.must_reach(OrderStatus::Cancelled, name)?;
                let reason = text("/reason", &reason, 1, OrderCommand::MAX_REASON)
                    .map_err(|violation| OrderRejection::Invalid(vec![violation]))?;
                OrderEvent::OrderCancelled { reason, cancelled_at: now }
            }
            OrderCommand::Fail { failure } => {
                OrderEvent::OrderFailed { failure: failure.clipped(), failed_at: now }
            }
        };
        match reached_by(&event) {
            Some((next, _)) => self.must_reach(next, name).map(|()| Some(event)),
            None => Ok(Some(event)),
        }
    }

    /// Whether the command only repeats what has happened. One that contradicts it is refused. A cancelled or failed
    /// order repeats nothing but its own end, so that a late step of the checkout learns that the order is dead.
    fn has_had_its_effect(&self, command: &OrderCommand) -> Result<bool, OrderRejection> {
        let dead = matches!(self.status, OrderStatus::Cancelled | OrderStatus::Failed);
        match command {
            OrderCommand::InitiatePayment => Ok(self.status == OrderStatus::PaymentInitiated),
            OrderCommand::CompletePayment { payment_id: given } => match self.payment_id {
                Some(recorded) if recorded != *given => {
                    Err(OrderRejection::PaymentMismatch { recorded, given: *given })
                }
                recorded => Ok(recorded.is_some() && !dead),
            },
            OrderCommand::Confirm { shipment_id: given } => match self.shipment_id {
                Some(recorded) if recorded != *given => {
                    Err(OrderRejection::ShipmentMismatch { recorded, given: *given })
                }
                recorded => Ok(recorded.is_some() && !dead),
            },
            OrderCommand::Ship { tracking_number, carrier } => match &self.parcel {
                Some(parcel) if parcel.tracking_number != *tracking_number || parcel.carrier != *carrier => {
                    Err(OrderRejection::TrackingMismatch {
                        recorded: parcel.tracking_number.clone(),
                        recorded_carrier: parcel.carrier,
                        given: tracking_number.clone(),
                        given_carrier: *carrier,
                    })
                }
                parcel => Ok(parcel.is_some()),
            },
            OrderCommand::Deliver => Ok(self.status == OrderStatus::Delivered),
            OrderCommand::Cancel { .. } => Ok(self.status == OrderStatus::Cancelled),
            OrderCommand::Fail { .. } => Ok(self.status == OrderStatus::Failed),
            OrderCommand::Place { .. } | OrderCommand::AddItem { .. } => Ok(false),
        }
    }

    fn must_reach(&self, next: OrderStatus, command: &'static str) -> Result<(), OrderRejection> {
        if self.status.can_become(next) { Ok(()) } else { Err(self.wrong_state(command)) }
    }

    fn wrong_state(&self, command: &'static str) -> OrderRejection {
        OrderRejection::WrongState { status: self.status, command }
    }

    fn add(&self, line: OrderLine, name: &'static str, now: Timestamp) -> Result<OrderEvent, OrderRejection> {
        if self.status != OrderStatus::Pending {
            return Err(self.wrong_state(name));
        }
        if self.lines.len() >= MAX_LINES {
            return Err(OrderRejection::Full);
        }
        let line = line.checked(self.currency).map_err(OrderRejection::Invalid)?;
        let total = line
            .total()
            .and_then(|added| self.total.checked_add(added))
            .map_err(|error| OrderRejection::Invalid(vec![error.at("/quantity")]))?;
        Ok(OrderEvent::OrderItemAdded { line, total, added_at: now })
    }

    fn apply(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::OrderItemAdded { line, total, added_at } => {
                self.lines.push(line.clone());
                self.total = *total;
                self.updated_at = *added_at;
            }
            OrderEvent::PaymentCompleted { payment_id, .. } => self.payment_id = Some(*payment_id),
            OrderEvent::OrderConfirmed { shipment_id, .. } => self.shipment_id = Some(*shipment_id),
            OrderEvent::OrderShipped { tracking_number, carrier, .. } => {
                self.parcel = Some(Parcel { tracking_number: tracking_number.clone(), carrier: *carrier });
            }
            OrderEvent::OrderCancelled { reason, .. } => self.cancel_reason = Some(reason.clone()),
            OrderEvent::OrderFailed { failure, .. } => self.failure = Some(failure.clone()),
            OrderEvent::OrderPlaced { .. }
            | OrderEvent::PaymentInitiated { .. }
            | OrderEvent::OrderDelivered { .. } => {}
        }
        if let Some((status, at)) = reached_by(event) {
            self.status = status;
            self.updated_at = at;
        }
    }
}

/// The state that an event leads to, and when it was reached.
fn reached_by(event: &OrderEvent) -> Option<(OrderStatus, Timestamp)> {
    Some(match event {
        OrderEvent::OrderItemAdded { .. } => return None,
        OrderEvent::OrderPlaced { placed_at, .. } => (OrderStatus::Pending, *placed_at),
        OrderEvent::PaymentInitiated { initiated_at } => (OrderStatus::PaymentInitiated, *initiated_at),
        OrderEvent::PaymentCompleted { completed_at, .. } => (OrderStatus::PaymentCompleted, *completed_at),
        OrderEvent::OrderConfirmed { confirmed_at, .. } => (OrderStatus::Confirmed, *confirmed_at),
        OrderEvent::OrderShipped { shipped_at, .. } => (OrderStatus::Shipped, *shipped_at),
        OrderEvent::OrderDelivered { delivered_at } => (OrderStatus::Delivered, *delivered_at),
        OrderEvent::OrderCancelled { cancelled_at, .. } => (OrderStatus::Cancelled, *cancelled_at),
        OrderEvent::OrderFailed { failed_at, .. } => (OrderStatus::Failed, *failed_at),
    })
}

/// What there is to know of an order.
impl PlacedOrder {
    /// Whose order it is.
    pub fn customer_id(&self) -> CustomerId {
        self.customer_id
    }

    /// What was ordered: 1 to [`MAX_LINES`] lines.
    pub fn lines(&self) -> &[OrderLine] {
        &self.lines
    }

    /// Where it goes.
    pub fn shipping_address(&self) -> &Address {
        &self.shipping_address
    }

    /// The currency of every amount in it.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// What its lines add up to. The total when that can't be added up, which no decided order allows.
    pub fn subtotal(&self) -> Money {
        subtotal(&self.lines, self.currency).unwrap_or(self.total)
    }

    /// What the customer pays: the subtotal, as an order has no charges yet but its lines.
    pub fn total(&self) -> Money {
        self.total
    }

    /// How far it has come.
    pub fn status(&self) -> OrderStatus {
        self.status
    }

    /// When it was placed.
    pub fn placed_at(&self) -> Timestamp {
        self.placed_at
    }

    /// When anything last happened to it.
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    /// The payment that paid for it.
    pub fn payment_id(&self) -> Option<PaymentId> {
        self.payment_id
    }

    /// The shipment made for it.
    pub fn shipment_id(&self) -> Option<ShipmentId> {
        self.shipment_id
    }

    /// The carrier's number of the parcel, once shipped.
    pub fn tracking_number(&self) -> Option<&TrackingNumber> {
        self.parcel.as_ref().map(|parcel| &parcel.tracking_number)
    }

    /// Who carries it, once shipped.
    pub fn carrier(&self) -> Option<Carrier> {
        self.parcel.as_ref().map(|parcel| parcel.carrier)
    }

    /// Why it was cancelled.
    pub fn cancel_reason(&self) -> Option<&str> {
        self.cancel_reason.as_deref()
    }

    /// Where and why its checkout went wrong.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// How many of each product it asks for: two lines of one product are one demand.
    pub fn demand(&self) -> BTreeMap<ProductId, u64> {
        demand(&self.lines)
    }
}
