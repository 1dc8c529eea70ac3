//! Payments that someone opened by hand, past a checkout: they end with their order, or make way for its checkout.
//!
//! An order that is cancelled or fails keeps no money. Its checkout sees to its own payment; the one that was opened by
//! hand is ended in the commit that learns of the order's end: cancelled if it was not processed, given back if it was
//! captured. One that is under way is called off at the provider by the follow-up (`settle`), which asks until it
//! knows; whoever records that such a payment was captured gives the money back in the same commit.

use commerce_core::Context;
use commerce_core::commit::{Commit, NewMessage};
use commerce_core::id::OrderId;
use commerce_core::payment::{NextStep, Payment, PaymentCommand, PaymentStatus};
use commerce_outbox::{HandleError, Message};

use super::books::{events_of, id_of};
use super::orders::CopiedOrder;
use super::{PaymentError, Payments};
use crate::messages::PayOutRefund;
use crate::services::Session;
use crate::services::order::payment_of;

/// Why a payment ends with its order.
pub(super) const ORDER_ENDED: &str = "the order was cancelled or has failed";
const TOTAL_CHANGED: &str = "the order's total has changed";
const CHECKED_OUT: &str = "the order is paid by its checkout";

impl Payments {
    /// What is to be committed when something was heard of an order.
    pub(super) async fn follow_order(
        &self,
        order: &CopiedOrder,
        context: &Context,
    ) -> Result<Commit, PaymentError> {
        let Some(payment_id) = order.by_hand() else { return Ok(Commit::new()) };
        let mut payment = Session::<Payment>::load(&self.store, context, payment_id).await?;
        match payment.state().status() {
            Some(PaymentStatus::Processing) if order.has_ended() => {
                Ok(self.awaited(&payment, context).await?.at_once(&payment, context)?)
            }
            Some(_) if order.has_ended() => give_up(&mut payment, ORDER_ENDED, context),
            Some(PaymentStatus::Pending) if !order.costs(payment.state().amount()) => {
                give_up(&mut payment, TOTAL_CHANGED, context)
            }
            _ => Ok(Commit::new()),
        }
    }

    /// Ends the payment of an order that was opened by hand: a checkout takes its place, and its money goes back.
    ///
    /// # Errors
    /// When the provider doesn't say what became of one that is under way: it stays in the way.
    pub(super) async fn make_way(&self, order_id: OrderId, context: &Context) -> Result<(), PaymentError> {
        let Some(payment_id) = self.copy_of(order_id, context).await?.by_hand() else { return Ok(()) };
        let mut payment = Session::<Payment>::load(&self.store, context, payment_id).await?;
        if payment.state().status() == Some(PaymentStatus::Processing) {
            let NextStep::Record(command) = self.call_off(payment.state(), CHECKED_OUT).await else {
                return Err(PaymentError::ProviderUnavailable);
            };
            let recorded = self.record(payment, NextStep::Record(command), context).await?;
            self.store.commit(Commit::within(context).and(recorded.commit)).await?;
            payment = recorded.payment.committed();
        }
        let given_up = give_up(&mut payment, CHECKED_OUT, context)?;
        if !given_up.is_empty() {
            self.store.commit(Commit::within(context).and(given_up)).await?;
        }
        Ok(())
    }

    /// Whether a payment was opened by hand for an order that has ended since.
    pub(super) async fn outlives_its_order(
        &self,
        payment: &Payment,
        context: &Context,
    ) -> Result<bool, HandleError> {
        match by_hand_for(payment) {
            Some(order_id) => Ok(self.copy_of(order_id, context).await?.has_ended()),
            None => Ok(false),
        }
    }
}

/// The order of a payment that no checkout has made. Those of checkouts are known by their ids.
pub(super) fn by_hand_for(payment: &Payment) -> Option<OrderId> {
    let order_id = payment.order_id()?;
    (payment.payment_id() != Some(payment_of(order_id))).then_some(order_id)
}

/// Ends a payment that is not under way at the provider. Empty if there is nothing to end.
fn give_up(payment: &mut Session<Payment>, reason: &str, context: &Context) -> Result<Commit, PaymentError> {
    if payment.state().status() == Some(PaymentStatus::Pending) {
        payment.decide(PaymentCommand::Cancel { reason: reason.to_owned() }, context)?;
    }
    let pay_out = give_all_back(payment, reason, context)?;
    Ok(pay_out.into_iter().fold(events_of(payment)?, Commit::message))
}

/// Decides that all that is left of a captured payment goes back, and answers the message by which the provider pays it
/// out. None if nothing is left, or was never taken.
pub(super) fn give_all_back(
    payment: &mut Session<Payment>,
    reason: &str,
    context: &Context,
) -> Result<Option<NewMessage>, PaymentError> {
    let is_captured = payment.state().status().is_some_and(PaymentStatus::is_captured);
    let left = payment.state().refundable_amount().filter(|left| is_captured && left.is_positive());
    let Some(amount) = left else { return Ok(None) };
    let payment_id = id_of(payment)?;
    // The payment's own id names the refund of all that is left.
    let refund_id = payment_id.0;
    payment.decide(PaymentCommand::Refund { refund_id, amount, reason: reason.to_owned() }, context)?;
    Ok(Some(PayOutRefund { payment_id, refund_id, unanswered: 0 }.to_message()?))
}
