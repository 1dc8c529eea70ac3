//! What has happened to an order.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::{CustomerId, PaymentId, ProductId, ShipmentId};
use crate::shipping::{Carrier, TrackingNumber};
use crate::time::Timestamp;
use crate::value::{Address, Currency, Money, Quantity, Sku};

use super::{Failure, OrderLine};

/// An event of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OrderEvent {
    /// It was placed.
    OrderPlaced {
        /// Whose order it is.
        customer_id: CustomerId,
        /// What was ordered. [`OrderEvent::lines`] gives them with their currency.
        lines: Vec<PlacedLine>,
        /// Where it goes.
        shipping_address: Address,
        /// The currency of every price in it.
        currency: Currency,
        /// What the customer pays.
        total: Money,
        /// When.
        placed_at: Timestamp,
    },
    /// A line was added.
    OrderItemAdded {
        /// The line.
        line: OrderLine,
        /// What the customer pays from now on.
        total: Money,
        /// When.
        added_at: Timestamp,
    },
    /// The customer has started to pay.
    PaymentInitiated {
        /// When.
        initiated_at: Timestamp,
    },
    /// The money was captured.
    PaymentCompleted {
        /// By this payment.
        payment_id: PaymentId,
        /// When the order learned of it.
        completed_at: Timestamp,
    },
    /// It goes ahead.
    OrderConfirmed {
        /// The shipment made for it.
        shipment_id: ShipmentId,
        /// When.
        confirmed_at: Timestamp,
    },
    /// It has left the warehouse.
    OrderShipped {
        /// The carrier's number of the parcel.
        tracking_number: TrackingNumber,
        /// Who carries it.
        carrier: Carrier,
        /// When.
        shipped_at: Timestamp,
    },
    /// It was received.
    OrderDelivered {
        /// When.
        delivered_at: Timestamp,
    },
    /// It was called off.
    OrderCancelled {
        /// Why.
        reason: String,
        /// When.
        cancelled_at: Timestamp,
    },
    /// The checkout could not be completed.
    OrderFailed {
        /// Where and why it went wrong.
        failure: Failure,
        /// When.
        failed_at: Timestamp,
    },
}

impl Event for OrderEvent {}

impl OrderEvent {
    /// The lines that this event brought into the order, priced. None for most events.
    pub fn lines(&self) -> Vec<OrderLine> {
        match self {
            Self::OrderPlaced { lines, currency, .. } => {
                lines.iter().map(|line| line.clone().priced_in(*currency)).collect()
            }
            Self::OrderItemAdded { line, .. } => vec![line.clone()],
            _ => Vec::new(),
        }
    }
}

/// A line as [`OrderEvent::OrderPlaced`] stores it. There can be a thousand of them in one event, so the currency is
/// written once for all and the price as a number: 40 bytes less a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacedLine {
    /// The product.
    pub product_id: ProductId,
    /// Its SKU then.
    pub sku: Sku,
    /// Its name then.
    pub name: String,
    /// The price of one, in minor units of the order's currency.
    pub unit_price_minor: i64,
    /// How many.
    pub quantity: Quantity,
}

impl PlacedLine {
    /// The line with its price in the order's currency.
    pub fn priced_in(self, currency: Currency) -> OrderLine {
        OrderLine {
            product_id: self.product_id,
            sku: self.sku,
            name: self.name,
            unit_price: Money::from_minor(self.unit_price_minor, currency),
            quantity: self.quantity,
        }
    }
}

impl From<OrderLine> for PlacedLine {
    /// Leaves the currency out.
    fn from(line: OrderLine) -> Self {
        Self {
            product_id: line.product_id,
            sku: line.sku,
            name: line.name,
            unit_price_minor: line.unit_price.minor(),
            quantity: line.quantity,
        }
    }
}
