//! How processing ends.

use super::*;

#[test]
fn a_processing_payment_succeeds() {
    processing().when(succeed()).then([succeeded()]).then_state(|payment| {
        assert_eq!(payment.status(), Some(PaymentStatus::Succeeded));
        assert_eq!(payment.external_payment_id(), Some(&charge("pi_1")));
        assert_eq!(payment.refundable_amount(), Some(gbp(10_000)));
    });
}

#[test]
fn a_payment_succeeds_in_a_later_attempt() {
    given::<Payment>([created(), started(1), started(2), started(3)]).when(succeed()).then([succeeded()]);
}

#[test]
fn a_success_reported_again_has_no_effect() {
    paid().when(succeed()).then_nothing();
}

#[test]
fn a_success_reported_again_after_refunds_has_no_effect() {
    partly_refunded().when(succeed()).then_nothing();
    fully_refunded().when(succeed()).then_nothing();
}

#[test]
fn a_payment_cant_succeed_as_two_charges() {
    for payment in [paid(), partly_refunded(), fully_refunded()] {
        let (recorded, given) = (charge("pi_1"), charge("pi_2"));
        payment
            .when(PaymentCommand::Succeed { external_payment_id: given.clone() })
            .then_rejected(PaymentRejection::ExternalPaymentIdDiffers { recorded, given });
    }
}

#[test]
fn a_pending_payment_cant_succeed_before_the_call_was_announced() {
    pending().when(succeed()).then_rejected(wrong_state(PaymentAction::Succeed, PaymentStatus::Pending));
}

#[test]
fn a_failed_payment_cant_succeed() {
    failed_payment()
        .when(succeed())
        .then_rejected(wrong_state(PaymentAction::Succeed, PaymentStatus::Failed));
}

#[test]
fn a_cancelled_payment_cant_succeed() {
    cancelled_payment()
        .when(succeed())
        .then_rejected(wrong_state(PaymentAction::Succeed, PaymentStatus::Cancelled));
}

#[test]
fn a_processing_payment_fails_with_code_and_reason() {
    processing().when(fail("card_declined")).then([failed()]).then_state(|payment| {
        assert_eq!(payment.status(), Some(PaymentStatus::Failed));
        let failure = payment.failure().unwrap();
        assert_eq!(
            (failure.code.as_str(), failure.reason.as_str()),
            ("card_declined", "the card was declined")
        );
    });
}

#[test]
fn a_failure_reported_again_has_no_effect() {
    failed_payment().when(fail("card_declined")).then_nothing();
}

#[test]
fn a_failure_reported_again_in_other_words_has_no_effect() {
    let again = PaymentCommand::Fail { code: " card_declined ".to_owned(), reason: "no".to_owned() };
    failed_payment().when(again).then_nothing();
}

#[test]
fn a_payment_cant_fail_under_two_codes() {
    let (recorded, given) = ("card_declined".to_owned(), "expired_card".to_owned());
    failed_payment()
        .when(fail("expired_card"))
        .then_rejected(PaymentRejection::FailedOtherwise { recorded, given });
}

#[test]
fn a_pending_payment_cant_fail() {
    pending().when(fail("x")).then_rejected(wrong_state(PaymentAction::Fail, PaymentStatus::Pending));
}

#[test]
fn a_succeeded_payment_cant_fail() {
    paid().when(fail("x")).then_rejected(wrong_state(PaymentAction::Fail, PaymentStatus::Succeeded));
}

#[test]
fn a_cancelled_payment_cant_fail() {
    cancelled_payment()
        .when(fail("x"))
        .then_rejected(wrong_state(PaymentAction::Fail, PaymentStatus::Cancelled));
}

#[test]
fn a_refunded_payment_cant_fail() {
    partly_refunded()
        .when(fail("x"))
        .then_rejected(wrong_state(PaymentAction::Fail, PaymentStatus::PartiallyRefunded));
    fully_refunded().when(fail("x")).then_rejected(wrong_state(PaymentAction::Fail, PaymentStatus::Refunded));
}

#[test]
fn a_failure_without_a_code_is_recorded_as_unspecified() {
    let (code, reason) = ("unspecified".to_owned(), String::new());
    processing()
        .when(PaymentCommand::Fail { code: "  ".to_owned(), reason: String::new() })
        .then([PaymentEvent::PaymentFailed { code, reason, at: NOON }]);
}

#[test]
fn a_provider_that_says_too_much_is_cut_short() {
    let command = PaymentCommand::Fail { code: "ü".repeat(101), reason: "ü".repeat(501) };
    processing().when(command.clone()).then_state(|payment| {
        let failure = payment.failure().unwrap();
        assert_eq!((failure.code.chars().count(), failure.reason.chars().count()), (100, 500));
    });
    let cut = processing().when(command.clone()).events();
    given::<Payment>([created(), started(1)].into_iter().chain(cut)).when(command).then_nothing();
}

#[test]
fn characters_that_a_database_refuses_are_blanked_in_a_failure() {
    let command = PaymentCommand::Fail { code: "a\0b".to_owned(), reason: "\u{1b}no\n".to_owned() };
    let (code, reason) = ("a b".to_owned(), "no".to_owned());
    processing().when(command).then([PaymentEvent::PaymentFailed { code, reason, at: NOON }]);
}
