//! Methods, statuses and the provider's names.

use std::str::FromStr;

use super::*;

#[test]
fn a_method_is_read_as_it_is_written() {
    for method in PaymentMethod::ALL {
        assert_eq!(PaymentMethod::from_str(method.as_str()), Ok(method));
        assert_eq!(serde_json::to_string(&method).unwrap(), format!("\"{method}\""));
    }
}

#[test]
fn the_methods_are_those_of_the_contract() {
    let names = PaymentMethod::ALL.map(PaymentMethod::as_str);
    assert_eq!(names, ["credit_card", "debit_card", "paypal", "bank_transfer", "crypto", "cash"]);
}

#[test]
fn an_unknown_method_is_refused_by_name() {
    let error = PaymentMethod::from_str("barter").unwrap_err();
    assert!(error.to_string().contains("barter"), "{error}");
    assert_eq!(error.kind(), Kind::Invalid);
    assert_eq!(error.at("/method").code, "unknown_payment_method");
}

#[test]
fn a_status_is_shown_as_it_is_written() {
    for status in PaymentStatus::ALL {
        assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{status}\""));
    }
}

#[test]
fn a_payment_is_live_while_it_holds_or_may_come_to_hold_money() {
    let live: Vec<_> = PaymentStatus::ALL.into_iter().filter(|status| status.is_live()).collect();
    let expected = [
        PaymentStatus::Pending,
        PaymentStatus::Processing,
        PaymentStatus::Succeeded,
        PaymentStatus::PartiallyRefunded,
    ];
    assert_eq!(live, expected);
}

#[test]
fn a_token_is_one_to_255_visible_characters() {
    for text in ["t".to_owned(), "t".repeat(255)] {
        assert_eq!(PaymentToken::parse(&text).unwrap().as_str(), text);
    }
    for text in [String::new(), "t".repeat(256), "to k".to_owned(), "tök".to_owned(), "t\n".to_owned()] {
        assert_eq!(PaymentToken::parse(&text).unwrap_err().kind(), Kind::Invalid, "{text:?}");
    }
}

#[test]
fn a_token_doesnt_show_itself_in_a_log() {
    let shown = format!("{:?}", PaymentToken::parse("pm_1Nverysecret").unwrap());
    assert!(!shown.contains("very") && shown.contains("cret"), "{shown}");
    assert_eq!(format!("{:?}", PaymentToken::parse("secret").unwrap()), "PaymentToken(…)");
}

#[test]
fn the_refusal_of_a_token_doesnt_repeat_it() {
    let error = PaymentToken::parse("very secret").unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
    assert_eq!(error.at("/payment_method_id").code, "invalid_reference");
}

#[test]
fn an_external_payment_id_is_one_to_255_visible_characters() {
    assert_eq!(ExternalPaymentId::parse("pi_1").unwrap().to_string(), "pi_1");
    for text in [String::new(), "p".repeat(256), "p i".to_owned()] {
        assert!(ExternalPaymentId::parse(&text).is_err(), "{text:?}");
    }
}

#[test]
fn names_are_checked_when_they_are_read() {
    assert!(serde_json::from_str::<PaymentToken>("\"\"").is_err());
    assert!(serde_json::from_str::<ExternalPaymentId>("\"a b\"").is_err());
    assert_eq!(serde_json::from_str::<PaymentToken>("\"tok_visa\"").unwrap(), token());
}
