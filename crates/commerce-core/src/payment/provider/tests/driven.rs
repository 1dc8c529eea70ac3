//! Payments, driven to their end by answers.

use super::*;

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
            step = NextStep::after_find(&request, &FakeProvider.find(&request).now_or_never().unwrap());
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
