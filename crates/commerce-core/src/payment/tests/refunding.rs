//! Giving money back.

use super::*;

#[test]
fn a_part_of_a_payment_can_be_refunded() {
    paid().when(refund(1, 3_000)).then([refunded(1, 3_000)]).then_state(|payment| {
        assert_eq!(payment.status(), Some(PaymentStatus::PartiallyRefunded));
        assert_eq!(payment.refunded_amount(), Some(gbp(3_000)));
        assert_eq!(payment.refundable_amount(), Some(gbp(7_000)));
        let refund = Refund { amount: gbp(3_000), reason: "broken".to_owned(), at: NOON };
        assert_eq!(payment.refunds().collect::<Vec<_>>(), [(refund_id(1), &refund)]);
    });
}

#[test]
fn a_whole_payment_can_be_refunded_at_once() {
    paid().when(refund(1, 10_000)).then([refunded(1, 10_000)]).then_state(|payment| {
        assert_eq!(payment.status(), Some(PaymentStatus::Refunded));
        assert_eq!(payment.refundable_amount(), Some(gbp(0)));
    });
}

#[test]
fn the_rest_can_be_refunded_later() {
    partly_refunded().when(refund(2, 7_000)).then([refunded(2, 7_000)]).then_state(|payment| {
        assert_eq!(payment.status(), Some(PaymentStatus::Refunded));
        assert_eq!(payment.refunded_amount(), Some(gbp(10_000)));
    });
}

#[test]
fn a_payment_stays_partially_refunded_until_the_last_minor_unit() {
    partly_refunded()
        .when(refund(2, 6_999))
        .then_state(|payment| assert_eq!(payment.status(), Some(PaymentStatus::PartiallyRefunded)));
}

#[test]
fn refunds_cant_pass_the_amount() {
    let (requested, remaining) = (gbp(10_001), gbp(10_000));
    paid()
        .when(refund(1, 10_001))
        .then_rejected(PaymentRejection::RefundExceedsRemaining { requested, remaining });
}

#[test]
fn refunds_cant_pass_the_amount_together() {
    let (requested, remaining) = (gbp(7_001), gbp(7_000));
    partly_refunded()
        .when(refund(2, 7_001))
        .then_rejected(PaymentRejection::RefundExceedsRemaining { requested, remaining });
}

#[test]
fn nothing_is_left_of_a_refunded_payment() {
    let (requested, remaining) = (gbp(1), gbp(0));
    fully_refunded()
        .when(refund(2, 1))
        .then_rejected(PaymentRejection::RefundExceedsRemaining { requested, remaining });
}

#[test]
fn a_refund_beyond_all_bounds_is_refused_without_overflow() {
    let (requested, remaining) = (gbp(i64::MAX), gbp(7_000));
    partly_refunded()
        .when(refund(2, i64::MAX))
        .then_rejected(PaymentRejection::RefundExceedsRemaining { requested, remaining });
}

#[test]
fn the_same_refund_again_has_no_effect() {
    partly_refunded().when(refund(1, 3_000)).then_nothing();
}

#[test]
fn the_same_refund_again_has_no_effect_even_when_nothing_is_left() {
    fully_refunded().when(refund(1, 10_000)).then_nothing();
}

#[test]
fn the_same_refund_for_another_reason_has_no_effect() {
    partly_refunded().when(refund_because(1, gbp(3_000), "late")).then_nothing();
}

#[test]
fn one_refund_id_cant_name_two_amounts() {
    for given in [gbp(3_001), gbp(2_999), Money::from_minor(3_000, Currency::USD)] {
        let (refund_id, recorded) = (refund_id(1), gbp(3_000));
        partly_refunded()
            .when(refund_because(1, given, "broken"))
            .then_rejected(PaymentRejection::RefundIdReused { refund_id, recorded, given });
    }
}

#[test]
fn two_refunds_of_one_amount_are_two_refunds() {
    partly_refunded()
        .when(refund(2, 3_000))
        .then([refunded(2, 3_000)])
        .then_state(|payment| assert_eq!(payment.refunded_amount(), Some(gbp(6_000))));
}

#[test]
fn a_refund_of_nothing_is_refused() {
    assert_eq!(faults(&paid().state(), refund(1, 0)), fault("/amount", "must_be_positive"));
}

#[test]
fn a_negative_refund_is_refused() {
    for minor in [-1, i64::MIN] {
        assert_eq!(faults(&paid().state(), refund(1, minor)), fault("/amount", "must_be_positive"));
    }
}

#[test]
fn a_refund_in_another_currency_is_refused() {
    let command = refund_because(1, Money::from_minor(1, Currency::USD), "broken");
    assert_eq!(faults(&paid().state(), command), fault("/amount/currency", "currency_mismatch"));
}

#[test]
fn every_fault_of_a_refund_is_reported() {
    let command = refund_because(1, Money::zero(Currency::USD), &"x".repeat(501));
    let expected = [
        fault("/amount", "must_be_positive"),
        fault("/amount/currency", "currency_mismatch"),
        fault("/reason", "too_long"),
    ];
    assert_eq!(faults(&paid().state(), command), expected.concat());
}

#[test]
fn a_refund_needs_a_reason() {
    assert_eq!(faults(&paid().state(), refund_because(1, gbp(1), " ")), fault("/reason", "required"));
}

#[test]
fn the_reason_of_a_refund_is_trimmed() {
    paid().when(refund_because(1, gbp(1), " broken ")).then([refunded(1, 1)]);
}

#[test]
fn a_pending_payment_cant_be_refunded() {
    pending().when(refund(1, 1)).then_rejected(wrong_state(PaymentAction::Refund, PaymentStatus::Pending));
}

#[test]
fn a_processing_payment_cant_be_refunded() {
    processing()
        .when(refund(1, 1))
        .then_rejected(wrong_state(PaymentAction::Refund, PaymentStatus::Processing));
}

#[test]
fn a_failed_payment_cant_be_refunded() {
    failed_payment()
        .when(refund(1, 1))
        .then_rejected(wrong_state(PaymentAction::Refund, PaymentStatus::Failed));
}

#[test]
fn a_cancelled_payment_cant_be_refunded() {
    cancelled_payment()
        .when(refund(1, 1))
        .then_rejected(wrong_state(PaymentAction::Refund, PaymentStatus::Cancelled));
}

#[test]
fn nothing_is_refundable_of_what_was_not_captured() {
    for payment in [pending(), processing(), failed_payment(), cancelled_payment()] {
        assert_eq!(payment.state().refundable_amount(), Some(gbp(0)));
    }
}

#[test]
fn a_damaged_log_gives_nothing_more_back() {
    let in_dollars = PaymentEvent::PaymentRefunded {
        refund_id: refund_id(1),
        amount: Money::from_minor(1, Currency::USD),
        reason: "broken".to_owned(),
        at: NOON,
    };
    let payment = given::<Payment>([created(), started(1), succeeded(), in_dollars]).state();
    assert_eq!(payment.refundable_amount(), Some(gbp(0)));
}
