//! Money of another amount or currency than a payment's is never taken for it, whoever tells of it.

use commerce_core::id::Tenant;
use commerce_core::order::OrderStatus;
use commerce_saga::SagaStatus;
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::on_every_backend;
use crate::payment_stripe::{shop, shop_on};
use crate::payment_support::{
    all_is_well, awaiting, becomes, new_id, opened, ordered, paid, payment, process, taken, tell,
};
use crate::stripe_server::Server;
use crate::support::{App, eventually};

on_every_backend!(
    a_webhook_of_another_amount_captures_nothing,
    a_webhook_of_another_amount_changes_nothing_of_a_payment_that_has_ended,
);

/// Beside 20.00 USD: less, more, nothing, the same number of a currency with as many decimals, and of one without any.
const OTHERS: [(i64, &str); 5] =
    [(1_999, "usd"), (200_000, "usd"), (0, "usd"), (2_000, "eur"), (2_000, "jpy")];

async fn a_webhook_of_another_amount_captures_nothing(app: App) {
    let customer = new_id();
    let payment = opened(&app, customer).await;
    process(&app, &payment, customer, "tok_requires_action").expect(200).await;
    let waiting = self::payment(&app, &payment["id"]).await;
    for (number, (units, currency)) in OTHERS.into_iter().enumerate() {
        let told = taken(&format!("evt_{number}"), &waiting, units, currency);
        // Refused each time it is told, so that it shows at the provider as well.
        for _ in 0..2 {
            tell(&app, &told).refused(409, "captured_amount_differs").await;
        }
        assert_eq!(self::payment(&app, &payment["id"]).await, waiting, "{units} {currency}");
    }
    tell(&app, &taken("evt_x", &waiting, 2_000, "shells")).refused(400, "invalid_body").await;
    tell(&app, &taken("evt_y", &waiting, 2_000, "usd")).expect(200).await;
    assert_eq!(self::payment(&app, &payment["id"]).await["status"], "succeeded");
    all_is_well(&app).await;
    app.close().await;
}

async fn a_webhook_of_another_amount_changes_nothing_of_a_payment_that_has_ended(app: App) {
    let customer = new_id();
    let failed = opened(&app, customer).await;
    process(&app, &failed, customer, "tok_declined").expect(200).await;
    for ended in [&failed["id"], &paid(&app, customer).await["id"]] {
        let before = self::payment(&app, ended).await;
        let mut about = before.clone();
        about["external_payment_id"] = json!("pi_other");
        tell(&app, &taken("evt_1", &about, 1_999, "usd")).refused(409, "captured_amount_differs").await;
        assert_eq!(self::payment(&app, ended).await, before);
    }
    // Nothing is sent back by itself either.
    assert!(!app.keeps("pi_other").await);
    all_is_well(&app).await;
    app.close().await;
}

/// What Stripe itself has received, for every intent there is.
fn receives(server: &Server, units: i64, currency: &str) {
    for intent in server.books().intents.values_mut() {
        intent["amount_received"] = json!(units);
        intent["currency"] = json!(currency);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_not_believed_before_stripe_itself() {
    let (server, app) = shop(100).await;
    let order = ordered(&app, new_id(), "pm_card_3ds").await;
    let waiting = awaiting(&app, order).await;
    let charge = waiting["external_payment_id"].as_str().unwrap();
    server.books().customer_acts(charge, true);
    receives(&server, 1, "gbp");
    // 10.00 GBP were asked for. That other money was taken is said by either, and by both.
    tell(&app, &taken("evt_1", &waiting, 1, "gbp")).refused(409, "captured_amount_differs").await;
    tell(&app, &taken("evt_2", &waiting, 1_000, "jpy")).refused(409, "captured_amount_differs").await;
    let confirm = json!({"external_payment_id": charge});
    app.post("/payments/confirm", confirm).admin().refused(409, "captured_amount_differs").await;
    assert_eq!(self::payment(&app, &waiting["id"]).await["status"], "processing");
    // Stripe's own word counts, whatever the webhook says.
    receives(&server, 1_000, "gbp");
    tell(&app, &taken("evt_3", &waiting, 1, "gbp")).expect(200).await;
    becomes(&app, order, OrderStatus::Confirmed).await;
    all_is_well(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_of_which_stripe_has_taken_something_else_is_for_an_operator() {
    let soon = std::time::Duration::from_secs(1);
    let (server, app) = shop_on(Backend::sqlite(), 100, |shop| shop.step_timeout = soon).await;
    let order = ordered(&app, new_id(), "pm_card_3ds").await;
    let waiting = awaiting(&app, order).await;
    let charge = waiting["external_payment_id"].as_str().unwrap();
    server.books().customer_acts(charge, true);
    receives(&server, 999, "gbp");
    eventually("the checkout is stuck", async || {
        let stuck =
            app.platform.shop.orders.orchestrator().instances(Some(SagaStatus::Stuck), 10).await.unwrap();
        (!stuck.is_empty()).then_some(())
    })
    .await;
    assert_eq!(self::payment(&app, &waiting["id"]).await["status"], "processing");
    assert_eq!(server.books().refunds, Vec::<Value>::new());
    // The operator gives it back at Stripe, and has the checkout go on.
    for intent in server.books().intents.values_mut() {
        intent["latest_charge"] = json!({"id": "ch_1", "object": "charge", "refunded": true});
    }
    let (orchestrator, id) = (app.platform.shop.orders.orchestrator(), order.to_string());
    orchestrator.retry(&Tenant::default(), "place-order", &id, "operator", "given back").await.unwrap();
    becomes(&app, order, OrderStatus::Failed).await;
    assert_eq!(self::payment(&app, &waiting["id"]).await["status"], "cancelled");
    all_is_well(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pretended_money_is_not_taken_for_real_money() {
    for (ours, status) in [(Some(true), 400), (Some(false), 200), (None, 200)] {
        let app = App::with(Backend::sqlite(), |shop| shop.stripe_livemode = ours).await;
        let customer = new_id();
        let payment = opened(&app, customer).await;
        let waiting = process(&app, &payment, customer, "tok_requires_action").expect(200).await.json();
        let told = tell(&app, &taken("evt_1", &waiting, 2_000, "usd")).expect(status).await;
        assert_eq!(status == 400, told.json()["code"] == "other_mode");
        let now = self::payment(&app, &payment["id"]).await;
        assert_eq!(now["status"] == "succeeded", status == 200, "{ours:?}");
        app.close().await;
    }
}
