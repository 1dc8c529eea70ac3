//! The stock of a whole order: several items, all or nothing, once.
//!
//! [`Reservation`] is one document per order, written in the same commit as the items' events. It is the order's memory
//! and its barrier: messages may come twice, late, or in the wrong order, and each has its effect once or not at all.
//!
//! ```text
//!            Reserve                 Confirm               Release
//!   (none) ─────────────▶ active ──────────────▶ confirmed ──────────▶ released   (goods back on the shelf)
//!     │ │                  │  └── Expire, when due ──▶ expired
//!     │ │                  └───── Release ───────────▶ released
//!     │ └─ Reserve, too little stock ────────────────▶ rejected
//!     └─── Release, before any Reserve ──────────────▶ released   (no lines: the Reserve that follows has no effect)
//! ```
//!
//! [`settle`] is all a caller needs: it takes the record, the request and the items, and gives what to write and what
//! to answer. [`Reservation::decide`] is its rule alone, and `*_all` are its effects on the items.
//!
//! What the choices are, and why:
//! - A repeated Reserve is answered as the first was, for as long as that is true: reserved while active or confirmed,
//!   rejected with the same shortages once rejected. After its end the answer says so (`reservation_expired`,
//!   `reservation_released`), so that no payment is taken for stock that is no longer kept.
//! - A Release of a confirmed reservation is a compensation or a cancellation before the goods left the house, so they
//!   are put back: `StockAdjusted` on every item, naming the order. Goods that a customer sends back are another
//!   matter; they are inspected and then adjusted by hand.
//! - A Release of one that expired or was rejected succeeds: nothing is kept, which is all that it asks for.
//! - A Confirm wins over an expiry that is due but not recorded: the stock is still there and the order is paid.
//! - An Expire that comes too early (clocks differ) is refused as retryable.
//!
//! An item can also be kept for an order by itself ([`settle_alone`]), as staff do it by hand. Such a reservation has a
//! record of its own, by order *and* product, so that several items of one order are reserved, confirmed and given back
//! one after another without each other's leave. When the order's checkout then reserves the whole, it takes over what
//! is kept already, and what was handed out ([`settle_with`]); from then on the item is the checkout's. So that neither
//! misses the other, whoever keeps an item writes the order's own record too, as `ItemByItem`.
//!
//! Requests for one order must be settled one after another. The record's version is the safety net for that: it is
//! written with its expected version in the commit that carries the items' events.

mod alone;
mod decision;
mod demand;
mod items;
mod record;
mod rejection;
mod settle;
mod shortage;

use std::time::Duration;

pub use alone::settle_alone;
pub use decision::{Decision, ReservationRequest};
pub use demand::{Demand, DemandError, Line, MAX_LINES};
pub use items::{
    Changes, RefusedLine, confirm_all, expire_all, record_shortages, release_all, reserve_all, restock_all,
};
pub use record::{Reservation, ReservationStatus};
pub use rejection::ReservationRejection;
pub use settle::{Settlement, settle, settle_with};
pub use shortage::Shortage;

/// How long stock is kept for an order that doesn't say: 15 minutes, time enough to pay.
pub const DEFAULT_DURATION: Duration = Duration::from_secs(15 * 60);
