//! Ways to reach a person, how urgent it is, and how far a notification has come.

use serde::{Deserialize, Serialize};

use super::name::names;

/// The way by which a person is reached. Written in snake case: `in_app`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// `email`: the recipient is an e-mail address.
    Email,
    /// `sms`: the recipient is a phone number.
    Sms,
    /// `push`: the recipient is a device token.
    Push,
    /// `in_app`: the recipient is the user.
    InApp,
}
names!(
    ChannelKind,
    "email, sms, push or in_app",
    Email = "email",
    Sms = "sms",
    Push = "push",
    InApp = "in_app"
);

/// How urgent it is: of what is due at once, the most urgent is delivered first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// `low`
    Low,
    /// `normal`
    #[default]
    Normal,
    /// `high`
    High,
    /// `critical`
    Critical,
}
names!(
    Priority,
    "low, normal, high or critical",
    Low = "low",
    Normal = "normal",
    High = "high",
    Critical = "critical"
);

/// How far a notification has come. Written in snake case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationStatus {
    /// To be sent: now, at its moment, or once more after a failed attempt.
    Pending,
    /// The channel has taken it.
    Sent,
    /// The person has it. Final.
    Delivered,
    /// The channel refused it for good, or once too often. Final.
    Failed,
    /// Called off before it was sent. Final.
    Cancelled,
}
names!(
    NotificationStatus,
    "pending, sent, delivered, failed or cancelled",
    Pending = "pending",
    Sent = "sent",
    Delivered = "delivered",
    Failed = "failed",
    Cancelled = "cancelled"
);
