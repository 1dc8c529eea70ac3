//! Money that comes when its payment has ended.
//!
//! A payment that failed or was cancelled stays so: its order has gone on without it. What is captured for it all the
//! same is noted, and sent back (docs/decisions/0013-payments-over-http.md).

use commerce_core::Context;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::id::PaymentId;
use commerce_core::payment::{
    ChargeState, ExternalPaymentId, IdempotencyKey, Payment, PaymentRejection, RefundRequest,
};
use commerce_core::value::Money;
use commerce_outbox::{HandleError, Handled, Message, Scope};
use serde::{Deserialize, Serialize};
use tracing::warn;
use uuid::Uuid;

use super::{PaymentError, Payments};
use crate::messages::ReturnStrayMoney;
use crate::services::{Session, bug};

/// A document for each charge that came when its payment had ended, under the provider's id of the charge.
pub const STRAY_MONEY: &str = "stray-money";

/// A charge that came when its payment had ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrayMoney {
    /// For which payment.
    pub payment_id: PaymentId,
    /// What was taken.
    pub amount: Money,
    /// Why it could not be recorded as that payment's.
    pub why: String,
    /// The provider's id of the refund, once it is paid out.
    pub external_refund_id: Option<String>,
}

impl StrayMoney {
    /// Under which it goes back. It is made of the payment and the charge, so that no refund of the payment itself has it.
    pub(super) fn refund_key(&self, charge: &ExternalPaymentId) -> IdempotencyKey {
        let refund_id = Uuid::new_v5(&self.payment_id.0, charge.as_str().as_bytes());
        IdempotencyKey::refund(self.payment_id, refund_id)
    }
}

impl Payments {
    /// What is to be committed of a webhook that the payment rejects.
    pub(super) async fn stray(
        &self,
        payment_id: PaymentId,
        told: &ChargeState,
        rejection: &PaymentRejection,
        context: &Context,
    ) -> Result<Commit, PaymentError> {
        let ChargeState::Captured(captured) = told else { return Ok(Commit::new()) };
        let external_payment_id = captured.external_payment_id.clone();
        let id = external_payment_id.as_str();
        if self.store.document(context.tenant(), STRAY_MONEY, id).await?.is_some() {
            return Ok(Commit::new());
        }
        let payment = Session::<Payment>::load(&self.store, context, payment_id).await?;
        let amount = payment.state().amount().ok_or(PaymentRejection::NotFound)?;
        warn!(payment = %payment_id, charge = id, %amount, %rejection, "money came too late: it is sent back");
        let stray =
            StrayMoney { payment_id, amount, why: rejection.code().to_owned(), external_refund_id: None };
        let noted = DocumentWrite::json(STRAY_MONEY, id, Expected::ABSENT, &stray)?;
        let message = ReturnStrayMoney { payment_id, external_payment_id, unanswered: 0 }.to_message()?;
        Ok(Commit::new().document(noted).message(message))
    }

    /// The provider is called, under a key made of the charge, until it answers.
    pub(super) async fn give_back(
        self,
        message: ReturnStrayMoney,
        mut scope: Scope,
    ) -> Result<Handled, HandleError> {
        let tenant = scope.context().tenant().clone();
        let charge = &message.external_payment_id;
        let found = self.store.document(&tenant, STRAY_MONEY, charge.as_str()).await?;
        let found = found.ok_or_else(|| bug("no money is noted that could be sent back"))?;
        let stray: StrayMoney = found.json()?;
        let refund = RefundRequest {
            key: stray.refund_key(charge),
            external_payment_id: charge.clone(),
            amount: stray.amount,
        };
        let refunded = match self.in_time(self.provider.refund(&refund)).await {
            Ok(refunded) => refunded,
            Err(error) => {
                let unanswered = message.unanswered.saturating_add(1);
                let again = ReturnStrayMoney { unanswered, ..message };
                return self.not_paid_out(error, unanswered, &again, scope).await;
            }
        };
        let stray = StrayMoney { external_refund_id: Some(refunded.external_refund_id), ..stray };
        let done =
            DocumentWrite::json(STRAY_MONEY, charge.as_str(), Expected::Version(found.version), &stray)?;
        scope.write(|commit| commit.document(done));
        Ok(scope.finish())
    }

    /// The stray money of a charge, if it is that.
    pub(super) async fn stray_money(
        &self,
        charge: &ExternalPaymentId,
        context: &Context,
    ) -> Result<Option<StrayMoney>, PaymentError> {
        let found = self.store.document(context.tenant(), STRAY_MONEY, charge.as_str()).await?;
        Ok(found.map(|document| document.json()).transpose()?)
    }
}
