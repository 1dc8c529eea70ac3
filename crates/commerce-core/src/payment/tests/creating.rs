//! Opening a payment.

use super::*;
use crate::Aggregate;
use crate::id::CustomerId;

#[test]
fn a_payment_is_created_with_its_order_amount_and_method() {
    given::<Payment>([]).when(create(gbp(10_000))).then([created()]).then_state(|payment| {
        assert_eq!(payment.payment_id(), Some(payment_id()));
        assert_eq!(payment.order_id(), Some(order_id()));
        assert_eq!(payment.amount(), Some(gbp(10_000)));
        assert_eq!(payment.method(), Some(PaymentMethod::CreditCard));
        assert_eq!(payment.status(), Some(PaymentStatus::Pending));
        assert_eq!(payment.refunded_amount(), Some(gbp(0)));
        assert_eq!(payment.created_at(), Some(NOON));
    });
}

#[test]
fn a_payment_is_created_with_any_method() {
    for method in PaymentMethod::ALL {
        let command = PaymentCommand::Create {
            payment_id: payment_id(),
            order_id: order_id(),
            customer_id: None,
            amount: gbp(1),
            method,
        };
        given::<Payment>([]).when(command).then_state(|payment| assert_eq!(payment.method(), Some(method)));
    }
}

#[test]
fn the_time_of_creation_is_that_of_the_context() {
    let later = NOON.plus(std::time::Duration::from_secs(60));
    let events = given::<Payment>([]).at(later).when(create(gbp(1))).events();
    assert_eq!(events.first().map(PaymentEvent::at), Some(later));
}

#[test]
fn the_least_payment_is_one_minor_unit() {
    given::<Payment>([]).when(create(gbp(1))).then([created_with(gbp(1))]);
}

#[test]
fn the_greatest_payment_is_one_minor_unit_below_a_million() {
    given::<Payment>([]).when(create(gbp(99_999_999))).then([created_with(gbp(99_999_999))]);
}

#[test]
fn a_payment_of_nothing_is_refused() {
    assert_eq!(faults(&Payment::default(), create(gbp(0))), fault("/amount", "must_be_positive"));
}

#[test]
fn a_negative_payment_is_refused() {
    for minor in [-1, i64::MIN] {
        assert_eq!(faults(&Payment::default(), create(gbp(minor))), fault("/amount", "must_be_positive"));
    }
}

#[test]
fn a_payment_of_a_million_is_refused() {
    assert_eq!(faults(&Payment::default(), create(gbp(100_000_000))), fault("/amount", "too_large"));
}

#[test]
fn a_payment_beyond_all_bounds_is_refused() {
    assert_eq!(faults(&Payment::default(), create(gbp(i64::MAX))), fault("/amount", "too_large"));
}

#[test]
fn the_refusal_of_a_great_payment_names_amount_and_limit() {
    let rejection = Payment::default().decide(create(gbp(100_000_001)), &test_context());
    let sentence = rejection.unwrap_err().to_string();
    assert!(sentence.contains("1000000.01 GBP is not below 1000000.00 GBP"), "{sentence}");
}

#[test]
fn the_limit_is_a_million_major_units_in_every_currency() {
    for currency in Currency::all() {
        let limit = 1_000_000 * 10_i64.pow(currency.exponent());
        let greatest = Money::from_minor(limit - 1, currency);
        given::<Payment>([]).when(create(greatest)).then([created_with(greatest)]);
        let too_great = create(Money::from_minor(limit, currency));
        assert_eq!(faults(&Payment::default(), too_great), fault("/amount", "too_large"), "{currency}");
    }
}

#[test]
fn a_payment_cant_be_created_twice() {
    pending()
        .when(create(gbp(10_000)))
        .then_rejected(PaymentRejection::AlreadyExists { payment_id: payment_id() });
}

#[test]
fn a_payment_that_ended_cant_be_created_again() {
    for payment in [failed_payment(), cancelled_payment(), fully_refunded()] {
        payment
            .when(create(gbp(10_000)))
            .then_rejected(PaymentRejection::AlreadyExists { payment_id: payment_id() });
    }
}

#[test]
fn nothing_can_be_done_with_a_payment_that_was_not_created() {
    for command in [start(1), succeed(), fail("x"), cancel(), refund(1, 1)] {
        given::<Payment>([]).when(command).then_rejected(PaymentRejection::NotFound);
    }
}

#[test]
fn a_payment_that_was_not_created_knows_nothing() {
    let payment = Payment::default();
    assert_eq!(payment.status(), None);
    assert_eq!(payment.amount(), None);
    assert_eq!(payment.refundable_amount(), None);
    assert_eq!(payment.provider_key(), None);
    assert_eq!(payment.capture_request(), None);
    assert_eq!(payment.refunds().count(), 0);
}

#[test]
fn each_rejection_has_a_code_of_its_own_and_a_kind() {
    use PaymentRejection as Rejection;
    let (recorded, given) = (charge("a"), charge("b"));
    let conflicts = [
        (Rejection::AlreadyExists { payment_id: payment_id() }, "payment_already_exists"),
        (wrong_state(PaymentAction::Cancel, PaymentStatus::Failed), "wrong_state"),
        (Rejection::AttemptOutOfOrder { current: 1, given: 3 }, "attempt_out_of_order"),
        (Rejection::TokenDiffers, "token_differs"),
        (Rejection::ExternalPaymentIdDiffers { recorded, given }, "external_payment_id_differs"),
        (Rejection::FailedOtherwise { recorded: "a".into(), given: "b".into() }, "failed_otherwise"),
        (
            Rejection::RefundIdReused { refund_id: refund_id(1), recorded: gbp(1), given: gbp(2) },
            "refund_id_reused",
        ),
        (
            Rejection::RefundExceedsRemaining { requested: gbp(2), remaining: gbp(1) },
            "refund_exceeds_remaining",
        ),
    ];
    for (rejection, code) in conflicts {
        assert_eq!((rejection.code(), rejection.kind()), (code, Kind::Conflict));
    }
    assert_eq!(Rejection::NotFound.code(), "payment_not_found");
    assert_eq!(Rejection::NotFound.kind(), Kind::NotFound);
    assert_eq!(Rejection::Invalid(vec![]).code(), "invalid");
    assert_eq!(Rejection::Invalid(vec![]).kind(), Kind::Invalid);
}

#[test]
fn a_move_that_is_refused_reads_as_a_sentence() {
    let sentence = wrong_state(PaymentAction::Cancel, PaymentStatus::PartiallyRefunded).to_string();
    assert_eq!(sentence, "a payment that is partially_refunded can't be cancelled");
}

#[test]
fn a_payment_knows_whose_it_is() {
    let customer = CustomerId(order_id().0);
    let PaymentCommand::Create { payment_id, order_id, amount, method, .. } = create(gbp(1)) else {
        panic!("another command");
    };
    let command =
        PaymentCommand::Create { payment_id, order_id, customer_id: Some(customer), amount, method };
    given::<Payment>([])
        .when(command)
        .then_state(|payment| assert_eq!(payment.customer_id(), Some(customer)));
    given::<Payment>([created()])
        .when(start(1))
        .then_state(|payment| assert_eq!(payment.customer_id(), None));
}
