//! Shipments: one parcel on its way to a customer.
//!
//! ```text
//!  Create ─▶ pending ─▶ pickup_scheduled ─▶ picked_up ─▶ in_transit ─▶ out_for_delivery ─▶ delivered ─────┐
//!               │              │                │             │             │    ▲  │                      ▼
//!               │              │                │             │             │    └──┤ attempts 1, 2     returned
//!               └──────────────┴────────────────┴─────────────┴─────────────┤       │ attempt 3            ▲
//!                                                                           ▼       └──▶ delivery_failed ──┘
//!                                                                       cancelled
//! ```
//!
//! Messages may come twice: a command that repeats what has already happened is a success without events, one that
//! the state doesn't allow is refused. A parcel whose delivery has failed is no longer cancelled but returned.
//!
//! Duties of the caller: claim the tracking number, which is unique among all shipments; withhold the address and the
//! recipient from those who know no more than the tracking number.

mod aggregate;
mod command;
mod decide;
mod decimal;
mod delivery;
mod event;
mod package;
mod rejection;
mod status;
mod tariff;
#[cfg(test)]
mod tests;
mod tracking;

pub use aggregate::{CreatedShipment, MAX_ATTEMPTS, Shipment};
pub use command::ShipmentCommand;
pub use delivery::{Carrier, Speed};
pub use event::ShipmentEvent;
pub use package::Package;
pub use rejection::ShipmentRejection;
pub use status::ShipmentStatus;
pub use tariff::{checked_cost, quote};
pub use tracking::{InvalidTrackingNumber, MAX_TRACKING_UPDATES, TrackingEntry, TrackingNumber};
