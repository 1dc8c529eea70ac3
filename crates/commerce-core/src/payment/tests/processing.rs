//! Announcing calls to the provider.

use super::*;

#[test]
fn the_first_attempt_is_announced_before_the_provider_is_called() {
    pending().when(start(1)).then([started(1)]).then_state(|payment| {
        assert_eq!(payment.status(), Some(PaymentStatus::Processing));
        assert_eq!(payment.attempt(), 1);
        assert_eq!(payment.token(), Some(&token()));
    });
}

#[test]
fn the_first_attempt_is_number_one() {
    for given in [0, 2, u32::MAX] {
        pending().when(start(given)).then_rejected(PaymentRejection::AttemptOutOfOrder { current: 0, given });
    }
}

#[test]
fn the_same_attempt_announced_again_has_no_effect() {
    processing().when(start(1)).then_nothing();
}

#[test]
fn a_retryable_failure_keeps_it_processing_and_raises_the_attempt() {
    processing().when(start(2)).then([started(2)]).then_state(|payment| {
        assert_eq!(payment.status(), Some(PaymentStatus::Processing));
        assert_eq!(payment.attempt(), 2);
    });
}

#[test]
fn an_attempt_cant_be_left_out() {
    processing().when(start(3)).then_rejected(PaymentRejection::AttemptOutOfOrder { current: 1, given: 3 });
}

#[test]
fn a_worker_that_was_overtaken_cant_announce_its_old_attempt() {
    given::<Payment>([created(), started(1), started(2)])
        .when(start(1))
        .then_rejected(PaymentRejection::AttemptOutOfOrder { current: 2, given: 1 });
}

#[test]
fn an_attempt_after_the_last_number_is_refused_without_overflow() {
    given::<Payment>([created(), started(u32::MAX)])
        .when(start(0))
        .then_rejected(PaymentRejection::AttemptOutOfOrder { current: u32::MAX, given: 0 });
}

#[test]
fn a_payment_in_process_cant_be_processed_with_another_token() {
    for attempt in [1, 2] {
        let token = PaymentToken::parse("tok_other").unwrap();
        processing()
            .when(PaymentCommand::StartProcessing { attempt, token })
            .then_rejected(PaymentRejection::TokenDiffers);
    }
}

#[test]
fn a_succeeded_payment_cant_be_processed() {
    paid().when(start(1)).then_rejected(wrong_state(PaymentAction::Process, PaymentStatus::Succeeded));
}

#[test]
fn a_failed_payment_cant_be_processed_again() {
    failed_payment().when(start(2)).then_rejected(wrong_state(PaymentAction::Process, PaymentStatus::Failed));
}

#[test]
fn a_cancelled_payment_cant_be_processed() {
    cancelled_payment()
        .when(start(1))
        .then_rejected(wrong_state(PaymentAction::Process, PaymentStatus::Cancelled));
}

#[test]
fn a_partially_refunded_payment_cant_be_processed() {
    partly_refunded()
        .when(start(2))
        .then_rejected(wrong_state(PaymentAction::Process, PaymentStatus::PartiallyRefunded));
}

#[test]
fn a_refunded_payment_cant_be_processed() {
    fully_refunded()
        .when(start(2))
        .then_rejected(wrong_state(PaymentAction::Process, PaymentStatus::Refunded));
}
