//! A payment that was created: what is known of it, and how events change that.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ExternalPaymentId, PaymentEvent, PaymentMethod, PaymentStatus, PaymentToken};
use crate::id::{CustomerId, OrderId, PaymentId};
use crate::time::Timestamp;
use crate::value::Money;

/// Why a payment failed, as the provider said it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentFailure {
    /// The provider's stable code.
    pub code: String,
    /// The provider's sentence; empty when it gave none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A part of a payment that is given back, or all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// Since when it is owed.
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Opened {
    pub(super) payment_id: PaymentId,
    pub(super) order_id: OrderId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) customer_id: Option<CustomerId>,
    pub(super) amount: Money,
    pub(super) method: PaymentMethod,
    pub(super) status: PaymentStatus,
    pub(super) attempt: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<PaymentToken>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) external_payment_id: Option<ExternalPaymentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<PaymentFailure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cancel_reason: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) refunds: BTreeMap<Uuid, Refund>,
    pub(super) refunded: Money,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Opened {
    pub(super) fn new(
        payment_id: PaymentId,
        order_id: OrderId,
        customer_id: Option<CustomerId>,
        amount: Money,
        method: PaymentMethod,
        at: Timestamp,
    ) -> Self {
        Self {
            payment_id,
            order_id,
            customer_id,
            amount,
            method,
            status: PaymentStatus::Pending,
            attempt: 0,
            token: None,
            external_payment_id: None,
            failure: None,
            cancel_reason: None,
            refunds: BTreeMap::new(),
            refunded: Money::zero(amount.currency()),
            created_at: at,
            updated_at: at,
        }
    }

    pub(super) fn apply(&mut self, event: &PaymentEvent) {
        self.updated_at = event.at();
        match event {
            PaymentEvent::PaymentCreated { .. } => {}
            PaymentEvent::PaymentProcessingStarted { attempt, token, .. } => {
                self.status = PaymentStatus::Processing;
                self.attempt = *attempt;
                self.token = Some(token.clone());
            }
            PaymentEvent::PaymentSucceeded { external_payment_id, .. } => {
                self.status = PaymentStatus::Succeeded;
                self.external_payment_id = Some(external_payment_id.clone());
            }
            PaymentEvent::PaymentFailed { code, reason, .. } => {
                self.status = PaymentStatus::Failed;
                self.failure = Some(PaymentFailure { code: code.clone(), reason: reason.clone() });
            }
            PaymentEvent::PaymentCancelled { reason, .. } => {
                self.status = PaymentStatus::Cancelled;
                self.cancel_reason = Some(reason.clone());
            }
            PaymentEvent::PaymentRefunded { refund_id, amount, reason, at } => {
                self.take_refund(*refund_id, Refund { amount: *amount, reason: reason.clone(), at: *at });
            }
        }
    }

    fn take_refund(&mut self, refund_id: Uuid, refund: Refund) {
        // No refund that was decided passes the amount, so the sum fits. Were the log damaged, all counts as refunded:
        // nothing more is given back.
        self.refunded = self.refunded.checked_add(refund.amount).unwrap_or(self.amount);
        self.refunds.insert(refund_id, refund);
        self.status = if self.refundable().is_positive() {
            PaymentStatus::PartiallyRefunded
        } else {
            PaymentStatus::Refunded
        };
    }

    /// What can still be given back.
    pub(super) fn refundable(&self) -> Money {
        let nothing = Money::zero(self.amount.currency());
        if self.status.is_captured() {
            self.amount.checked_sub(self.refunded).unwrap_or(nothing)
        } else {
            nothing
        }
    }
}
