//! What has happened to a payment, as it is stored.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ExternalPaymentId, PaymentMethod, PaymentToken};
use crate::event::Event;
use crate::id::{CustomerId, OrderId, PaymentId};
use crate::time::Timestamp;
use crate::value::Money;

/// What has happened to a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PaymentEvent {
    /// It was opened.
    PaymentCreated {
        /// Its id.
        payment_id: PaymentId,
        /// The order it pays for.
        order_id: OrderId,
        /// Whose payment it is. None in events of a time when it was not noted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        customer_id: Option<CustomerId>,
        /// What is to be paid.
        amount: Money,
        /// The means of payment.
        method: PaymentMethod,
        /// When.
        at: Timestamp,
    },
    /// The provider is about to be called under the key of this attempt.
    PaymentProcessingStarted {
        /// Counted from 1.
        attempt: u32,
        /// What the customer pays with.
        token: PaymentToken,
        /// When.
        at: Timestamp,
    },
    /// The money was captured.
    PaymentSucceeded {
        /// The provider's id of the charge.
        external_payment_id: ExternalPaymentId,
        /// When.
        at: Timestamp,
    },
    /// The provider refused for good.
    PaymentFailed {
        /// The provider's stable code.
        code: String,
        /// The provider's sentence; empty when it gave none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// A part or all of it is given back.
    PaymentRefunded {
        /// The caller's id of this refund.
        refund_id: Uuid,
        /// What is given back by this refund.
        amount: Money,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// It was given up before it succeeded.
    PaymentCancelled {
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
}

impl Event for PaymentEvent {}

impl PaymentEvent {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::PaymentCreated { at, .. }
            | Self::PaymentProcessingStarted { at, .. }
            | Self::PaymentSucceeded { at, .. }
            | Self::PaymentFailed { at, .. }
            | Self::PaymentRefunded { at, .. }
            | Self::PaymentCancelled { at, .. } => *at,
        }
    }
}
