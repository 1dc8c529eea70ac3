//! How far an order has come.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The states of an order. Written in snake_case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed; lines can still be added.
    Pending,
    /// The customer has started to pay.
    PaymentInitiated,
    /// The money has been captured.
    PaymentCompleted,
    /// Paid, with a shipment made for it.
    Confirmed,
    /// On its way.
    Shipped,
    /// Received. Final.
    Delivered,
    /// Called off before it was shipped. Final.
    Cancelled,
    /// The checkout could not be completed. Final.
    Failed,
}

impl OrderStatus {
    /// Every state, in the order of the way an order goes.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::PaymentInitiated,
        Self::PaymentCompleted,
        Self::Confirmed,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
        Self::Failed,
    ];

    /// Its name: `pending`, `payment_initiated`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::PaymentInitiated => "payment_initiated",
            Self::PaymentCompleted => "payment_completed",
            Self::Confirmed => "confirmed",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// The state of this name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether an order can move from this state to that one in a single step.
    pub const fn can_become(self, next: Self) -> bool {
        match next {
            Self::Pending => false,
            Self::PaymentInitiated => matches!(self, Self::Pending),
            Self::PaymentCompleted => matches!(self, Self::PaymentInitiated),
            Self::Confirmed => matches!(self, Self::PaymentCompleted),
            Self::Shipped => matches!(self, Self::Confirmed),
            Self::Delivered => matches!(self, Self::Shipped),
            Self::Cancelled => self.is_before_confirmed() || matches!(self, Self::Confirmed),
            Self::Failed => self.is_before_confirmed(),
        }
    }

    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Cancelled | Self::Failed)
    }

    const fn is_before_confirmed(self) -> bool {
        matches!(self, Self::Pending | Self::PaymentInitiated | Self::PaymentCompleted)
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
