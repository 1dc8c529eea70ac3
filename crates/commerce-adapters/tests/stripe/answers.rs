//! What the provider makes of each of Stripe's answers.

use std::time::Duration;

use commerce_adapters::resilience::{BreakerOptions, CircuitState};
use commerce_adapters::stripe::{Stripe, StripeOptions};
use commerce_core::payment::{
    Cancellation, ChargeState, ExternalPaymentId, IdempotencyKey, PaymentProvider, ProviderError,
    RefundRequest,
};
use commerce_core::value::{Currency, Money};

use super::server::{Fault, Server};
use super::{PATIENCE, at_the_till, options, payment_id, request, stripe};

fn unknown(answer: Result<impl Sized, ProviderError>) -> String {
    match answer {
        Err(ProviderError::Unknown { reason }) => reason,
        Err(other) => panic!("not unknown: {other:?}"),
        Ok(_) => panic!("it worked"),
    }
}

fn code(answer: Result<impl Sized, ProviderError>) -> String {
    match answer {
        Err(ProviderError::Declined { code, .. }) => code,
        Err(other) => panic!("not declined: {other:?}"),
        Ok(_) => panic!("it worked"),
    }
}

#[tokio::test]
async fn the_money_is_taken_once_and_found() {
    let (server, stripe) = at_the_till().await;
    let captured = stripe.capture(&request("pm_card_visa")).await.unwrap();
    assert_eq!(stripe.capture(&request("pm_card_visa")).await, Ok(captured.clone()));
    assert_eq!(
        stripe.find(&request("pm_card_visa")).await,
        Ok(Some(ChargeState::Captured(captured.clone())))
    );
    let cancelled = stripe.cancel(&request("pm_card_visa")).await;
    assert_eq!(cancelled, Ok(Cancellation::Captured(captured)));
    let books = server.books();
    assert_eq!((books.captures(request("x").key.as_str()), books.intents.len()), (1, 1));
    let intent = books.intents.values().next().unwrap();
    assert_eq!((&intent["amount"], &intent["currency"]), (&1234.into(), &"gbp".into()));
    assert_eq!(intent["metadata"]["payment_id"], payment_id().to_string());
}

#[tokio::test]
async fn an_old_token_is_sent_as_card_data() {
    let (server, stripe) = at_the_till().await;
    stripe.capture(&request("tok_visa")).await.unwrap();
    assert_eq!(server.books().captures(request("x").key.as_str()), 1);
}

#[tokio::test]
async fn a_declined_card_is_declined_with_the_issuers_code_and_closed_when_it_is_found() {
    let (server, stripe) = at_the_till().await;
    let request = request("pm_card_declined");
    assert_eq!(code(stripe.capture(&request).await), "insufficient_funds");
    let found = stripe.find(&request).await.unwrap();
    assert!(matches!(found, Some(ChargeState::Declined { code, .. }) if code == "insufficient_funds"));
    assert_eq!(server.books().intents["pi_0000"]["status"], "canceled");
    let cancelled = stripe.cancel(&request).await.unwrap();
    assert!(matches!(cancelled, Cancellation::Declined { code, .. } if code == "insufficient_funds"));
}

#[tokio::test]
async fn a_request_that_stripe_refuses_is_declined_and_never_taken() {
    let (server, stripe) = at_the_till().await;
    let mut small = request("pm_card_visa");
    small.amount = Money::from_minor(1, Currency::GBP);
    assert_eq!(code(stripe.capture(&small).await), "amount_too_small");
    assert!(matches!(stripe.cancel(&small).await, Ok(Cancellation::Declined { .. })));
    small.amount = Money::from_minor(5124, Currency::KWD);
    assert_eq!(code(stripe.capture(&small).await), "amount_not_representable");
    assert_eq!(server.books().intents.len(), 0);

    assert_eq!(code(stripe.capture(&request("pm_gone")).await), "resource_missing");
    assert_eq!(server.books().intents["pi_0000"]["status"], "canceled");
}

#[tokio::test]
async fn what_needs_the_customer_waits_and_is_found_as_it_ends() {
    for well in [true, false] {
        let (server, stripe) = at_the_till().await;
        let request = request("pm_card_3ds");
        let Err(ProviderError::RequiresAction { external_payment_id }) = stripe.capture(&request).await
        else {
            panic!("no action required")
        };
        let id = external_payment_id.as_str().to_owned();
        let waits = ChargeState::RequiresAction { external_payment_id };
        assert_eq!(stripe.find(&request).await, Ok(Some(waits)));
        server.books().customer_acts(&id, well);
        let found = stripe.find(&request).await.unwrap().unwrap();
        assert_eq!(matches!(found, ChargeState::Captured(_)), well, "{found:?}");
        assert_eq!(matches!(found, ChargeState::Declined { .. }), !well, "{found:?}");
    }
}

#[tokio::test]
async fn what_was_called_off_is_never_taken() {
    let (server, stripe) = at_the_till().await;
    let request = request("pm_card_visa");
    assert_eq!(stripe.cancel(&request).await, Ok(Cancellation::Cancelled));
    assert_eq!(code(stripe.capture(&request).await), "cancelled");
    assert_eq!(stripe.find(&request).await, Ok(Some(ChargeState::Cancelled)));
    assert_eq!(stripe.cancel(&request).await, Ok(Cancellation::Cancelled));
    assert_eq!(server.books().captures(request.key.as_str()), 0);
}

#[tokio::test]
async fn what_never_arrived_is_not_known_and_takes_nothing_by_being_asked_for() {
    let (server, stripe) = at_the_till().await;
    let request = request("pm_card_visa");
    assert_eq!(stripe.find(&request).await, Ok(None));
    assert_eq!(server.books().captures(request.key.as_str()), 0);
    stripe.capture(&request).await.unwrap();
    assert_eq!(server.books().intents.len(), 1);
}

#[tokio::test]
async fn what_is_busy_or_fails_for_a_moment_is_repeated_under_the_same_key() {
    for fault in [Fault::Limited, Fault::InUse] {
        let (server, stripe) = at_the_till().await;
        server.will([fault, fault, Fault::None, fault]);
        stripe.capture(&request("pm_card_visa")).await.unwrap();
        assert_eq!(server.books().intents.len(), 1, "{fault:?}");
        server.will([fault; 3]);
        unknown(stripe.find(&request("pm_card_visa")).await);
    }
}

#[tokio::test]
async fn an_error_that_is_kept_under_a_key_doesnt_hold_the_payment_up() {
    let (server, stripe) = at_the_till().await;
    // The creation fails: the next key is the one for all.
    server.will([Fault::FailedBefore]);
    let captured = stripe.capture(&request("pm_card_visa")).await.unwrap();
    assert_eq!(stripe.find(&request("pm_card_visa")).await, Ok(Some(ChargeState::Captured(captured))));
    // The confirmation fails: the intent is closed, and another attempt may begin.
    let second = super::attempt("pm_card_visa", 2);
    server.will([Fault::None, Fault::FailedBefore]);
    assert!(matches!(stripe.capture(&second).await, Err(ProviderError::Transient { .. })));
    assert_eq!(stripe.cancel(&second).await, Ok(Cancellation::Cancelled));
    assert_eq!(server.books().captures(second.key.as_str()), 0);
}

#[tokio::test]
async fn silence_is_unknown_and_not_repeated() {
    let (server, stripe) = at_the_till().await;
    server.will([Fault::None, Fault::SlowAfter]);
    assert!(unknown(stripe.capture(&request("pm_card_visa")).await).contains("took too long"));
    assert_eq!(server.seen(("POST", "/confirm")), 1);
    assert!(matches!(stripe.find(&request("pm_card_visa")).await, Ok(Some(ChargeState::Captured(_)))));
}

#[tokio::test]
async fn silence_after_a_slow_answer_is_noticed_before_the_caller_gives_up() {
    let (slow, deadline) = (Duration::from_millis(500), Duration::from_millis(2500));
    // It answers late after twice its patience.
    let server = Server::start(slow / 2).await;
    let breaker = BreakerOptions { failures: 1, ..BreakerOptions::default() };
    let stripe = stripe(&StripeOptions { breaker, ..options(&server) }.within(deadline));
    server.will([Fault::SlowAfter, Fault::Never]);
    let answer = tokio::time::timeout(deadline, stripe.capture(&request("pm_card_visa"))).await;
    assert!(unknown(answer.unwrap()).contains("took too long"));
    assert_eq!(stripe.breaker().state(), CircuitState::Open);
}

#[tokio::test]
async fn a_refused_connection_is_not_sent_and_repeated() {
    let unbound = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", unbound.local_addr().unwrap());
    drop(unbound);
    let options = StripeOptions { base_url, backoff: Duration::from_millis(1), ..StripeOptions::default() };
    let stripe = stripe(&options);
    assert!(unknown(stripe.capture(&request("pm_card_visa")).await).contains("nothing was sent"));
    assert_eq!(stripe.breaker().stats().failed, 3);
}

#[tokio::test]
async fn while_stripe_is_out_of_order_it_is_not_called() {
    let server = Server::start(PATIENCE).await;
    let breaker = BreakerOptions { failures: 2, cool_down: Duration::from_secs(60) };
    let stripe = stripe(&StripeOptions { breaker, retries: 0, ..options(&server) });
    server.will([Fault::CutBefore; 2]);
    for _ in 0..2 {
        unknown(stripe.capture(&request("pm_card_visa")).await);
    }
    assert_eq!(stripe.breaker().state(), CircuitState::Open);
    assert!(unknown(stripe.capture(&request("pm_card_visa")).await).contains("was not called"));
    assert_eq!(server.books().seen.len(), 2);
}

#[tokio::test]
async fn a_wrong_key_is_a_fault_of_the_configuration_and_is_not_shown() {
    let server = Server::start(PATIENCE).await;
    let stripe = Stripe::new("sk_test_wrong".to_owned().into(), &options(&server)).unwrap();
    let reason = unknown(stripe.capture(&request("pm_card_visa")).await);
    assert!(reason.contains("refuses the secret key"), "{reason}");
    assert!(!reason.contains("sk_test") && !format!("{stripe:?}").contains("sk_test"));
}

#[tokio::test]
async fn a_key_used_for_another_amount_is_a_bug_and_takes_nothing_more() {
    let (server, stripe) = at_the_till().await;
    stripe.capture(&request("pm_card_visa")).await.unwrap();
    let mut other = request("pm_card_visa");
    other.amount = Money::from_minor(9999, Currency::GBP);
    assert!(unknown(stripe.capture(&other).await).contains("which is a bug"));
    assert_eq!(server.books().captures(other.key.as_str()), 1);
}

#[tokio::test]
async fn after_a_day_a_charge_is_found_by_search() {
    let (server, stripe) = at_the_till().await;
    let request = request("pm_card_visa");
    let captured = stripe.capture(&request).await.unwrap();
    server.books().a_day_passes();
    assert_eq!(stripe.find(&request).await, Ok(Some(ChargeState::Captured(captured.clone()))));
    assert_eq!(stripe.find(&request).await, Ok(Some(ChargeState::Captured(captured.clone()))));
    assert_eq!(stripe.cancel(&request).await, Ok(Cancellation::Captured(captured)));
}

#[tokio::test]
async fn after_a_day_a_charge_is_found_though_the_account_takes_no_new_ones() {
    let (server, stripe) = at_the_till().await;
    let (request, second) = (request("pm_card_visa"), super::attempt("pm_card_visa", 2));
    let captured = stripe.capture(&request).await.unwrap();
    server.books().is_closed = true;
    server.books().a_day_passes();
    assert_eq!(stripe.find(&request).await, Ok(Some(ChargeState::Captured(captured.clone()))));
    assert_eq!(stripe.cancel(&request).await, Ok(Cancellation::Captured(captured)));
    // Of what was never made there is nothing to find.
    let found = stripe.find(&second).await.unwrap();
    assert!(matches!(found, Some(ChargeState::Declined { code, .. }) if code == "account_invalid"));
    let cancelled = stripe.cancel(&second).await.unwrap();
    assert!(matches!(cancelled, Cancellation::Declined { code, .. } if code == "account_invalid"));
}

#[tokio::test]
async fn what_was_never_confirmed_is_called_off_though_the_account_takes_no_new_charges() {
    let (server, stripe) = at_the_till().await;
    let request = request("pm_card_visa");
    assert_eq!(stripe.find(&request).await, Ok(None));
    server.books().is_closed = true;
    server.books().a_day_passes();
    assert_eq!(stripe.cancel(&request).await, Ok(Cancellation::Cancelled));
    assert_eq!(server.books().intents["pi_0000"]["status"], "canceled");
}

#[tokio::test]
async fn what_a_proxy_answers_in_stripes_place_is_no_refusal() {
    for status in [400, 402, 404, 408, 424, 425] {
        let (server, stripe) = at_the_till().await;
        let request = request("pm_card_visa");
        // More of them than a request is repeated.
        server.will([Fault::Proxied(status); 3]);
        unknown(stripe.capture(&request).await);
        server.will([Fault::Proxied(status); 3]);
        unknown(stripe.find(&request).await);
        server.will([Fault::Proxied(status); 3]);
        unknown(stripe.cancel(&request).await);
        server.will([]);
        stripe.capture(&request).await.unwrap();
        // The search for it, then its making.
        server.will([Fault::None, Fault::Proxied(status), Fault::Proxied(status), Fault::Proxied(status)]);
        unknown(stripe.refund(&refund()).await);
        server.will([]);
        stripe.refund(&refund()).await.unwrap();
        assert_eq!(server.books().refunds.len(), 1, "{status}");
    }
}

fn refund() -> RefundRequest {
    RefundRequest {
        key: IdempotencyKey::refund(payment_id(), payment_id().0),
        external_payment_id: ExternalPaymentId::parse("pi_0000").unwrap(),
        amount: Money::from_minor(34, Currency::GBP),
    }
}

#[tokio::test]
async fn a_refund_is_made_once_whatever_happens_and_however_old_it_is() {
    let (server, stripe) = at_the_till().await;
    let refund = refund();
    server.will([Fault::None, Fault::CutAfter]);
    unknown(stripe.refund(&refund).await);
    let given = stripe.refund(&refund).await.unwrap();
    server.books().a_day_passes();
    assert_eq!(stripe.refund(&refund).await, Ok(given));
    let books = server.books();
    assert_eq!((books.refunds.len(), &books.refunds[0]["amount"]), (1, &34.into()));
}

#[test]
fn a_key_never_travels_in_the_clear() {
    for base_url in ["http://api.stripe.com", "ftp://localhost", "stripe", "http://localhost.evil.example"] {
        let options = StripeOptions { base_url: base_url.to_owned(), ..StripeOptions::default() };
        let refused = Stripe::new("sk_test_right".to_owned().into(), &options).unwrap_err();
        assert_eq!(refused.code(), "stripe_base_url", "{base_url}");
    }
    let refused = Stripe::new("sk\ntest".to_owned().into(), &StripeOptions::default()).unwrap_err();
    assert_eq!(refused.code(), "stripe_secret_key");
}
