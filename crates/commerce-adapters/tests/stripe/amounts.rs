//! What Stripe says it has received is what was captured.

use commerce_core::payment::{Cancellation, ChargeState, NextStep, PaymentProvider};
use commerce_core::value::{Currency, Money};
use serde_json::json;

use super::{at_the_till, request};

#[tokio::test]
async fn what_was_received_is_said_in_the_currencys_own_decimals() {
    for (currency, minor) in [(Currency::GBP, 1234), (Currency::JPY, 1234), (Currency::KWD, 12_340)] {
        let (_server, stripe) = at_the_till().await;
        let mut asked = request("pm_card_visa");
        asked.amount = Money::from_minor(minor, currency);
        let captured = stripe.capture(&asked).await.unwrap();
        assert_eq!(captured.amount, Some(asked.amount));
    }
}

#[tokio::test]
async fn whatever_is_asked_of_it_an_intent_of_another_amount_is_never_recorded() {
    for (received, currency) in [(1233, "gbp"), (123_400, "gbp"), (1234, "usd"), (0, "gbp")] {
        let (server, stripe) = at_the_till().await;
        let request = request("pm_card_visa");
        stripe.capture(&request).await.unwrap();
        {
            let mut books = server.books();
            let intent = books.intents.get_mut("pi_0000").unwrap();
            intent["amount_received"] = json!(received);
            intent["currency"] = json!(currency);
        }
        let found = stripe.find(&request).await;
        assert!(matches!(found, Ok(Some(ChargeState::Captured(_)))), "{found:?}");
        let cancelled = stripe.cancel(&request).await;
        assert!(matches!(cancelled, Ok(Cancellation::Captured(_))), "{cancelled:?}");
        for step in
            [NextStep::after_find(&request, &found), NextStep::after_cancel(&request, "given up", &cancelled)]
        {
            assert!(matches!(step, NextStep::Differs(_)), "{received} {currency}: {step:?}");
        }
    }
}

#[tokio::test]
async fn another_amount_that_was_given_back_by_hand_is_cancelled() {
    for (received, refunded, is_cancelled) in [(1233, false, false), (1233, true, true), (1234, true, false)]
    {
        let (server, stripe) = at_the_till().await;
        let request = request("pm_card_visa");
        stripe.capture(&request).await.unwrap();
        {
            let mut books = server.books();
            let intent = books.intents.get_mut("pi_0000").unwrap();
            intent["amount_received"] = json!(received);
            intent["latest_charge"] = json!({"id": "ch_1", "object": "charge", "refunded": refunded});
        }
        let found = stripe.find(&request).await.unwrap();
        assert_eq!(found == Some(ChargeState::Cancelled), is_cancelled, "{received} {found:?}");
        let cancelled = stripe.cancel(&request).await.unwrap();
        assert_eq!(cancelled == Cancellation::Cancelled, is_cancelled, "{received} {cancelled:?}");
    }
}

#[tokio::test]
async fn a_number_that_is_no_amount_is_no_answer() {
    let (server, stripe) = at_the_till().await;
    let request = request("pm_card_visa");
    stripe.capture(&request).await.unwrap();
    server.books().intents.get_mut("pi_0000").unwrap()["currency"] = json!("pounds");
    let reason = stripe.find(&request).await.unwrap_err().to_string();
    assert!(reason.contains("no amount of money"), "{reason}");
}
