//! What the fake provider answers.

use super::*;

fn declined_code(token: &str) -> String {
    match capture(token, 1) {
        Some(Err(ProviderError::Declined { code, .. })) => code,
        other => panic!("{token} was not declined: {other:?}"),
    }
}

fn refund_request(number: u128) -> RefundRequest {
    RefundRequest {
        key: IdempotencyKey::refund(payment_id(), refund_id(number)),
        external_payment_id: charge("pi_1"),
        amount: gbp(1),
    }
}

#[test]
fn tok_visa_is_captured() {
    assert!(matches!(capture("tok_visa", 1), Some(Ok(_))));
}

#[test]
fn tok_declined_is_declined() {
    assert_eq!(declined_code("tok_declined"), "card_declined");
}

#[test]
fn tok_insufficient_funds_is_declined_with_its_own_code() {
    assert_eq!(declined_code("tok_insufficient_funds"), "insufficient_funds");
}

#[test]
fn any_other_token_is_declined_as_invalid() {
    for token in ["tok_mastercard", "TOK_VISA", "tok_visa2", "x"] {
        assert_eq!(declined_code(token), "invalid_token", "{token}");
    }
}

#[test]
fn tok_timeout_never_answers() {
    assert_eq!(capture("tok_timeout", 1), None);
    assert_eq!(capture("tok_timeout", 9), None);
}

#[test]
fn tok_flaky_fails_twice_then_is_captured() {
    for attempt in [1, 2] {
        assert!(matches!(capture("tok_flaky", attempt), Some(Err(ProviderError::Transient { .. }))));
    }
    for attempt in [3, 4] {
        assert!(matches!(capture("tok_flaky", attempt), Some(Ok(_))));
    }
}

#[test]
fn tok_requires_action_waits_for_the_customer() {
    assert!(matches!(capture("tok_requires_action", 1), Some(Err(ProviderError::RequiresAction { .. }))));
}

#[test]
fn the_same_key_gives_the_same_charge_each_time() {
    assert_eq!(capture("tok_visa", 1), capture("tok_visa", 1));
}

#[test]
fn the_charge_of_a_key_never_changes_from_release_to_release() {
    let expected = charge("fake_pi_94641c5a45235c76a2a0338cabc0c8aa");
    assert_eq!(
        capture("tok_visa", 1),
        Some(Ok(Captured { external_payment_id: expected, amount: Some(gbp(10_000)) }))
    );
}

#[test]
fn another_key_gives_another_charge() {
    assert_ne!(capture("tok_visa", 1), capture("tok_visa", 2));
}

#[test]
fn the_providers_own_id_is_a_valid_external_payment_id() {
    let Some(Ok(captured)) = capture("tok_visa", 1) else { panic!("not captured") };
    let id = captured.external_payment_id;
    assert_eq!(ExternalPaymentId::parse(id.as_str()), Ok(id));
}

#[test]
fn a_capture_is_found_as_the_charge_it_was() {
    let Some(Ok(captured)) = capture("tok_visa", 1) else { panic!("not captured") };
    assert_eq!(find("tok_visa", 1), Some(ChargeState::Captured(captured)));
}

#[test]
fn a_declined_charge_is_found_as_declined() {
    for token in ["tok_declined", "tok_insufficient_funds", "tok_other"] {
        let Some(ChargeState::Declined { code, .. }) = find(token, 1) else { panic!("{token}") };
        assert_eq!(code, declined_code(token));
    }
}

#[test]
fn a_capture_that_never_answered_never_arrived() {
    assert_eq!(find("tok_timeout", 1), None);
}

#[test]
fn a_flaky_charge_is_found_once_it_was_captured() {
    assert_eq!(find("tok_flaky", 2), None);
    assert!(matches!(find("tok_flaky", 3), Some(ChargeState::Captured(_))));
}

#[test]
fn a_charge_that_requires_action_is_found_under_the_id_the_webhook_will_name() {
    let Some(Err(ProviderError::RequiresAction { external_payment_id })) = capture("tok_requires_action", 1)
    else {
        panic!("no action required")
    };
    assert_eq!(find("tok_requires_action", 1), Some(ChargeState::RequiresAction { external_payment_id }));
}

#[test]
fn what_can_still_be_called_off_is_cancelled() {
    for (token, attempt) in
        [("tok_timeout", 1), ("tok_flaky", 1), ("tok_flaky", 2), ("tok_requires_action", 1)]
    {
        assert_eq!(cancel(token, attempt), Cancellation::Cancelled, "{token}");
        // It is true: no capture under the key succeeds, before or after.
        assert!(!matches!(capture(token, attempt), Some(Ok(_))), "{token}");
    }
}

#[test]
fn what_was_captured_is_too_late_to_cancel() {
    for (token, attempt) in [("tok_visa", 1), ("tok_flaky", 3)] {
        let Some(Ok(captured)) = capture(token, attempt) else { panic!("{token} was not captured") };
        assert_eq!(cancel(token, attempt), Cancellation::Captured(captured), "{token}");
    }
}

#[test]
fn what_was_declined_stays_declined_when_it_is_called_off() {
    for token in ["tok_declined", "tok_insufficient_funds", "tok_other"] {
        let Cancellation::Declined { code, .. } = cancel(token, 1) else { panic!("{token}") };
        assert_eq!(code, declined_code(token));
    }
}

#[test]
fn a_refund_has_one_answer_per_key() {
    let answer = |number| FakeProvider.refund(&refund_request(number)).now_or_never().unwrap().unwrap();
    assert_eq!(answer(1), answer(1));
    assert_ne!(answer(1), answer(2));
    assert!(answer(1).external_refund_id.starts_with("fake_re_"));
}

#[test]
fn only_what_waits_for_the_customer_is_captured_by_being_confirmed() {
    let confirm = |token: &str| FakeProvider.confirm(&request(token, 1)).now_or_never().unwrap().unwrap();
    let Some(ChargeState::RequiresAction { external_payment_id }) = find("tok_requires_action", 1) else {
        panic!("it doesn't wait");
    };
    let captured = ChargeState::Captured(Captured { external_payment_id, amount: Some(gbp(10_000)) });
    assert_eq!(confirm("tok_requires_action"), Some(captured));
    for token in ["tok_visa", "tok_declined", "tok_timeout", "tok_flaky"] {
        assert_eq!(confirm(token), find(token, 1), "{token}");
    }
    assert_eq!(Arc::new(FakeProvider).held_back(), None);
}

#[test]
fn a_shared_provider_is_the_provider_itself() {
    let shared: Arc<dyn PaymentProvider> = Arc::new(FakeProvider);
    let request = request("tok_visa", 1);
    assert_eq!(shared.capture(&request).now_or_never(), capture("tok_visa", 1));
    assert_eq!(shared.find(&request).now_or_never().unwrap().unwrap(), find("tok_visa", 1));
    assert_eq!(shared.cancel(&request).now_or_never().unwrap().unwrap(), cancel("tok_visa", 1));
    assert!(shared.refund(&refund_request(1)).now_or_never().unwrap().is_ok());
}

#[test]
fn what_the_customer_has_to_do_is_always_the_same_and_not_shown() {
    let action = |id: &str| FakeProvider.action(&charge(id)).now_or_never().unwrap().unwrap().unwrap();
    assert_eq!(action("fake_pi_1"), action("fake_pi_1"));
    assert_ne!(action("fake_pi_1"), action("fake_pi_2"));
    let secret = action("fake_pi_1").client_secret;
    assert!(secret.expose().starts_with("fake_pi_1_secret_"));
    assert!(!format!("{:?}", action("fake_pi_1")).contains(secret.expose()));
    let shared: Arc<dyn PaymentProvider> = Arc::new(FakeProvider);
    let asked = shared.action(&charge("fake_pi_1")).now_or_never().unwrap();
    assert_eq!(asked, Ok(Some(action("fake_pi_1"))));
}
