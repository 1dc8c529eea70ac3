//! How far a shipment has come.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The states of a shipment. Written in snake_case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStatus {
    /// Made, and waiting in the warehouse.
    Pending,
    /// The carrier will come for it.
    PickupScheduled,
    /// The carrier has it.
    PickedUp,
    /// Between the carrier's depots.
    InTransit,
    /// On the last van. It stays there through a first and a second failed attempt.
    OutForDelivery,
    /// Received.
    Delivered,
    /// Given up after the last attempt.
    DeliveryFailed,
    /// Called off before it was delivered. Final.
    Cancelled,
    /// Back at the sender. Final.
    Returned,
}

impl ShipmentStatus {
    /// Every state, in the order of the way a shipment goes.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::PickupScheduled,
        Self::PickedUp,
        Self::InTransit,
        Self::OutForDelivery,
        Self::Delivered,
        Self::DeliveryFailed,
        Self::Cancelled,
        Self::Returned,
    ];

    /// Its name: `pending`, `pickup_scheduled`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::PickupScheduled => "pickup_scheduled",
            Self::PickedUp => "picked_up",
            Self::InTransit => "in_transit",
            Self::OutForDelivery => "out_for_delivery",
            Self::Delivered => "delivered",
            Self::DeliveryFailed => "delivery_failed",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
        }
    }

    /// The state of this name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether a shipment can move from this state to that one in a single step.
    pub const fn can_become(self, next: Self) -> bool {
        match next {
            Self::Pending => false,
            Self::PickupScheduled => matches!(self, Self::Pending),
            Self::PickedUp => matches!(self, Self::PickupScheduled),
            Self::InTransit => matches!(self, Self::PickedUp),
            Self::OutForDelivery => matches!(self, Self::InTransit),
            Self::Delivered | Self::DeliveryFailed => matches!(self, Self::OutForDelivery),
            Self::Cancelled => self.is_under_way(),
            Self::Returned => matches!(self, Self::Delivered | Self::DeliveryFailed),
        }
    }

    /// Whether it may still be delivered.
    pub const fn is_under_way(self) -> bool {
        matches!(
            self,
            Self::Pending | Self::PickupScheduled | Self::PickedUp | Self::InTransit | Self::OutForDelivery
        )
    }

    /// Whether the parcel has left the warehouse: it can't be kept back any more.
    pub const fn has_left(self) -> bool {
        !matches!(self, Self::Pending | Self::PickupScheduled | Self::Cancelled)
    }

    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Cancelled | Self::Returned)
    }
}

impl fmt::Display for ShipmentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
