//! Money that the provider is to pay out: it is called until it answers, and for as long as that takes.
//!
//! A consumer's attempts are used up within half a minute, and what comes later for the same key waits behind them: they
//! are for what fails here. A provider may be away for hours. So a message that it gives no answer to is done, and the same
//! message is sent anew in that commit, not before its time. It holds up no other, and a refusal alone makes it a dead
//! letter.

use std::time::Duration;

use commerce_core::payment::{Payment, ProviderError};
use commerce_outbox::{HandleError, Handled, Message, RetryPolicy, Scope};
use tracing::warn;

use super::Payments;
use crate::messages::PayOutRefund;
use crate::services::Session;

/// When the provider is called again to pay money out. A short outage delays it by seconds, a long one by minutes; nobody is
/// asked, as nothing could be done but to wait.
pub const PAYING_OUT: RetryPolicy = RetryPolicy {
    attempts: u32::MAX,
    first_wait: Duration::from_secs(1),
    longest_wait: Duration::from_secs(300),
};

impl Payments {
    /// The refund is in the books: the provider is called, under the refund's key, until it answers.
    pub(super) async fn pay_out(self, message: PayOutRefund, scope: Scope) -> Result<Handled, HandleError> {
        let payment = Session::<Payment>::load(&self.store, scope.context(), message.payment_id).await?;
        let Some(refund) = payment.state().refund_request(message.refund_id) else {
            return Err(HandleError::terminal("the payment has no such refund"));
        };
        match self.in_time(self.provider.refund(&refund)).await {
            Ok(_) => Ok(scope.finish()),
            Err(error) => {
                let unanswered = message.unanswered.saturating_add(1);
                self.not_paid_out(error, unanswered, &PayOutRefund { unanswered, ..message }, scope).await
            }
        }
    }

    /// A refusal is for an operator, who finds it among the dead letters; everything else passes, and the message is sent
    /// `again`.
    pub(super) async fn not_paid_out<M: Message>(
        &self,
        error: ProviderError,
        unanswered: u32,
        again: &M,
        mut scope: Scope,
    ) -> Result<Handled, HandleError> {
        let refused = matches!(error, ProviderError::Declined { .. });
        let Some(wait) = self.wait_to_pay_out(unanswered).filter(|_| !refused) else {
            return Err(HandleError::terminal(error));
        };
        warn!(message_type = M::TYPE, key = again.key(), unanswered, ?wait, %error, "money waits to be paid out");
        let due = self.store.now().await?.plus(wait);
        scope.send(again.to_message()?.not_before(due));
        Ok(scope.finish())
    }

    /// While calls are held back, the wait is counted from the moment at which they go through again: then those who waited
    /// don't all come at once.
    fn wait_to_pay_out(&self, unanswered: u32) -> Option<Duration> {
        let held_back = self.provider.held_back().unwrap_or_default();
        let wait = self.paying_out.draw_wait_after(unanswered, &*self.host)?;
        Some(held_back.saturating_add(wait))
    }
}
