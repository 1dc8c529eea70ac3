//! What the customer has to do, and who learns of it.

use commerce_adapters::stripe::StripeOptions;
use commerce_core::payment::{
    CaptureRequest, ChargeState, ExternalPaymentId, PaymentProvider, ProviderError,
};

use super::server::{Fault, SECRET, Server};
use super::{PATIENCE, at_the_till, options, request, stripe};

/// Has it taken by a card whose customer has to act; the provider's id of the charge.
async fn waits(stripe: &impl PaymentProvider, request: &CaptureRequest) -> ExternalPaymentId {
    match stripe.capture(request).await {
        Err(ProviderError::RequiresAction { external_payment_id }) => external_payment_id,
        other => panic!("no action required: {other:?}"),
    }
}

fn coming_back(server: &Server) -> StripeOptions {
    StripeOptions { return_url: Some("https://shop.example/back".to_owned()), ..options(server) }
}

#[tokio::test]
async fn while_it_waits_for_the_customer_it_says_what_they_have_to_do() {
    let (server, stripe) = at_the_till().await;
    let charge = waits(&stripe, &request("pm_card_3ds")).await;
    let action = stripe.action(&charge).await.unwrap().unwrap();
    assert_eq!(action.client_secret.expose(), format!("{charge}_secret_{SECRET}"));
    assert_eq!(action.redirect_url, None);
    server.books().customer_acts(charge.as_str(), true);
    assert_eq!(stripe.action(&charge).await, Ok(None));
}

#[tokio::test]
async fn with_a_page_to_come_back_to_the_customer_is_sent_to_one() {
    let server = Server::start(PATIENCE).await;
    let stripe = stripe(&coming_back(&server));
    let charge = waits(&stripe, &request("pm_card_3ds")).await;
    let action = stripe.action(&charge).await.unwrap().unwrap();
    let redirect = action.redirect_url.unwrap();
    assert_eq!(redirect.expose(), format!("https://hooks.example/{charge}?secret={SECRET}"));
    // Cards that need nothing are taken as before.
    stripe.capture(&super::attempt("pm_card_visa", 2)).await.unwrap();
}

#[tokio::test]
async fn a_charge_is_found_after_redirects_were_turned_on_or_off() {
    let server = Server::start(PATIENCE).await;
    for (before, after) in
        [(options(&server), coming_back(&server)), (coming_back(&server), options(&server))]
    {
        let attempt = super::attempt("pm_card_visa", if before.return_url.is_some() { 1 } else { 2 });
        let captured = stripe(&before).capture(&attempt).await.unwrap();
        assert_eq!(stripe(&after).find(&attempt).await, Ok(Some(ChargeState::Captured(captured))));
    }
    // One that was opened with nowhere to come back to is confirmed so.
    let opened = super::attempt("pm_card_visa", 3);
    assert_eq!(stripe(&options(&server)).find(&opened).await, Ok(None));
    stripe(&coming_back(&server)).capture(&opened).await.unwrap();
    assert_eq!(server.books().intents.len(), 3);
}

#[tokio::test]
async fn what_the_customer_may_see_is_in_no_answer_to_anyone_else() {
    let server = Server::start(PATIENCE).await;
    let stripe = stripe(&coming_back(&server));
    let request = request("pm_card_3ds");
    let shown = format!("{:?} {stripe:?}", stripe.capture(&request).await);
    let charge = waits(&stripe, &request).await;
    let shown = format!("{shown} {:?} {:?}", stripe.find(&request).await, stripe.action(&charge).await);
    server.will([Fault::CutAfter]);
    let shown = format!("{shown} {:?}", stripe.action(&charge).await);
    assert!(shown.contains("RequiresAction") && !shown.contains(SECRET), "{shown}");
}

#[test]
fn customers_come_back_to_an_address() {
    for return_url in ["shop", "javascript:alert(1)", "https://", "/back"] {
        let options = StripeOptions { return_url: Some(return_url.to_owned()), ..StripeOptions::default() };
        let refused = commerce_adapters::stripe::Stripe::new("sk_test_right".to_owned().into(), &options);
        assert_eq!(refused.unwrap_err().code(), "stripe_return_url", "{return_url}");
    }
}
