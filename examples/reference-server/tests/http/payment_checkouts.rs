//! Checkouts whose customer has to act: the saga waits, and is answered by whoever brings the end.

use std::time::Duration;

use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::order::OrderStatus;
use reference_server::services::order::payment_of;
use serde_json::json;

use crate::backend::Backend;
use crate::on_every_backend;
use crate::payment_support::{all_is_well, awaiting, becomes, event, new_id, ordered, tell};
use crate::support::App;

on_every_backend!(
    a_checkout_goes_on_when_its_payment_is_confirmed,
    a_checkout_goes_on_when_the_webhook_comes,
);

async fn a_checkout_goes_on_when_its_payment_is_confirmed(app: App) {
    let customer = new_id();
    let order = ordered(&app, customer, "tok_requires_action").await;
    let payment = awaiting(&app, order).await;
    assert_eq!(payment["customer_id"], json!(customer));
    app.get(&format!("/payments/order/{order}")).user(customer, "customer").expect(200).await;
    app.get(&format!("/payments/order/{order}"))
        .user(new_id(), "customer")
        .refused(404, "payment_not_found")
        .await;
    let body = json!({"external_payment_id": payment["external_payment_id"]});
    app.post("/payments/confirm", body).admin().expect(200).await;
    // Long before the saga would ask again.
    becomes(&app, order, OrderStatus::Confirmed).await;
    all_is_well(&app).await;
    app.close().await;
}

async fn a_checkout_goes_on_when_the_webhook_comes(app: App) {
    let order = ordered(&app, new_id(), "tok_requires_action").await;
    let payment = awaiting(&app, order).await;
    let succeeded = event("evt_1", "payment_intent.succeeded", &payment["external_payment_id"], None);
    tell(&app, &succeeded).expect(200).await;
    becomes(&app, order, OrderStatus::Confirmed).await;
    all_is_well(&app).await;
    app.close().await;
}

async fn with_step_timeout(timeout: Duration) -> App {
    App::with(Backend::sqlite(), |shop| shop.step_timeout = timeout).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saga_that_asks_again_is_answered_as_well() {
    let app = with_step_timeout(Duration::from_secs(3)).await;
    let order = ordered(&app, new_id(), "tok_requires_action").await;
    let payment = awaiting(&app, order).await;
    // The second request has taken the first one's place.
    tokio::time::sleep(Duration::from_millis(3_800)).await;
    let body = json!({"external_payment_id": payment["external_payment_id"]});
    app.post("/payments/confirm", body).admin().expect(200).await;
    becomes(&app, order, OrderStatus::Confirmed).await;
    all_is_well(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saga_that_no_one_answered_learns_it_from_the_payment() {
    let app = with_step_timeout(Duration::from_secs(2)).await;
    let order = ordered(&app, new_id(), "tok_requires_action").await;
    awaiting(&app, order).await;
    let id = payment_of(order).to_string();
    let forget = DocumentWrite::delete("awaited-payments", &id, Expected::Any);
    app.platform.shop.stores().payment.commit(Commit::new().document(forget)).await.unwrap();
    let told = event("evt_1", "payment_intent.succeeded", &json!("pi_1"), Some(&json!(id)));
    tell(&app, &told).expect(200).await;
    becomes(&app, order, OrderStatus::Confirmed).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_that_waits_in_vain_is_undone_and_late_money_goes_back() {
    let app = with_step_timeout(Duration::from_secs(1)).await;
    let order = ordered(&app, new_id(), "tok_requires_action").await;
    becomes(&app, order, OrderStatus::Failed).await;
    let payment = app.get(&format!("/payments/order/{order}")).admin().expect(200).await.json();
    assert_eq!(payment["status"], "cancelled");
    let late = event("evt_1", "payment_intent.succeeded", &json!("pi_late"), Some(&payment["id"]));
    tell(&app, &late).expect(200).await;
    all_is_well(&app).await;
    app.close().await;
}
