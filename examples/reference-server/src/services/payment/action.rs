//! What the customer has to do at the provider before their payment goes on.
//!
//! It is asked of the provider each time the customer asks, and kept nowhere: whoever reads a store, a dump of it or a log
//! could otherwise act in the customer's place.

use std::time::Duration;

use commerce_core::payment::{CustomerAction, ExternalPaymentId};
use tracing::warn;

use super::Payments;

/// A payment is shown without it rather than later than this.
const WITHIN: Duration = Duration::from_secs(2);

impl Payments {
    /// What the customer has to do before this charge goes on. None when it doesn't wait for them any more, and also
    /// when the provider doesn't say it now: the customer can see the payment all the same, and asks again.
    pub(crate) async fn action(&self, charge: &ExternalPaymentId) -> Option<CustomerAction> {
        match tokio::time::timeout(WITHIN, self.in_time(self.provider.action(charge))).await {
            Ok(Ok(action)) => action,
            Ok(Err(error)) => {
                warn!(%charge, %error, "the provider doesn't say now what the customer has to do");
                None
            }
            Err(_) => {
                warn!(%charge, "the provider takes too long to say what the customer has to do");
                None
            }
        }
    }
}
