//! Refunds that fail after they counted as paid out.
//!
//! A provider may take days to find out that money can't reach its customer, and gives it back to the shop then. To the books
//! it is paid; the customer is owed it. The provider won't try again, and how else to pay nobody knows but the customer: so
//! it becomes a dead letter, which stays until an operator has seen to it.

use commerce_core::Context;
use commerce_core::commit::{Claim, Commit};
use commerce_core::id::PaymentId;
use commerce_core::payment::{ExternalPaymentId, IdempotencyKey, Payment};
use commerce_core::value::Money;
use commerce_outbox::{HandleError, Handled, Message};
use tracing::{error, warn};
use uuid::Uuid;

use super::settle::KNOWN_FOR;
use super::{PaymentError, Payments};
use crate::messages::RefundFailed;
use crate::services::Session;

/// The scope of the claims of failed refunds that were taken in: several events tell of each.
const FAILED_REFUND: &str = "failed-refund/stripe";

/// What a provider tells of a refund that failed.
pub(crate) struct FailedRefund {
    /// The provider's id of it.
    pub(crate) external_refund_id: String,
    /// The charge whose money it is.
    pub(crate) charge: ExternalPaymentId,
    /// The key under which it was made, if it was made here.
    pub(crate) key: Option<String>,
    /// Why.
    pub(crate) reason: String,
}

impl FailedRefund {
    fn was_made_under(&self, key: &IdempotencyKey) -> bool {
        self.key.as_deref() == Some(key.as_str())
    }

    /// Which refund of the payment it is, and of how much.
    fn in_books_of(&self, payment_id: PaymentId, payment: &Payment) -> Option<(Uuid, Money)> {
        let mut refunds = payment.refunds();
        let found = refunds.find(|(id, _)| self.was_made_under(&IdempotencyKey::refund(payment_id, *id)));
        found.map(|(id, refund)| (id, refund.amount))
    }
}

impl Payments {
    /// What is to be committed of a refund that failed, of the payment that is known by its charge: once for each.
    pub(super) async fn refund_failed(
        &self,
        payment_id: Option<PaymentId>,
        failed: &FailedRefund,
        context: &Context,
    ) -> Result<Commit, PaymentError> {
        let id = &failed.external_refund_id;
        if self.store.claimed(context.tenant(), FAILED_REFUND, id).await?.is_some() {
            return Ok(Commit::new());
        }
        let Some(message) = self.owed(payment_id, failed, context).await? else {
            // Another shop may have the same account at the provider.
            warn!(refund = id, charge = %failed.charge, "a refund that failed is of no payment of this shop");
            return Ok(Commit::new());
        };
        error!(
            code = "refund_failed",
            payment = %message.payment_id,
            refund = id,
            amount = message.amount.map(|amount| amount.to_string()),
            reason = failed.reason,
            "a refund did not reach the customer: it is owed"
        );
        let claim = Claim::new(FAILED_REFUND, id).until(context.now().plus(KNOWN_FOR));
        Ok(Commit::new().message(message.to_message()?).claim(claim))
    }

    /// Who is owed what. None if the refund is of no payment that is known.
    async fn owed(
        &self,
        payment_id: Option<PaymentId>,
        failed: &FailedRefund,
        context: &Context,
    ) -> Result<Option<RefundFailed>, PaymentError> {
        let owed = |payment_id, refund_id, amount| RefundFailed {
            payment_id,
            refund_id,
            external_payment_id: failed.charge.clone(),
            external_refund_id: failed.external_refund_id.clone(),
            amount,
            reason: failed.reason.clone(),
        };
        if let Some(stray) = self.stray_money(&failed.charge, context).await? {
            let amount = failed.was_made_under(&stray.refund_key(&failed.charge)).then_some(stray.amount);
            return Ok(Some(owed(stray.payment_id, None, amount)));
        }
        let Some(payment_id) = payment_id else { return Ok(None) };
        let payment = Session::<Payment>::load(&self.store, context, payment_id).await?;
        Ok(payment.exists().then(|| match failed.in_books_of(payment_id, payment.state()) {
            Some((refund_id, amount)) => owed(payment_id, Some(refund_id), Some(amount)),
            None => owed(payment_id, None, None),
        }))
    }
}

/// There is nothing that this program could do.
pub(super) fn leave_to_an_operator(message: &RefundFailed) -> Result<Handled, HandleError> {
    let RefundFailed { external_refund_id, reason, .. } = message;
    let what = format!(
        "the refund {external_refund_id} did not reach the customer ({reason}): pay it by other means"
    );
    Err(HandleError::terminal(what))
}
