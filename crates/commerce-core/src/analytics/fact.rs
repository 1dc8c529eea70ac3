//! What analytics keeps of the events of other services.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::{CustomerId, OrderId, PaymentId, ProductId};
use crate::order::OrderStatus;
use crate::stream::StreamId;
use crate::time::Timestamp;
use crate::value::{Currency, Money};

/// The kind of stream that facts are kept in.
pub const FACT_KIND: &str = "fact";

/// Something that has happened elsewhere, reduced to what figures need. Of a person it says the customer's id alone:
/// no name, no address, no free text that a person wrote.
///
/// The log of these is analytics' own: figures can be rebuilt from it without asking another service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Fact {
    /// An order was placed.
    OrderPlaced {
        /// Which.
        order_id: OrderId,
        /// By whom.
        customer_id: CustomerId,
        /// The currency of its lines.
        currency: Currency,
        /// What was ordered.
        lines: Vec<FactLine>,
        /// When.
        placed_at: Timestamp,
    },
    /// A line was added to an order.
    OrderItemAdded {
        /// To which.
        order_id: OrderId,
        /// The currency of the line.
        currency: Currency,
        /// What was added.
        line: FactLine,
        /// When.
        added_at: Timestamp,
    },
    /// An order has come to another state.
    OrderStatusChanged {
        /// Which.
        order_id: OrderId,
        /// To which.
        status: OrderStatus,
        /// When.
        changed_at: Timestamp,
    },
    /// A payment was opened. It says what the later facts of the payment are about.
    PaymentOpened {
        /// Which.
        payment_id: PaymentId,
        /// The order it pays for.
        order_id: OrderId,
        /// What is to be paid.
        amount: Money,
    },
    /// The whole amount of a payment was captured.
    PaymentCaptured {
        /// Of which.
        payment_id: PaymentId,
        /// When.
        captured_at: Timestamp,
    },
    /// Some of a payment was given back.
    Refunded {
        /// Of which.
        payment_id: PaymentId,
        /// How much, by this refund.
        amount: Money,
        /// When.
        refunded_at: Timestamp,
    },
    /// A product was named, or named anew.
    ProductNamed {
        /// Which.
        product_id: ProductId,
        /// Its name from then on.
        name: String,
        /// Its SKU, where the event says it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sku: Option<String>,
        /// When.
        named_at: Timestamp,
    },
    /// Somebody has looked at a product.
    ProductViewed {
        /// At which.
        product_id: ProductId,
        /// When.
        viewed_at: Timestamp,
    },
}

impl Event for Fact {}

impl Fact {
    /// The stream that it is kept in: that of its order, payment or product.
    pub fn stream(&self) -> StreamId {
        match self {
            Self::OrderPlaced { order_id, .. }
            | Self::OrderItemAdded { order_id, .. }
            | Self::OrderStatusChanged { order_id, .. } => StreamId::new(FACT_KIND, order_id),
            Self::PaymentOpened { payment_id, .. }
            | Self::PaymentCaptured { payment_id, .. }
            | Self::Refunded { payment_id, .. } => StreamId::new(FACT_KIND, payment_id),
            Self::ProductNamed { product_id, .. } | Self::ProductViewed { product_id, .. } => {
                StreamId::new(FACT_KIND, product_id)
            }
        }
    }
}

/// So many of one product at one price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactLine {
    /// The product.
    pub product_id: ProductId,
    /// Its SKU then.
    pub sku: String,
    /// Its name then.
    pub name: String,
    /// The price of one, in minor units.
    pub unit_price_minor: i64,
    /// How many.
    pub quantity: u32,
}

impl FactLine {
    /// Unit price × quantity, in minor units.
    pub(super) fn total_minor(&self) -> i128 {
        // 64 and 32 bits never need more than 96
        i128::from(self.unit_price_minor) * i128::from(self.quantity)
    }
}
