//! Orders: what a customer asked for, what it costs, and how far it has come.
//!
//! ```text
//!  Place ─▶ pending ──▶ payment_initiated ──▶ payment_completed ──▶ confirmed ──▶ shipped ──▶ delivered
//!              │                │                     │                 │
//!              ├────────────────┴─────────────────────┴─────────────────┴──▶ cancelled
//!              └────────────────┴─────────────────────┴────────────────────▶ failed (not from confirmed)
//! ```
//!
//! The checkout saga drives the upper row and, when it can't complete, marks the order failed. Its messages may come
//! twice, so a command that repeats what has already happened is a success without events; one that contradicts it
//! (another payment, another shipment) is refused. `cancelled` and `failed` are final, and the first reason stands.
//!
//! Duties of the caller: prices and names in the lines come from the shop's own catalog ([`priced`]), never from the customer; an
//! order that another customer asks about doesn't exist.

mod aggregate;
mod command;
mod event;
mod line;
mod offer;
mod place;
mod rejection;
mod status;
#[cfg(test)]
mod tests;

pub use aggregate::{Order, PlacedOrder};
pub use command::{Failure, OrderCommand};
pub use event::{OrderEvent, PlacedLine};
pub use line::{MAX_LINES, OrderLine, demand, subtotal};
pub use offer::{Offer, Wanted, priced};
pub use rejection::OrderRejection;
pub use status::OrderStatus;
