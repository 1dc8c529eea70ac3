//! What a customer has to do at the provider: they learn it, and no one else, and nothing that is kept holds it.

use commerce_core::order::OrderStatus;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::on_every_backend;
use crate::payment_stripe::{about, shop};
use crate::payment_support::{all_is_well, awaiting, becomes, new_id, opened, ordered, process, tell};
use crate::stripe_server::{Fault, SECRET};
use crate::support::{App, Reply};

on_every_backend!(
    what_a_customer_has_to_do_is_theirs_alone_to_see,
    it_is_kept_nowhere_not_even_under_a_key,
    what_does_not_wait_has_nothing_to_do,
);

fn path(payment: &Value) -> String {
    format!("/payments/{}", payment["id"].as_str().unwrap())
}

fn of_order(payment: &Value) -> String {
    format!("/payments/order/{}", payment["order_id"].as_str().unwrap())
}

/// A payment that waits for its customer, as they see it.
async fn waiting(app: &App, customer: Uuid) -> Reply {
    let payment = opened(app, customer).await;
    process(app, &payment, customer, "tok_requires_action").expect(200).await;
    app.get(&path(&payment)).user(customer, "customer").expect(200).await
}

async fn what_a_customer_has_to_do_is_theirs_alone_to_see(app: App) {
    let owner = new_id();
    let payment = waiting(&app, owner).await.json();
    let action = &payment["next_action"];
    let charge = payment["external_payment_id"].as_str().unwrap();
    assert_eq!((&action["type"], &action["redirect_url"]), (&json!("use_sdk"), &Value::Null));
    let secret = action["client_secret"].as_str().unwrap();
    assert!(secret.starts_with(&format!("{charge}_secret_")), "{secret}");
    for path in [path(&payment), of_order(&payment)] {
        let shown = app.get(&path).user(owner, "customer").expect(200).await;
        assert_eq!((&shown.json()["next_action"], shown.header("cache-control")), (action, "no-store"));
        app.get(&path).user(new_id(), "customer").refused(404, "payment_not_found").await;
        app.get(&path).role("warehouse,analyst").refused(404, "payment_not_found").await;
        // An admin sees that it waits, and not how to act in the customer's place.
        let admins = app.get(&path).admin().expect(200).await.json();
        assert_eq!((&admins["next_action"], &admins["status"]), (&Value::Null, &json!("processing")));
    }
    let by_admin =
        app.post(&format!("{}/process", path(&payment)), json!({"payment_method_id": "tok_requires_action"}));
    assert_eq!(by_admin.admin().expect(200).await.json()["next_action"], Value::Null);
    app.close().await;
}

async fn it_is_kept_nowhere_not_even_under_a_key(app: App) {
    let owner = new_id();
    let payment = opened(&app, owner).await;
    let ask = || process(&app, &payment, owner, "tok_requires_action").key("k");
    let first = ask().expect(200).await;
    let again = ask().expect(200).await;
    assert_eq!((again.header("idempotency-replayed"), again.json()), ("true", first.json()));
    let first = first.json();
    assert_eq!(first["next_action"], Value::Null);
    let seen = app.get(&path(&first)).user(owner, "customer").expect(200).await.json();
    let secret = seen["next_action"]["client_secret"].as_str().unwrap().to_owned();
    // What is kept would be found: the charge's id is, of which the secret is made.
    assert!(app.keeps(first["external_payment_id"].as_str().unwrap()).await);
    assert!(!app.keeps(&secret).await);
    // Nor is it when the payment has ended.
    let confirm = json!({"external_payment_id": first["external_payment_id"]});
    let ended = app.post("/payments/confirm", confirm).admin().key("c").expect(200).await.json();
    assert_eq!((&ended["status"], &ended["next_action"]), (&json!("succeeded"), &Value::Null));
    let shown = app.get(&path(&first)).user(owner, "customer").expect(200).await.json();
    assert_eq!(shown["next_action"], Value::Null);
    assert!(!app.keeps(&secret).await);
    all_is_well(&app).await;
    app.close().await;
}

async fn what_does_not_wait_has_nothing_to_do(app: App) {
    let owner = new_id();
    for token in ["tok_visa", "tok_declined"] {
        let payment = opened(&app, owner).await;
        assert_eq!(payment["next_action"], Value::Null);
        let processed = process(&app, &payment, owner, token).expect(200).await;
        assert_eq!(processed.json()["next_action"], Value::Null, "{token}");
        let shown = app.get(&path(&payment)).user(owner, "customer").expect(200).await;
        assert_eq!(shown.json()["next_action"], Value::Null, "{token}");
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_of_stripes_proves_who_they_are_and_the_order_goes_on() {
    let (server, app) = shop(100).await;
    let customer = new_id();
    let order = ordered(&app, customer, "pm_card_3ds").await;
    let waiting = awaiting(&app, order).await;
    let shown = || app.get(&format!("/payments/order/{order}")).user(customer, "customer");
    let action = shown().expect(200).await.json()["next_action"].clone();
    let secret = format!("{}_secret_{SECRET}", waiting["external_payment_id"].as_str().unwrap());
    assert_eq!(action, json!({"type": "use_sdk", "client_secret": secret, "redirect_url": null}));
    assert!(!app.keeps(SECRET).await);
    // The payment can be seen while Stripe is out of order, though not what to do.
    server.will([Fault::FailedBefore]);
    let seen = shown().expect(200).await.json();
    assert_eq!((&seen["status"], &seen["next_action"]), (&json!("processing"), &Value::Null));
    assert_eq!(shown().expect(200).await.json()["next_action"], action);
    server.books().customer_acts(waiting["external_payment_id"].as_str().unwrap(), true);
    tell(&app, &about("evt_1", "payment_intent.succeeded", &waiting)).expect(200).await;
    becomes(&app, order, OrderStatus::Confirmed).await;
    assert_eq!(shown().expect(200).await.json()["next_action"], Value::Null);
    all_is_well(&app).await;
    app.close().await;
}
