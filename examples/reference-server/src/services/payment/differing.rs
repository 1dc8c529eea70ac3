//! Money that is not what a payment is of.
//!
//! The provider, or a webhook, says that something else was taken than was asked for. The payment doesn't succeed by it,
//! and nothing is sent back by itself: what went wrong is unknown, so an operator sees to it
//! (docs/decisions/0013-payments-over-http.md).

use commerce_core::payment::{Captured, NextStep, Payment};
use tracing::error;

use super::PaymentError;

/// What operators and programs know it by.
pub(super) const CODE: &str = "captured_amount_differs";

/// Tells the operator, if something else was taken; and passes on what follows.
pub(super) fn noted(payment: &Payment, step: NextStep) -> NextStep {
    if let NextStep::Differs(captured) = &step {
        note(payment, captured);
    }
    step
}

/// Tells the operator, and is the refusal.
pub(super) fn refused(payment: &Payment, captured: &Captured) -> PaymentError {
    note(payment, captured);
    PaymentError::CapturedDiffers
}

fn note(payment: &Payment, captured: &Captured) {
    let shown = |thing: Option<String>| thing.unwrap_or_default();
    error!(
        code = CODE,
        payment = shown(payment.payment_id().map(|id| id.to_string())),
        charge = %captured.external_payment_id,
        asked = shown(payment.amount().map(|amount| amount.to_string())),
        taken = shown(captured.amount.map(|amount| amount.to_string())),
        "something else is said to be taken than was asked for"
    );
}
