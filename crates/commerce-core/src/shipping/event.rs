//! What has happened to a shipment.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::{CustomerId, OrderId};
use crate::time::Timestamp;
use crate::value::{Address, Money};

use super::{Carrier, Package, ShipmentStatus, Speed, TrackingEntry, TrackingNumber};

/// An event of a shipment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ShipmentEvent {
    /// It was made.
    ShipmentCreated {
        /// For this order.
        order_id: OrderId,
        /// The order's customer, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        customer_id: Option<CustomerId>,
        /// The number to ask by.
        tracking_number: TrackingNumber,
        /// Who carries it.
        carrier: Carrier,
        /// How fast.
        speed: Speed,
        /// Where to.
        address: Box<Address>,
        /// What.
        package: Package,
        /// What carrying it costs.
        cost: Money,
        /// When it was made.
        created_at: Timestamp,
        /// When it should arrive.
        estimated_delivery: Timestamp,
    },
    /// The carrier will come for it.
    PickupScheduled {
        /// When.
        pickup_at: Timestamp,
        /// When that was arranged.
        scheduled_at: Timestamp,
    },
    /// The carrier has it.
    ShipmentPickedUp {
        /// Since when.
        picked_up_at: Timestamp,
    },
    /// It travels between depots.
    ShipmentInTransit {
        /// Since when.
        in_transit_at: Timestamp,
    },
    /// It is on the last van.
    ShipmentOutForDelivery {
        /// Since when.
        out_for_delivery_at: Timestamp,
    },
    /// It was received.
    ShipmentDelivered {
        /// By whom.
        recipient_name: String,
        /// The signature.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature_url: Option<String>,
        /// When.
        delivered_at: Timestamp,
    },
    /// Nobody took it.
    DeliveryAttemptFailed {
        /// The how-many-th attempt it was, from one.
        attempt: u8,
        /// Whether it was the last: the delivery has failed.
        last: bool,
        /// Why.
        reason: String,
        /// When the carrier comes again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_attempt_at: Option<Timestamp>,
        /// When.
        attempted_at: Timestamp,
    },
    /// It was called off.
    ShipmentCancelled {
        /// Why.
        reason: String,
        /// When.
        cancelled_at: Timestamp,
    },
    /// It came back.
    ShipmentReturned {
        /// Why.
        reason: String,
        /// When.
        returned_at: Timestamp,
    },
    /// The carrier says where it is.
    TrackingUpdated {
        /// What was said.
        entry: TrackingEntry,
    },
}

impl Event for ShipmentEvent {}

impl ShipmentEvent {
    /// The state that it leads to, and when it was reached. None for a tracking update, which changes no state.
    pub(super) fn reaches(&self) -> Option<(ShipmentStatus, Timestamp)> {
        Some(match self {
            Self::TrackingUpdated { .. } => return None,
            Self::ShipmentCreated { created_at, .. } => (ShipmentStatus::Pending, *created_at),
            Self::PickupScheduled { scheduled_at, .. } => (ShipmentStatus::PickupScheduled, *scheduled_at),
            Self::ShipmentPickedUp { picked_up_at } => (ShipmentStatus::PickedUp, *picked_up_at),
            Self::ShipmentInTransit { in_transit_at } => (ShipmentStatus::InTransit, *in_transit_at),
            Self::ShipmentOutForDelivery { out_for_delivery_at } => {
                (ShipmentStatus::OutForDelivery, *out_for_delivery_at)
            }
            Self::ShipmentDelivered { delivered_at, .. } => (ShipmentStatus::Delivered, *delivered_at),
            Self::DeliveryAttemptFailed { last: false, attempted_at, .. } => {
                (ShipmentStatus::OutForDelivery, *attempted_at)
            }
            Self::DeliveryAttemptFailed { last: true, attempted_at, .. } => {
                (ShipmentStatus::DeliveryFailed, *attempted_at)
            }
            Self::ShipmentCancelled { cancelled_at, .. } => (ShipmentStatus::Cancelled, *cancelled_at),
            Self::ShipmentReturned { returned_at, .. } => (ShipmentStatus::Returned, *returned_at),
        })
    }

    /// What it adds to the tracking history.
    pub(super) fn tracking_entry(&self) -> Option<TrackingEntry> {
        match self {
            Self::TrackingUpdated { entry } => Some(entry.clone()),
            Self::DeliveryAttemptFailed { last, reason, attempted_at, .. } => Some(TrackingEntry {
                description: Some(reason.clone()),
                ..TrackingEntry::new(
                    if *last { "delivery_failed" } else { "delivery_attempt_failed" },
                    *attempted_at,
                )
            }),
            _ => self.reaches().map(|(status, at)| TrackingEntry::new(status.as_str(), at)),
        }
    }
}
