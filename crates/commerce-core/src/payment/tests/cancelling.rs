//! Giving a payment up.

use super::*;

#[test]
fn a_pending_payment_can_be_cancelled() {
    pending().when(cancel()).then([cancelled()]).then_state(|payment| {
        assert_eq!(payment.status(), Some(PaymentStatus::Cancelled));
        assert_eq!(payment.cancel_reason(), Some("changed my mind"));
    });
}

#[test]
fn a_processing_payment_can_be_cancelled() {
    processing().when(cancel()).then([cancelled()]);
}

#[test]
fn a_cancelled_payment_cancelled_again_is_a_success_without_effect() {
    cancelled_payment().when(cancel()).then_nothing();
    cancelled_payment().when(PaymentCommand::Cancel { reason: "other".to_owned() }).then_nothing();
}

#[test]
fn a_succeeded_payment_cant_be_cancelled() {
    paid().when(cancel()).then_rejected(wrong_state(PaymentAction::Cancel, PaymentStatus::Succeeded));
}

#[test]
fn a_failed_payment_cant_be_cancelled() {
    failed_payment().when(cancel()).then_rejected(wrong_state(PaymentAction::Cancel, PaymentStatus::Failed));
}

#[test]
fn a_partially_refunded_payment_cant_be_cancelled() {
    partly_refunded()
        .when(cancel())
        .then_rejected(wrong_state(PaymentAction::Cancel, PaymentStatus::PartiallyRefunded));
}

#[test]
fn a_refunded_payment_cant_be_cancelled() {
    fully_refunded()
        .when(cancel())
        .then_rejected(wrong_state(PaymentAction::Cancel, PaymentStatus::Refunded));
}

#[test]
fn a_cancellation_needs_a_reason() {
    let command = PaymentCommand::Cancel { reason: " ".to_owned() };
    assert_eq!(faults(&pending().state(), command), fault("/reason", "required"));
}

#[test]
fn the_reason_of_a_cancellation_has_at_most_five_hundred_characters() {
    let too_long = PaymentCommand::Cancel { reason: "x".repeat(501) };
    assert_eq!(faults(&pending().state(), too_long), fault("/reason", "too_long"));
    let longest = PaymentCommand::Cancel { reason: "x".repeat(500) };
    pending()
        .when(longest)
        .then_state(|payment| assert_eq!(payment.cancel_reason().map(str::len), Some(500)));
}

#[test]
fn the_reason_of_a_cancellation_is_trimmed() {
    pending().when(PaymentCommand::Cancel { reason: " changed my mind\n".to_owned() }).then([cancelled()]);
}
