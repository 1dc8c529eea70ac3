//! What follows from webhooks.

use super::*;

/// Everything a webhook can say of a charge.
fn told() -> [ChargeState; 5] {
    let external_payment_id = charge("pi_1");
    [
        ChargeState::Captured(captured(Some(gbp(10_000)))),
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
