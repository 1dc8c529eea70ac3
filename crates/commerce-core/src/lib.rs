//! The decisions of a commerce system: aggregates, events, money, eight domains, and the ports they need. No I/O.
//!
//! Everything a decision changes is one [`Commit`](commit::Commit), which a [`Store`](store::Store) applies
//! atomically or not at all.
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `testing` | no | given/when/then for aggregates, a clock that stands still, and the conformance suite that any store runs to prove itself |

#![warn(missing_debug_implementations)]

pub mod aggregate;
pub mod analytics;
pub mod catalog;
pub mod commit;
pub mod context;
pub mod error;
pub mod event;
#[cfg(test)]
mod fixture;
pub mod host;
pub mod id;
pub mod identity;
pub mod inventory;
pub mod memory;
pub mod notification;
pub mod order;
pub mod owned;
pub mod payment;
pub mod projection;
pub mod repository;
pub mod shipping;
pub mod store;
pub mod stream;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
pub mod upcast;
pub mod value;

/// What the macros of this crate expand to names these: whoever calls one needs no dependency on them.
#[doc(hidden)]
pub mod of_macros {
    pub use {serde, uuid};
}

pub use aggregate::Aggregate;
pub use context::Context;
pub use event::Event;
pub use host::Host;
pub use time::Timestamp;
