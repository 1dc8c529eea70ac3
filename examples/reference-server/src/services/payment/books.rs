//! What a payment's events change besides its stream: the journal, and which payment of an order is live.

use commerce_core::Context;
use commerce_core::commit::{Claim, ClaimKey, Commit, DocumentWrite, Expected};
use commerce_core::id::PaymentId;
use commerce_core::payment::{Payment, PaymentCommand, PaymentEvent, PaymentRejection, entries_for};
use commerce_core::value::Money;
use commerce_outbox::{HandleError, Message};
use uuid::Uuid;

use super::{LIVE_PAYMENT, PaymentError, Payments};
use crate::messages::PayOutRefund;
use crate::services::{Session, bug};

/// The journal: one document for each capture and each refund.
pub const LEDGER: &str = "ledger";

/// What goes into the commit with a payment's events: a payment that is opened is its order's live one, each capture
/// and refund has its journal entry, and a payment that is no longer live frees its order for another.
pub(crate) fn consequences(payment: &Session<Payment>) -> Result<Commit, HandleError> {
    let mut commit = Commit::new();
    let Some(order_id) = payment.state().order_id().filter(|_| !payment.events().is_empty()) else {
        return Ok(commit);
    };
    if payment.events().iter().any(|event| matches!(event, PaymentEvent::PaymentCreated { .. })) {
        commit = commit.claim(Claim::new(LIVE_PAYMENT, order_id.to_string()));
    }
    for event in payment.events() {
        for entry in entries_for(payment.state(), event).map_err(bug)? {
            let id = entry.id().to_string();
            commit = commit.document(DocumentWrite::json(LEDGER, id, Expected::ABSENT, &entry)?);
        }
    }
    if payment.state().status().is_some_and(|status| !status.is_live()) {
        commit = commit.release(ClaimKey::new(LIVE_PAYMENT, order_id.to_string()));
    }
    Ok(commit)
}

/// Its events, with what follows from them.
pub(super) fn events_of(payment: &Session<Payment>) -> Result<Commit, HandleError> {
    Ok(payment.write_to(Commit::new())?.and(consequences(payment)?))
}

impl Payments {
    /// Decides a refund. Answers what belongs into the commit besides the payment's events: the books, and the message by
    /// which the provider is made to pay it out. What the provider can't move is refused, since it could be recorded but
    /// never be paid out.
    pub(crate) fn decide_refund(
        &self,
        payment: &mut Session<Payment>,
        refund_id: Uuid,
        amount: Money,
        reason: String,
        context: &Context,
    ) -> Result<Commit, PaymentError> {
        payment.decide(PaymentCommand::Refund { refund_id, amount, reason }, context)?;
        // One that is recorded already is no new decision.
        if !payment.events().is_empty() {
            self.check_steps(amount)?;
        }
        let payment_id = id_of(payment)?;
        let pay_out = PayOutRefund { payment_id, refund_id, unanswered: 0 }.to_message()?;
        Ok(consequences(payment)?.message(pay_out))
    }

    fn check_steps(&self, amount: Money) -> Result<(), PaymentError> {
        let step = self.provider.step(amount.currency());
        match amount.minor().checked_rem(step.minor()) {
            Some(0) => Ok(()),
            _ => Err(PaymentError::BetweenSteps { amount, step }),
        }
    }
}

pub(super) fn id_of(payment: &Session<Payment>) -> Result<PaymentId, PaymentRejection> {
    payment.state().payment_id().ok_or(PaymentRejection::NotFound)
}
