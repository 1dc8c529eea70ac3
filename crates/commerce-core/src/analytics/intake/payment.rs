use super::Fact;
use crate::id::PaymentId;
use crate::payment::PaymentEvent;

/// What an event of a payment tells. Only the first says which order it is for, so that one is a fact too.
pub(super) fn fact(payment_id: PaymentId, event: PaymentEvent) -> Option<Fact> {
    match event {
        PaymentEvent::PaymentCreated { order_id, amount, .. } => {
            Some(Fact::PaymentOpened { payment_id, order_id, amount })
        }
        PaymentEvent::PaymentSucceeded { at, .. } => {
            Some(Fact::PaymentCaptured { payment_id, captured_at: at })
        }
        PaymentEvent::PaymentRefunded { amount, at, .. } => {
            Some(Fact::Refunded { payment_id, amount, refunded_at: at })
        }
        PaymentEvent::PaymentProcessingStarted { .. }
        | PaymentEvent::PaymentFailed { .. }
        | PaymentEvent::PaymentCancelled { .. } => None,
    }
}
