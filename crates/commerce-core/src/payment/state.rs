//! The aggregate.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::decide;
use super::opened::Opened;
use super::{
    CaptureRequest, ExternalPaymentId, IdempotencyKey, PaymentCommand, PaymentEvent, PaymentFailure,
    PaymentMethod, PaymentRejection, PaymentStatus, PaymentToken, Refund, RefundRequest,
};
use crate::aggregate::Aggregate;
use crate::context::Context;
use crate::id::{CustomerId, OrderId, PaymentId};
use crate::time::Timestamp;
use crate::value::{Money, Violation};

/// Money taken for an order, and given back. Before it is created every getter answers `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payment {
    opened: Option<Opened>,
}

impl Aggregate for Payment {
    const KIND: &'static str = "payment";
    type Id = PaymentId;
    type Command = PaymentCommand;
    type Event = PaymentEvent;
    type Rejection = PaymentRejection;

    fn decide(
        &self,
        command: PaymentCommand,
        context: &Context,
    ) -> Result<Vec<PaymentEvent>, PaymentRejection> {
        match (&self.opened, command) {
            (None, PaymentCommand::Create { payment_id, order_id, customer_id, amount, method }) => {
                decide::create(payment_id, order_id, customer_id, amount, method, context.now())
            }
            (None, _) => Err(PaymentRejection::NotFound),
            (Some(opened), command) => opened.decide(command, context.now()),
        }
    }

    fn apply(&mut self, event: &PaymentEvent) {
        match (&mut self.opened, event) {
            (
                opened @ None,
                PaymentEvent::PaymentCreated { payment_id, order_id, customer_id, amount, method, at },
            ) => {
                *opened = Some(Opened::new(*payment_id, *order_id, *customer_id, *amount, *method, *at));
            }
            (None, _) => {}
            (Some(opened), event) => opened.apply(event),
        }
    }
}

impl Payment {
    /// That a payment can be of this amount: more than nothing, and below a million of its currency. For whoever has
    /// something to sell that is yet to be paid.
    ///
    /// # Errors
    /// What is wrong, at `/amount`.
    ///
    /// ```
    /// use commerce_core::payment::Payment;
    /// use commerce_core::value::{Currency, Money};
    ///
    /// let amount = Money::parse("1000000.00", Currency::EUR)?;
    /// assert_eq!(Payment::check_amount(amount).unwrap_err().code, "too_large");
    /// # Ok::<(), commerce_core::value::MoneyError>(())
    /// ```
    pub fn check_amount(amount: Money) -> Result<(), Violation> {
        decide::check_amount(amount)
    }

    /// Its id.
    pub fn payment_id(&self) -> Option<PaymentId> {
        self.opened.as_ref().map(|opened| opened.payment_id)
    }

    /// The order it pays for.
    pub fn order_id(&self) -> Option<OrderId> {
        self.opened.as_ref().map(|opened| opened.order_id)
    }

    /// Whose it is, if that was noted.
    pub fn customer_id(&self) -> Option<CustomerId> {
        self.opened.as_ref()?.customer_id
    }

    /// What is to be paid, or was.
    pub fn amount(&self) -> Option<Money> {
        self.opened.as_ref().map(|opened| opened.amount)
    }

    /// The means of payment.
    pub fn method(&self) -> Option<PaymentMethod> {
        self.opened.as_ref().map(|opened| opened.method)
    }

    /// Where it stands.
    pub fn status(&self) -> Option<PaymentStatus> {
        self.opened.as_ref().map(|opened| opened.status)
    }

    /// The attempt under way, or the last one; 0 before the first.
    pub fn attempt(&self) -> u32 {
        self.opened.as_ref().map_or(0, |opened| opened.attempt)
    }

    /// What the customer pays with, once processing has started.
    pub fn token(&self) -> Option<&PaymentToken> {
        self.opened.as_ref()?.token.as_ref()
    }

    /// The provider's id of the charge, once it has succeeded.
    pub fn external_payment_id(&self) -> Option<&ExternalPaymentId> {
        self.opened.as_ref()?.external_payment_id.as_ref()
    }

    /// Why it failed, if it did.
    pub fn failure(&self) -> Option<&PaymentFailure> {
        self.opened.as_ref()?.failure.as_ref()
    }

    /// Why it was cancelled, if it was.
    pub fn cancel_reason(&self) -> Option<&str> {
        self.opened.as_ref()?.cancel_reason.as_deref()
    }

    /// What all refunds together give back; zero before the first.
    pub fn refunded_amount(&self) -> Option<Money> {
        self.opened.as_ref().map(|opened| opened.refunded)
    }

    /// What can still be given back; zero unless the money was captured.
    pub fn refundable_amount(&self) -> Option<Money> {
        self.opened.as_ref().map(Opened::refundable)
    }

    /// Every refund, by refund id.
    pub fn refunds(&self) -> impl Iterator<Item = (Uuid, &Refund)> {
        self.opened.iter().flat_map(|opened| opened.refunds.iter().map(|(id, refund)| (*id, refund)))
    }

    /// When it was created.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.opened.as_ref().map(|opened| opened.created_at)
    }

    /// When something last happened to it.
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.opened.as_ref().map(|opened| opened.updated_at)
    }

    /// The key under which the provider is called, and asked, in the current attempt. `None` before the first.
    pub fn provider_key(&self) -> Option<IdempotencyKey> {
        let opened = self.opened.as_ref().filter(|opened| opened.attempt > 0)?;
        Some(IdempotencyKey::capture(opened.payment_id, opened.attempt))
    }

    /// What to ask of the provider in the current attempt. `None` unless it is processing, so that what is settled
    /// isn't captured again.
    pub fn capture_request(&self) -> Option<CaptureRequest> {
        let opened = self.opened.as_ref().filter(|opened| opened.status == PaymentStatus::Processing)?;
        Some(CaptureRequest {
            key: self.provider_key()?,
            payment_id: opened.payment_id,
            amount: opened.amount,
            token: opened.token.clone()?,
            attempt: opened.attempt,
        })
    }

    /// What to ask of the provider for a refund that was recorded. `None` when there is no such refund.
    pub fn refund_request(&self, refund_id: Uuid) -> Option<RefundRequest> {
        let opened = self.opened.as_ref()?;
        Some(RefundRequest {
            key: IdempotencyKey::refund(opened.payment_id, refund_id),
            external_payment_id: opened.external_payment_id.clone()?,
            amount: opened.refunds.get(&refund_id)?.amount,
        })
    }
}
