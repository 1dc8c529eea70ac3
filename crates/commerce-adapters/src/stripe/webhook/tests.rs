//! Signatures and events.

use std::time::Duration;

use commerce_core::payment::{ChargeState, ExternalPaymentId};
use commerce_core::time::Timestamp;
use commerce_core::value::{Currency, Money};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::Sha256;

use super::*;

const BODY: &[u8] = br#"{"id":"evt_1"}"#;

fn secrets(all: &[&str]) -> WebhookSecrets {
    WebhookSecrets::new(all.iter().map(|secret| (*secret).to_owned().into()))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn sign(secret: &str, time: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check(header: &str, now: i64) -> Result<(), InvalidSignature> {
    verify(&secrets(&["whsec_new", "whsec_old"]), header, BODY, at(now), TOLERANCE)
}

/// Made with `printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_new`.
#[test]
fn a_signature_made_elsewhere_is_right() {
    let header = "t=1700000000,v1=f3ac0c93c23f69e2e6046d7f0e2c82c93d0403de0f8651457189ab70fbbfcaae";
    assert_eq!(check(header, 1_700_000_000), Ok(()));
}

#[test]
fn while_a_secret_is_replaced_both_are_right() {
    for secret in ["whsec_new", "whsec_old"] {
        assert_eq!(check(&format!("t=1000,v1={}", sign(secret, 1000, BODY)), 1000), Ok(()));
    }
    let wrong = format!("t=1000,v1={}", sign("whsec_other", 1000, BODY));
    assert_eq!(check(&wrong, 1000), Err(InvalidSignature::Mismatch));
}

#[test]
fn one_right_signature_among_several_is_enough() {
    let (wrong, right) = (sign("whsec_other", 1000, BODY), sign("whsec_new", 1000, BODY));
    for header in [format!("t=1000,v1={wrong},v1={right},v0=abc"), format!("v1={right}, v1={wrong}, t=1000")]
    {
        assert_eq!(check(&header, 1000), Ok(()), "{header}");
    }
    assert_eq!(check(&format!("t=1000,v0={right}"), 1000), Err(InvalidSignature::Malformed));
}

#[test]
fn a_signature_is_right_for_300_seconds() {
    let header = format!("t=1000,v1={}", sign("whsec_new", 1000, BODY));
    for (now, expected) in [
        (1300, Ok(())),
        (700, Ok(())),
        (1301, Err(InvalidSignature::OutOfTime)),
        (699, Err(InvalidSignature::OutOfTime)),
    ] {
        assert_eq!(check(&header, now), expected, "{now}");
    }
    let longer = verify(&secrets(&["whsec_new"]), &header, BODY, at(2000), Duration::from_secs(1000));
    assert_eq!(longer, Ok(()));
}

#[test]
fn the_time_is_signed_too() {
    let header = format!("t=1200,v1={}", sign("whsec_new", 1000, BODY));
    assert_eq!(check(&header, 1200), Err(InvalidSignature::Mismatch));
}

#[test]
fn without_a_secret_nothing_is_right() {
    let header = format!("t=1000,v1={}", sign("", 1000, BODY));
    for none in [secrets(&[]), secrets(&[""])] {
        assert_eq!(verify(&none, &header, BODY, at(1000), TOLERANCE), Err(InvalidSignature::Mismatch));
    }
}

#[test]
fn secrets_are_not_shown() {
    assert!(!format!("{:?}", secrets(&["whsec_new"])).contains("whsec_new"));
}

proptest! {
    #[test]
    fn any_header_is_read_without_panic_and_none_is_right(header in ".{0,200}") {
        prop_assert!(check(&header, 1000).is_err());
    }

    #[test]
    fn a_body_that_was_changed_is_not_right(place in 0..BODY.len(), bit in 0..8_u32) {
        let mut body = BODY.to_vec();
        body[place] ^= 1 << bit;
        let header = format!("t=1000,v1={}", sign("whsec_new", 1000, BODY));
        let verdict = verify(&secrets(&["whsec_new"]), &header, &body, at(1000), TOLERANCE);
        prop_assert_eq!(verdict, Err(InvalidSignature::Mismatch));
    }
}

fn event(kind: &str, object: &str) -> WebhookEvent {
    let body =
        format!(r#"{{"id":"evt_1","type":"{kind}","created":1700000000,"data":{{"object":{object}}}}}"#);
    parse(body.as_bytes()).unwrap()
}

const INTENT: &str = r#"{"id":"pi_1","object":"payment_intent","metadata":
    {"commerce_key":"capture:x:1","payment_id":"01890a5d-ac96-774b-bcce-b302099a8057"},
    "last_payment_error":{"code":"card_declined","decline_code":"insufficient_funds","message":"No money."}}"#;

#[test]
fn an_event_says_whose_money_it_is_about() {
    let event = event("payment_intent.succeeded", INTENT);
    assert_eq!((&*event.id, &*event.kind), ("evt_1", "payment_intent.succeeded"));
    assert_eq!(event.external_payment_id.unwrap().as_str(), "pi_1");
    assert_eq!(event.payment_id.unwrap().to_string(), "01890a5d-ac96-774b-bcce-b302099a8057");
    assert_eq!(event.key.as_deref(), Some("capture:x:1"));
    assert_eq!((event.outcome, event.created), (WebhookOutcome::Succeeded, at(1_700_000_000)));
}

#[test]
fn an_event_says_how_it_stands_with_the_money() {
    let failed = WebhookOutcome::Failed { code: "insufficient_funds".into(), reason: "No money.".into() };
    for (kind, outcome) in [
        ("payment_intent.payment_failed", failed),
        ("payment_intent.requires_action", WebhookOutcome::RequiresAction),
        ("payment_intent.processing", WebhookOutcome::Processing),
        ("payment_intent.canceled", WebhookOutcome::Canceled),
        ("payment_intent.created", WebhookOutcome::Other),
    ] {
        assert_eq!(event(kind, INTENT).outcome, outcome, "{kind}");
    }
}

#[test]
fn an_event_about_something_else_says_nothing_of_a_charge() {
    let event = event("charge.refunded", r#"{"id":"ch_1","object":"charge","payment_intent":"pi_1"}"#);
    assert_eq!((event.charge_state(), event.external_payment_id), (None, None));
    assert_eq!(event.outcome, WebhookOutcome::Other);
}

const REFUND: &str = r#"{"id":"re_1","object":"refund","status":"STATUS","payment_intent":"pi_1",
    "metadata":{"commerce_key":"refund:x:y"}}"#;

#[test]
fn an_event_tells_of_a_refund_that_failed_whatever_it_is_called() {
    let failed = |reason: &str| WebhookOutcome::RefundFailed {
        external_refund_id: "re_1".to_owned(),
        reason: reason.to_owned(),
    };
    for kind in ["refund.failed", "refund.updated", "charge.refund.updated"] {
        let with_reason = r#"failed","failure_reason":"lost_or_stolen_card"#;
        for (status, reason) in
            [("failed", "failed"), ("canceled", "canceled"), (with_reason, "lost_or_stolen_card")]
        {
            let event = event(kind, &REFUND.replace("STATUS", status));
            assert_eq!(event.outcome, failed(reason), "{kind} {status}");
            assert_eq!(event.external_payment_id.as_ref().map(ExternalPaymentId::as_str), Some("pi_1"));
            assert_eq!((event.key.as_deref(), event.charge_state()), (Some("refund:x:y"), None));
        }
    }
    for status in ["pending", "succeeded", "requires_action"] {
        assert_eq!(event("refund.updated", &REFUND.replace("STATUS", status)).outcome, WebhookOutcome::Other);
    }
}

#[test]
fn what_an_event_says_is_a_state_of_the_charge() {
    let state = |kind| event(kind, INTENT).charge_state();
    assert!(matches!(state("payment_intent.succeeded"), Some(ChargeState::Captured(_))));
    assert!(matches!(state("payment_intent.payment_failed"), Some(ChargeState::Declined { .. })));
    assert_eq!(state("payment_intent.processing"), Some(ChargeState::Processing));
    assert_eq!(state("payment_intent.canceled"), Some(ChargeState::Cancelled));
}

#[test]
fn what_is_no_event_is_refused() {
    for body in ["", "{}", "[]", r#"{"id":"evt_1","type":"x"}"#] {
        assert_eq!(parse(body.as_bytes()).unwrap_err().code(), "webhook_malformed", "{body}");
    }
}

#[test]
fn an_event_says_how_much_was_taken_and_whether_it_is_real_money() {
    let told = |received: &str| {
        let body = format!(
            r#"{{"id":"evt_1","type":"payment_intent.succeeded","created":1,"livemode":false,
            "data":{{"object":{{"id":"pi_1","object":"payment_intent"{received}}}}}}}"#
        );
        parse(body.as_bytes())
    };
    let event = told(r#","amount":700,"amount_received":500,"currency":"jpy""#).unwrap();
    let yen = Money::from_minor(500, Currency::JPY);
    assert_eq!((event.amount, event.livemode), (Some(yen), Some(false)));
    assert!(matches!(event.charge_state(), Some(ChargeState::Captured(taken)) if taken.amount == Some(yen)));
    assert_eq!(told("").unwrap().amount, None);
    let refused = told(r#","amount_received":500,"currency":"shells""#).unwrap_err();
    assert_eq!(refused.code(), "webhook_malformed");
}
