//! What the provider is asked.

use super::*;

#[test]
fn there_is_no_key_before_the_first_attempt() {
    assert_eq!(pending().state().provider_key(), None);
    assert_eq!(pending().state().capture_request(), None);
}

#[test]
fn the_key_is_made_of_payment_and_attempt() {
    let key = processing().state().provider_key().unwrap();
    assert_eq!(key.as_str(), format!("capture:{}:1", payment_id()));
}

#[test]
fn each_attempt_has_a_key_of_its_own() {
    let second = given::<Payment>([created(), started(1), started(2)]).state();
    assert_ne!(processing().state().provider_key(), second.provider_key());
}

#[test]
fn two_payments_never_share_a_key() {
    let other = PaymentId(Uuid::from_u128(7));
    let refund = refund_id(1);
    assert_ne!(IdempotencyKey::capture(payment_id(), 1), IdempotencyKey::capture(other, 1));
    assert_ne!(IdempotencyKey::refund(payment_id(), refund), IdempotencyKey::refund(other, refund));
}

#[test]
fn a_key_fits_any_provider() {
    let refund = IdempotencyKey::refund(payment_id(), refund_id(1));
    for key in [refund, IdempotencyKey::capture(payment_id(), u32::MAX)] {
        assert!(key.as_str().len() < 100, "{key}");
        assert!(key.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{key}");
    }
}

#[test]
fn a_processing_payment_says_what_to_capture() {
    let payment = given::<Payment>([created(), started(1), started(2)]).state();
    let expected = CaptureRequest {
        key: IdempotencyKey::capture(payment_id(), 2),
        payment_id: payment_id(),
        amount: gbp(10_000),
        token: token(),
        attempt: 2,
    };
    assert_eq!(payment.capture_request(), Some(expected));
}

#[test]
fn what_is_settled_is_not_captured_again() {
    for payment in [paid(), failed_payment(), cancelled_payment(), partly_refunded(), fully_refunded()] {
        assert_eq!(payment.state().capture_request(), None);
    }
}

#[test]
fn the_key_of_a_settled_payment_can_still_be_asked_for() {
    assert_eq!(paid().state().provider_key(), Some(IdempotencyKey::capture(payment_id(), 1)));
}

#[test]
fn a_recorded_refund_says_what_to_give_back() {
    let expected = RefundRequest {
        key: IdempotencyKey::refund(payment_id(), refund_id(1)),
        external_payment_id: charge("pi_1"),
        amount: gbp(3_000),
    };
    assert_eq!(partly_refunded().state().refund_request(refund_id(1)), Some(expected));
}

#[test]
fn a_refund_that_was_not_recorded_is_not_given_back() {
    assert_eq!(partly_refunded().state().refund_request(refund_id(2)), None);
}
