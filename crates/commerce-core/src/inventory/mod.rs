//! What is on the shelf, and for whom it is kept.
//!
//! [`StockItem`] is the aggregate of one product's stock. It knows its active reservations and forgets those that have
//! ended, so its state stays small however much it sells. [`reservation`] is the work of a whole order over several
//! items: all or nothing, once, in whatever order its messages arrive.
//!
//! ```text
//!                     Reserve                  Confirm
//!   available ───────────────────▶ reserved ───────────────▶ shipped out
//!     ▲   ▲                           │                           │
//!     │   └───── Release, Expire ─────┘                           │
//!     ├──────────────── Release of what was confirmed ────────────┘
//!     │                 (StockAdjusted: it is back on the shelf)
//!   Adjust: restocked (+), written off (−, never below what is reserved)
//! ```
//!
//! Two laws hold after every event, and the tests prove them for any interleaving:
//! 1. `available = on_hand − reserved` is never negative, and `reserved` is the sum of the active reservations.
//! 2. `on_hand + shipped_out + written_off − restocked` is what the item began with.

mod command;
mod decide;
mod event;
mod reason;
mod rejection;
pub mod reservation;
mod stock_item;
#[cfg(test)]
mod tests;

pub use command::StockCommand;
pub use decide::{DEFAULT_REORDER_LEVEL, DEFAULT_REORDER_QUANTITY, MAX_STOCK, NAME_LENGTH};
pub use event::StockEvent;
pub use reason::{REASON_LENGTH, Reason};
pub use rejection::StockRejection;
pub use stock_item::{Hold, StockItem};
