//! What is stored, and read back.

use super::*;
use crate::Aggregate;
use crate::event::{decode, encode};

fn stored(event: &PaymentEvent) -> (&'static str, String) {
    let encoded = encode(event).unwrap();
    assert_eq!(&decode::<PaymentEvent>(encoded.event_type, &encoded.payload).unwrap(), event);
    (encoded.event_type, String::from_utf8(encoded.payload).unwrap())
}

#[test]
fn each_event_is_stored_under_its_name_and_read_back() {
    let events = [created(), started(1), succeeded(), failed(), refunded(1, 1), cancelled()];
    let expected = [
        "PaymentCreated",
        "PaymentProcessingStarted",
        "PaymentSucceeded",
        "PaymentFailed",
        "PaymentRefunded",
        "PaymentCancelled",
    ];
    assert_eq!(events.map(|event| stored(&event).0), expected);
}

#[test]
fn the_payloads_stored_by_the_million_dont_change_unnoticed() {
    let (payment, order, refund) = (payment_id(), order_id(), refund_id(1));
    let at = r#""at":"2026-01-01T12:00:00Z""#;
    for (event, payload) in [
        (
            created(),
            format!(
                r#"{{"payment_id":"{payment}","order_id":"{order}","amount":{{"amount":"100.00","currency":"GBP"}},"method":"credit_card",{at}}}"#
            ),
        ),
        (started(1), format!(r#"{{"attempt":1,"token":"tok_visa",{at}}}"#)),
        (succeeded(), format!(r#"{{"external_payment_id":"pi_1",{at}}}"#)),
        (
            refunded(1, 5),
            format!(
                r#"{{"refund_id":"{refund}","amount":{{"amount":"0.05","currency":"GBP"}},"reason":"broken",{at}}}"#
            ),
        ),
    ] {
        assert_eq!(stored(&event).1, payload);
    }
}

#[test]
fn a_failure_without_a_reason_stores_none() {
    let event = PaymentEvent::PaymentFailed { code: "x".to_owned(), reason: String::new(), at: NOON };
    assert_eq!(stored(&event).1, r#"{"code":"x","at":"2026-01-01T12:00:00Z"}"#);
}

#[test]
fn a_snapshot_is_the_state_it_was_taken_of() {
    for payment in [
        given([]),
        pending(),
        processing(),
        paid(),
        failed_payment(),
        cancelled_payment(),
        partly_refunded(),
        fully_refunded(),
    ] {
        let payment = payment.state();
        let snapshot = serde_json::to_string(&payment).unwrap();
        assert_eq!(serde_json::from_str::<Payment>(&snapshot).unwrap(), payment, "{snapshot}");
    }
}

#[test]
fn a_payment_knows_when_something_last_happened_to_it() {
    let later = NOON.plus(std::time::Duration::from_secs(5));
    let mut payment = processing().state();
    payment.apply(&PaymentEvent::PaymentSucceeded { external_payment_id: charge("pi_1"), at: later });
    assert_eq!((payment.created_at(), payment.updated_at()), (Some(NOON), Some(later)));
}

#[test]
fn an_event_without_its_payment_is_passed_over() {
    for event in [started(1), succeeded(), failed(), cancelled(), refunded(1, 1)] {
        assert_eq!(given::<Payment>([event]).state(), Payment::default());
    }
}
