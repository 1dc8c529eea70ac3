//! What can be asked of a stock item.

use super::reason::Reason;
use crate::id::OrderId;
use crate::time::Timestamp;
use crate::value::Sku;

/// What can be asked of a stock item. Quantities are pieces.
#[derive(Clone, Debug, PartialEq)]
pub enum StockCommand {
    /// Takes a product into stock.
    Create {
        /// The product's stock-keeping unit. That no other item has it is the caller's to claim.
        sku: Sku,
        /// What people call it: 1–200 characters once trimmed.
        name: String,
        /// How many there are to begin with.
        initial_stock: u32,
        /// At how many left it is low; [`DEFAULT_REORDER_LEVEL`](super::DEFAULT_REORDER_LEVEL) if not said.
        reorder_level: Option<u32>,
        /// How many to order then, at least one; [`DEFAULT_REORDER_QUANTITY`](super::DEFAULT_REORDER_QUANTITY) if
        /// not said.
        reorder_quantity: Option<u32>,
    },
    /// Keeps some for an order. The same again while it is active changes nothing.
    Reserve {
        /// For which order.
        order_id: OrderId,
        /// How many, at least one.
        quantity: u64,
        /// Until when, later than now.
        expires_at: Timestamp,
    },
    /// Hands out what is kept for the order. That is possible until the expiry is recorded, even when the time is up:
    /// the stock is still there, and whoever is recorded first wins.
    Confirm {
        /// Whose reservation.
        order_id: OrderId,
    },
    /// Gives back what is kept for the order; nothing if nothing is.
    Release {
        /// Whose reservation.
        order_id: OrderId,
        /// Why.
        reason: Reason,
    },
    /// Gives back what was kept until now; nothing if nothing is.
    Expire {
        /// Whose reservation.
        order_id: OrderId,
    },
    /// Corrects what is on hand: more (a delivery), or fewer (a loss), but never fewer than are reserved.
    Adjust {
        /// The difference; not zero.
        quantity: i64,
        /// Why.
        reason: Reason,
    },
    /// Sets when it is low and how many to order then.
    ChangeReorderSettings {
        /// At how many left it is low.
        reorder_level: u32,
        /// How many to order then, at least one.
        reorder_quantity: u32,
    },
}
