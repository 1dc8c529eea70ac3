//! The keys under which a provider does a thing at most once.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::PaymentId;

/// Names one call to a provider. The provider acts at most once under a key and answers the same when called again.
///
/// Visible ASCII, below 100 characters: within the limits of any provider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key of one attempt to capture a payment.
    pub fn capture(payment: PaymentId, attempt: u32) -> Self {
        Self(format!("capture:{payment}:{attempt}"))
    }

    /// The key of one refund. It has no attempt: a refund is called until it is answered.
    pub fn refund(payment: PaymentId, refund_id: Uuid) -> Self {
        Self(format!("refund:{payment}:{refund_id}"))
    }

    /// The key as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
