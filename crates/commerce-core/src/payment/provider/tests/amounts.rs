//! What follows when something else was taken than was asked for.

use super::*;
use crate::value::Currency;

/// Another amount, and the same number of another currency.
fn others() -> [Captured; 2] {
    [gbp(9_999), Money::from_minor(10_000, Currency::JPY)].map(|amount| captured(Some(amount)))
}

#[test]
fn what_the_provider_took_beside_the_amount_is_not_recorded() {
    let asked = request("tok_visa", 1);
    for other in others() {
        let differs = NextStep::Differs(other.clone());
        assert_eq!(NextStep::after_capture(&asked, &Ok(other.clone())), differs);
        let found = Ok(Some(ChargeState::Captured(other.clone())));
        assert_eq!(NextStep::after_find(&asked, &found), differs);
        let too_late = Ok(Cancellation::Captured(other));
        assert_eq!(NextStep::after_cancel(&asked, "given up", &too_late), differs);
    }
}

#[test]
fn a_webhook_of_another_amount_is_a_hint_to_ask_while_the_payment_is_under_way() {
    let payment = given::<Payment>([created(), started(1)]).state();
    for other in others() {
        let step = NextStep::after_webhook(&payment, &ChargeState::Captured(other));
        assert_eq!(step, Some(NextStep::Find));
    }
}

#[test]
fn a_webhook_of_another_amount_is_never_money_of_a_payment_that_has_ended() {
    for end in [succeeded(), failed(), cancelled()] {
        let payment = given::<Payment>([created(), started(1), end]).state();
        for other in others() {
            let step = NextStep::after_webhook(&payment, &ChargeState::Captured(other.clone()));
            assert_eq!(step, Some(NextStep::Differs(other)));
        }
    }
}

#[test]
fn an_amount_that_is_not_said_is_taken_for_what_was_asked_for() {
    let asked = request("tok_visa", 1);
    let succeeded = NextStep::Record(succeed());
    assert_eq!(NextStep::after_capture(&asked, &Ok(captured(None))), succeeded);
    let payment = given::<Payment>([created(), started(1)]).state();
    let told = ChargeState::Captured(captured(None));
    assert_eq!(NextStep::after_webhook(&payment, &told), Some(succeeded));
}
