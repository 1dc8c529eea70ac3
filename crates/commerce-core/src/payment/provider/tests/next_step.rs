//! What follows from a provider's answers.

use super::*;

#[test]
fn after_a_capture_the_success_is_recorded() {
    let answer = Ok(captured(Some(gbp(10_000))));
    let next = NextStep::after_capture(&request("tok_visa", 1), &answer);
    assert_eq!(next, NextStep::Record(succeed()));
}

#[test]
fn after_a_refusal_the_failure_is_recorded() {
    let (code, reason) = ("c".to_owned(), "r".to_owned());
    let answer = Err(ProviderError::Declined { code: code.clone(), reason: reason.clone() });
    let next = NextStep::after_capture(&request("tok_visa", 1), &answer);
    assert_eq!(next, NextStep::Record(PaymentCommand::Fail { code, reason }));
}

#[test]
fn after_a_transient_failure_the_next_attempt_is_announced() {
    let answer = Err(ProviderError::Transient { reason: "r".into() });
    let next = NextStep::after_capture(&request("tok_visa", 1), &answer);
    assert_eq!(next, NextStep::Record(start(2)));
}

#[test]
fn after_the_last_attempt_that_can_be_counted_its_key_is_used_again() {
    let answer = Err(ProviderError::Transient { reason: "r".into() });
    let next = NextStep::after_capture(&request("tok_visa", u32::MAX), &answer);
    assert_eq!(next, NextStep::CaptureAgain);
}

#[test]
fn after_no_answer_the_provider_is_asked_never_called_anew() {
    let next = NextStep::after_capture(&request("tok_visa", 1), &Err(unknown()));
    assert_eq!(next, NextStep::Find);
}

#[test]
fn after_an_action_is_required_the_webhook_is_awaited() {
    let answer = Err(ProviderError::RequiresAction { external_payment_id: charge("pi_1") });
    let next = NextStep::after_capture(&request("tok_visa", 1), &answer);
    assert_eq!(next, NextStep::AwaitWebhook { external_payment_id: charge("pi_1") });
}

#[test]
fn what_was_found_is_recorded() {
    let captured = ChargeState::Captured(captured(Some(gbp(10_000))));
    assert_eq!(
        NextStep::after_find(&request("tok_visa", 1), &Ok(Some(captured))),
        NextStep::Record(succeed())
    );
    let (code, reason) = ("c".to_owned(), "r".to_owned());
    let declined = ChargeState::Declined { code: code.clone(), reason: reason.clone() };
    let expected = NextStep::Record(PaymentCommand::Fail { code, reason });
    assert_eq!(NextStep::after_find(&request("tok_visa", 1), &Ok(Some(declined))), expected);
}

#[test]
fn a_key_the_provider_doesnt_know_is_captured_under_the_same_key() {
    assert_eq!(NextStep::after_find(&request("tok_visa", 1), &Ok(None)), NextStep::CaptureAgain);
}

#[test]
fn a_charge_under_way_is_asked_for_again() {
    assert_eq!(
        NextStep::after_find(&request("tok_visa", 1), &Ok(Some(ChargeState::Processing))),
        NextStep::Find
    );
}

#[test]
fn a_charge_that_waits_for_the_customer_waits_for_the_webhook() {
    let found = ChargeState::RequiresAction { external_payment_id: charge("pi_1") };
    let awaited = NextStep::AwaitWebhook { external_payment_id: charge("pi_1") };
    assert_eq!(NextStep::after_find(&request("tok_visa", 1), &Ok(Some(found))), awaited);
}

#[test]
fn an_error_of_the_question_says_nothing_about_the_charge() {
    let declined = ProviderError::Declined { code: "forbidden".into(), reason: "no".into() };
    for error in [unknown(), declined, ProviderError::Transient { reason: "r".into() }] {
        assert_eq!(NextStep::after_find(&request("tok_visa", 1), &Err(error)), NextStep::Find);
    }
}

#[test]
fn a_charge_that_was_called_off_at_the_provider_is_cancelled() {
    let NextStep::Record(command) =
        NextStep::after_find(&request("tok_visa", 1), &Ok(Some(ChargeState::Cancelled)))
    else {
        panic!("nothing to record")
    };
    let mut payment = given::<Payment>([created(), started(1)]).state();
    for event in payment.decide(command, &test_context()).unwrap() {
        payment.apply(&event);
    }
    assert_eq!(payment.status(), Some(PaymentStatus::Cancelled));
}

#[test]
fn a_payment_is_cancelled_only_when_the_provider_has_cancelled() {
    let cancel = PaymentCommand::Cancel { reason: "given up".to_owned() };
    let after = |answer| NextStep::after_cancel(&request("tok_visa", 1), "given up", &answer);
    assert_eq!(after(Ok(Cancellation::Cancelled)), NextStep::Record(cancel));
    let captured = captured(Some(gbp(10_000)));
    assert_eq!(after(Ok(Cancellation::Captured(captured))), NextStep::Record(succeed()));
    let (code, reason) = ("c".to_owned(), "r".to_owned());
    let declined = Cancellation::Declined { code: code.clone(), reason: reason.clone() };
    assert_eq!(after(Ok(declined)), NextStep::Record(PaymentCommand::Fail { code, reason }));
    let declined = ProviderError::Declined { code: "forbidden".into(), reason: "no".into() };
    for error in [unknown(), declined, ProviderError::Transient { reason: "r".into() }] {
        assert_eq!(after(Err(error)), NextStep::Find);
    }
}
