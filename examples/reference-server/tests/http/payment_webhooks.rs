//! What Stripe tells: signed, once, and never lost.

use commerce_adapters::stripe::webhook::WebhookSecrets;
use commerce_core::id::Tenant;
use reference_server::services::payment::{STRAY_MONEY, StrayMoney};
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::on_every_backend;
use crate::payment_support::{all_is_well, event, new_id, now, opened, payment, process, signed, tell};
use crate::support::{App, WEBHOOK_SECRET, eventually};

on_every_backend!(
    only_what_is_signed_is_believed,
    a_payment_that_waits_is_ended_by_its_webhook_once,
    what_says_nothing_of_a_payment_changes_nothing,
    money_that_comes_too_late_is_sent_back,
);

async fn waiting(app: &App) -> Value {
    let customer = new_id();
    let payment = opened(app, customer).await;
    process(app, &payment, customer, "tok_requires_action").expect(200).await.json()
}

async fn only_what_is_signed_is_believed(app: App) {
    let payment = waiting(&app).await;
    let event = event("evt_1", "payment_intent.succeeded", &payment["external_payment_id"], None);
    let (body, time) = (event.to_string(), now());
    let right = signed(WEBHOOK_SECRET, time, &body);
    let told = |body: &str| app.post("/webhooks/stripe", Value::Null).raw("application/json", body);
    told(&body).refused(400, "invalid_signature").await;
    for header in [
        String::new(),
        format!("t={time}"),
        format!("t={time},v1={}", signed("whsec_other", time, &body)),
        format!("t={},v1={right}", time + 1),
        format!("t={},v1={}", time - 301, signed(WEBHOOK_SECRET, time - 301, &body)),
        format!("t={},v1={}", time + 400, signed(WEBHOOK_SECRET, time + 400, &body)),
        format!("t={time},v0={right}"),
    ] {
        told(&body).header("stripe-signature", &header).refused(400, "invalid_signature").await;
    }
    // Byte for byte: the same JSON with a blank more is another body.
    let header = format!("t={time},v1={right}");
    told(&format!("{body} ")).header("stripe-signature", &header).refused(400, "invalid_signature").await;
    let nonsense = format!("t={time},v1={}", signed(WEBHOOK_SECRET, time, "{}"));
    told("{}").header("stripe-signature", &nonsense).refused(400, "invalid_body").await;
    assert_eq!(self::payment(&app, &payment["id"]).await["status"], "processing");
    let several = format!("t={time},v1={},v1={right},v0=x", "0".repeat(64));
    told(&body).header("stripe-signature", &several).expect(200).await;
    assert_eq!(self::payment(&app, &payment["id"]).await["status"], "succeeded");
    app.close().await;
}

async fn a_payment_that_waits_is_ended_by_its_webhook_once(app: App) {
    let payment = waiting(&app).await;
    let charge = &payment["external_payment_id"];
    let succeeded = event("evt_1", "payment_intent.succeeded", charge, Some(&payment["id"]));
    // The provider is asked, and says that it waits still.
    tell(&app, &event("evt_0", "payment_intent.payment_failed", charge, None)).expect(200).await;
    tell(&app, &event("evt_00", "payment_intent.processing", charge, None)).expect(200).await;
    assert_eq!(self::payment(&app, &payment["id"]).await["status"], "processing");
    let (one, two) = tokio::join!(tell(&app, &succeeded).send(), tell(&app, &succeeded).send());
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (200, 200));
    assert_eq!(one.json(), json!({"received": true}));
    let ended = self::payment(&app, &payment["id"]).await;
    assert_eq!((&ended["status"], &ended["external_payment_id"]), (&json!("succeeded"), charge));
    // Told again, under its id or another: no effect.
    tell(&app, &succeeded).expect(200).await;
    tell(&app, &event("evt_2", "payment_intent.succeeded", charge, Some(&payment["id"]))).expect(200).await;
    assert_eq!(self::payment(&app, &payment["id"]).await, ended);
    all_is_well(&app).await;
    app.close().await;
}

async fn what_says_nothing_of_a_payment_changes_nothing(app: App) {
    let elsewhere = json!(new_id());
    for told in [
        event("evt_1", "payment_intent.succeeded", &json!("pi_unknown"), None),
        event("evt_2", "payment_intent.succeeded", &json!("pi_unknown"), Some(&elsewhere)),
        json!({"id": "evt_3", "type": "customer.created", "created": now(), "data": {"object": {"id": "cus_1"}}}),
    ] {
        tell(&app, &told).expect(200).await;
    }
    app.close().await;
}

async fn money_that_comes_too_late_is_sent_back(app: App) {
    let customer = new_id();
    let payment = opened(&app, customer).await;
    let failed = process(&app, &payment, customer, "tok_declined").expect(200).await.json();
    let charge = json!("pi_late");
    for id in ["evt_1", "evt_1", "evt_2"] {
        tell(&app, &event(id, "payment_intent.succeeded", &charge, Some(&payment["id"]))).expect(200).await;
    }
    assert_eq!(self::payment(&app, &payment["id"]).await, failed);
    let store = &app.platform.shop.stores().payment;
    let stray = eventually("the money is sent back", async || {
        let found = store.document(&Tenant::default(), STRAY_MONEY, "pi_late").await.unwrap();
        let stray: StrayMoney = found.unwrap().json().unwrap();
        stray.external_refund_id.is_some().then_some(stray)
    })
    .await;
    assert_eq!(json!(stray.payment_id), payment["id"]);
    assert_eq!((json!(stray.amount), stray.why.as_str()), (payment["amount"].clone(), "wrong_state"));
    all_is_well(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_nothing_is_taken_in() {
    let none = |shop: &mut reference_server::shop::ShopOptions| {
        shop.stripe_webhook_secrets = WebhookSecrets::new([]);
    };
    let app = App::with(Backend::sqlite(), none).await;
    let told = tell(&app, &event("evt_1", "payment_intent.succeeded", &json!("pi_1"), None));
    told.refused(503, "webhook_not_configured").await;
    app.close().await;
}
