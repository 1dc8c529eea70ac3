//! Where a payment stands.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a payment stands. Written in snake case: `partially_refunded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Opened; the provider was not called.
    Pending,
    /// The provider is called, or was and has not answered, or waits for the customer.
    Processing,
    /// The money was captured.
    Succeeded,
    /// The provider refused for good.
    Failed,
    /// Given up before it succeeded.
    Cancelled,
    /// A part of the money is given back.
    PartiallyRefunded,
    /// All of the money is given back.
    Refunded,
}

impl PaymentStatus {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Processing,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::PartiallyRefunded,
        Self::Refunded,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
        }
    }

    /// Whether it holds the order's money or may come to hold it. An order has at most one live payment: release its
    /// claim in the commit by which the payment stops being live.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Pending | Self::Processing | Self::Succeeded | Self::PartiallyRefunded)
    }

    /// Whether the money was captured, given back since or not.
    pub const fn is_captured(self) -> bool {
        matches!(self, Self::Succeeded | Self::PartiallyRefunded | Self::Refunded)
    }
}

impl fmt::Display for PaymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
