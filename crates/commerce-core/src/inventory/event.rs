//! What has happened to a stock item.

use serde::{Deserialize, Serialize};

use super::reason::Reason;
use crate::event::Event;
use crate::id::OrderId;
use crate::time::Timestamp;
use crate::value::Sku;

/// What has happened to a stock item. The product is the stream's id and is not repeated in each event: tens of
/// thousands are written a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StockEvent {
    /// The product was taken into stock.
    StockItemCreated {
        /// Its stock-keeping unit.
        sku: Sku,
        /// What people call it.
        name: String,
        /// How many there were.
        initial_stock: u32,
        /// At how many left it is low.
        reorder_level: u32,
        /// How many to order then.
        reorder_quantity: u32,
    },
    /// Some are kept for an order.
    StockReserved {
        /// For which order.
        order_id: OrderId,
        /// How many.
        quantity: u64,
        /// Until when.
        expires_at: Timestamp,
    },
    /// An order asked for more than there was. Nothing changed; the lost demand is on record.
    StockReservationRejected {
        /// Which order.
        order_id: OrderId,
        /// How many it asked for.
        requested: u64,
        /// How many there were.
        available: u64,
    },
    /// What was kept for an order was handed out.
    ReservationConfirmed {
        /// To which order.
        order_id: OrderId,
        /// How many.
        quantity: u64,
    },
    /// What was kept for an order was given back.
    ReservationReleased {
        /// By which order.
        order_id: OrderId,
        /// How many.
        quantity: u64,
        /// Why.
        reason: Reason,
    },
    /// What was kept for an order was given back since its time was up.
    ReservationExpired {
        /// By which order.
        order_id: OrderId,
        /// How many.
        quantity: u64,
    },
    /// What is on hand was corrected.
    StockAdjusted {
        /// The difference: restocked if positive, written off if negative.
        quantity: i64,
        /// Why.
        reason: Reason,
        /// The order whose confirmed goods came back, if that is why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order_id: Option<OrderId>,
        /// When.
        at: Timestamp,
    },
    /// What is available was above the reorder level and no longer is.
    LowStockDetected {
        /// Of what.
        sku: Sku,
        /// How many are left.
        available: u64,
        /// At how many it counts as low.
        reorder_level: u32,
        /// How many to order.
        reorder_quantity: u32,
    },
    /// It is low at another level, or another quantity is to be ordered.
    ReorderSettingsChanged {
        /// At how many left it is low.
        reorder_level: u32,
        /// How many to order then.
        reorder_quantity: u32,
    },
}

impl Event for StockEvent {}
