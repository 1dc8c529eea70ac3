//! What the fake provider answers, and what follows from answers.

use std::sync::Arc;

use futures_util::FutureExt;

use super::*;
use crate::Aggregate;
use crate::error::Kind;
use crate::payment::tests::*;
use crate::payment::{
    ExternalPaymentId, IdempotencyKey, Payment, PaymentCommand, PaymentStatus, PaymentToken,
};
use crate::testing::{given, test_context};

fn request(token: &str, attempt: u32) -> CaptureRequest {
    CaptureRequest {
        key: IdempotencyKey::capture(payment_id(), attempt),
        payment_id: payment_id(),
        amount: gbp(10_000),
        token: PaymentToken::parse(token).unwrap(),
        attempt,
    }
}

/// The answer, if there is one.
fn capture(token: &str, attempt: u32) -> Option<Result<Captured, ProviderError>> {
    FakeProvider.capture(&request(token, attempt)).now_or_never()
}

fn find(token: &str, attempt: u32) -> Option<ChargeState> {
    FakeProvider.find(&request(token, attempt)).now_or_never().unwrap().unwrap()
}

fn cancel(token: &str, attempt: u32) -> Cancellation {
    FakeProvider.cancel(&request(token, attempt)).now_or_never().unwrap().unwrap()
}

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

fn unknown() -> ProviderError {
    ProviderError::Unknown { reason: "timed out".to_owned() }
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
    assert_eq!(capture("tok_visa", 1), Some(Ok(Captured { external_payment_id: expected })));
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
fn a_shared_provider_is_the_provider_itself() {
    let shared: Arc<dyn PaymentProvider> = Arc::new(FakeProvider);
    let request = request("tok_visa", 1);
    assert_eq!(shared.capture(&request).now_or_never(), capture("tok_visa", 1));
    assert_eq!(shared.find(&request).now_or_never().unwrap().unwrap(), find("tok_visa", 1));
    assert_eq!(shared.cancel(&request).now_or_never().unwrap().unwrap(), cancel("tok_visa", 1));
    assert!(shared.refund(&refund_request(1)).now_or_never().unwrap().is_ok());
}

#[test]
fn only_a_refusal_is_terminal() {
    let declined = ProviderError::Declined { code: "c".into(), reason: "r".into() };
    assert_eq!((declined.code(), declined.kind()), ("payment_declined", Kind::Terminal));
    let transient = ProviderError::Transient { reason: "r".into() };
    assert_eq!((transient.code(), transient.kind()), ("provider_unavailable", Kind::Retryable));
    assert_eq!((unknown().code(), unknown().kind()), ("provider_unknown", Kind::Retryable));
    let action = ProviderError::RequiresAction { external_payment_id: charge("pi_1") };
    assert_eq!((action.code(), action.kind()), ("requires_action", Kind::Retryable));
}

#[test]
fn an_unknown_answer_is_not_certain() {
    assert!(ProviderError::Declined { code: "c".into(), reason: "r".into() }.is_certain());
    assert!(ProviderError::Transient { reason: "r".into() }.is_certain());
    assert!(!unknown().is_certain());
    assert!(!ProviderError::RequiresAction { external_payment_id: charge("pi_1") }.is_certain());
}

#[test]
fn after_a_capture_the_success_is_recorded() {
    let answer = Ok(Captured { external_payment_id: charge("pi_1") });
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
    let captured = ChargeState::Captured(Captured { external_payment_id: charge("pi_1") });
    assert_eq!(NextStep::after_find(&Ok(Some(captured))), NextStep::Record(succeed()));
    let (code, reason) = ("c".to_owned(), "r".to_owned());
    let declined = ChargeState::Declined { code: code.clone(), reason: reason.clone() };
    let expected = NextStep::Record(PaymentCommand::Fail { code, reason });
    assert_eq!(NextStep::after_find(&Ok(Some(declined))), expected);
}

#[test]
fn a_key_the_provider_doesnt_know_is_captured_under_the_same_key() {
    assert_eq!(NextStep::after_find(&Ok(None)), NextStep::CaptureAgain);
}

#[test]
fn a_charge_under_way_is_asked_for_again() {
    assert_eq!(NextStep::after_find(&Ok(Some(ChargeState::Processing))), NextStep::Find);
}

#[test]
fn a_charge_that_waits_for_the_customer_waits_for_the_webhook() {
    let found = ChargeState::RequiresAction { external_payment_id: charge("pi_1") };
    let awaited = NextStep::AwaitWebhook { external_payment_id: charge("pi_1") };
    assert_eq!(NextStep::after_find(&Ok(Some(found))), awaited);
}

#[test]
fn an_error_of_the_question_says_nothing_about_the_charge() {
    let declined = ProviderError::Declined { code: "forbidden".into(), reason: "no".into() };
    for error in [unknown(), declined, ProviderError::Transient { reason: "r".into() }] {
        assert_eq!(NextStep::after_find(&Err(error)), NextStep::Find);
    }
}

#[test]
fn a_charge_that_was_called_off_at_the_provider_is_cancelled() {
    let NextStep::Record(command) = NextStep::after_find(&Ok(Some(ChargeState::Cancelled))) else {
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
    let after = |answer| NextStep::after_cancel("given up", &answer);
    assert_eq!(after(Ok(Cancellation::Cancelled)), NextStep::Record(cancel));
    let captured = Captured { external_payment_id: charge("pi_1") };
    assert_eq!(after(Ok(Cancellation::Captured(captured))), NextStep::Record(succeed()));
    let (code, reason) = ("c".to_owned(), "r".to_owned());
    let declined = Cancellation::Declined { code: code.clone(), reason: reason.clone() };
    assert_eq!(after(Ok(declined)), NextStep::Record(PaymentCommand::Fail { code, reason }));
    let declined = ProviderError::Declined { code: "forbidden".into(), reason: "no".into() };
    for error in [unknown(), declined, ProviderError::Transient { reason: "r".into() }] {
        assert_eq!(after(Err(error)), NextStep::Find);
    }
}

/// Everything a webhook can say of a charge.
fn told() -> [ChargeState; 5] {
    let external_payment_id = charge("pi_1");
    [
        ChargeState::Captured(Captured { external_payment_id: external_payment_id.clone() }),
        ChargeState::Declined { code: "c".into(), reason: "r".into() },
        ChargeState::RequiresAction { external_payment_id },
        ChargeState::Processing,
        ChargeState::Cancelled,
    ]
}

#[test]
fn of_a_webhook_only_a_capture_is_believed_the_rest_is_asked_for() {
    let payment = given::<Payment>([created(), started(1)]).state();
    let steps = told().map(|told| NextStep::after_webhook(&payment, &told));
    let (record, find) = (Some(NextStep::Record(succeed())), Some(NextStep::Find));
    assert_eq!(steps, [record, find.clone(), None, None, find]);
}

#[test]
fn a_webhook_that_comes_late_or_twice_changes_nothing() {
    let payment = given::<Payment>([created(), started(1), succeeded()]).state();
    for told in told() {
        match NextStep::after_webhook(&payment, &told) {
            None => {}
            Some(NextStep::Record(command)) => {
                assert_eq!(payment.decide(command, &test_context()), Ok(vec![]), "{told:?}");
            }
            other => panic!("{told:?} leads to {other:?}"),
        }
    }
}

#[test]
fn money_taken_for_a_payment_that_was_given_up_is_not_passed_over_in_silence() {
    let failed = PaymentCommand::Fail { code: "c".to_owned(), reason: "r".to_owned() };
    let cancelled = PaymentCommand::Cancel { reason: "given up".to_owned() };
    for end in [failed, cancelled] {
        let mut payment = given::<Payment>([created(), started(1)]).state();
        payment.decide(end, &test_context()).unwrap().iter().for_each(|event| payment.apply(event));
        let [captured, ..] = told();
        let Some(NextStep::Record(command)) = NextStep::after_webhook(&payment, &captured) else {
            panic!("it was passed over")
        };
        let rejection = payment.decide(command, &test_context()).unwrap_err();
        assert_eq!(rejection.code(), "wrong_state");
    }
}

/// Runs a payment against the fake; a crash after each call to the provider loses the answer.
fn drive(token: &str, crashes: bool) -> Payment {
    let context = test_context();
    let mut payment = given::<Payment>([created()]).state();
    let mut command =
        Some(PaymentCommand::StartProcessing { attempt: 1, token: PaymentToken::parse(token).unwrap() });
    for _ in 0..10 {
        let Some(next) = command.take() else { break };
        for event in payment.decide(next, &context).unwrap() {
            payment.apply(&event);
        }
        let Some(request) = payment.capture_request() else { break };
        let answer = FakeProvider.capture(&request).now_or_never().unwrap_or_else(|| Err(unknown()));
        let mut step = NextStep::after_capture(&request, &answer);
        if crashes {
            step = NextStep::after_find(&FakeProvider.find(&request).now_or_never().unwrap());
        }
        if step == NextStep::CaptureAgain {
            step = NextStep::after_capture(&request, &answer);
        }
        if let NextStep::Record(follows) = step {
            command = Some(follows);
        }
    }
    payment
}

#[test]
fn a_payment_ends_the_same_whether_or_not_the_process_crashes_after_each_call() {
    for (token, status, attempt) in [
        ("tok_visa", PaymentStatus::Succeeded, 1),
        ("tok_declined", PaymentStatus::Failed, 1),
        ("tok_insufficient_funds", PaymentStatus::Failed, 1),
        ("tok_flaky", PaymentStatus::Succeeded, 3),
        ("tok_timeout", PaymentStatus::Processing, 1),
        ("tok_requires_action", PaymentStatus::Processing, 1),
        ("tok_other", PaymentStatus::Failed, 1),
    ] {
        let payment = drive(token, false);
        assert_eq!((payment.status(), payment.attempt()), (Some(status), attempt), "{token}");
        assert_eq!(drive(token, true), payment, "{token}");
    }
}

#[test]
fn the_webhook_ends_what_waits_for_the_customer() {
    let mut payment = drive("tok_requires_action", false);
    let Some(ChargeState::RequiresAction { external_payment_id }) = find("tok_requires_action", 1) else {
        panic!("no action required")
    };
    let events = payment.decide(PaymentCommand::Succeed { external_payment_id }, &test_context()).unwrap();
    events.iter().for_each(|event| payment.apply(event));
    assert_eq!(payment.status(), Some(PaymentStatus::Succeeded));
}

#[test]
fn only_what_waits_for_the_customer_is_captured_by_being_confirmed() {
    let confirm = |token: &str| FakeProvider.confirm(&request(token, 1)).now_or_never().unwrap().unwrap();
    let Some(ChargeState::RequiresAction { external_payment_id }) = find("tok_requires_action", 1) else {
        panic!("it doesn't wait");
    };
    let captured = ChargeState::Captured(Captured { external_payment_id });
    assert_eq!(confirm("tok_requires_action"), Some(captured));
    for token in ["tok_visa", "tok_declined", "tok_timeout", "tok_flaky"] {
        assert_eq!(confirm(token), find(token, 1), "{token}");
    }
    assert_eq!(Arc::new(FakeProvider).held_back(), None);
}
