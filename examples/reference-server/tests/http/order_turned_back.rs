//! Orders that are cancelled while they are being paid: their checkout turns back, wherever it is.

use std::collections::BTreeMap;

use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::id::{ProductId, Tenant};
use commerce_core::payment::PaymentStatus;
use commerce_core::shipping::ShipmentStatus;
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::books;
use crate::on_every_backend;
use crate::payment_support::{awaiting, event, tell};
use crate::shopping::{assert_books_agree, buy, goods, order_id, stock, until_order};
use crate::support::{App, Reply, eventually};

on_every_backend!(
    a_checkout_that_waits_for_its_customer_turns_back,
    an_order_is_cancelled_right_after_it_is_paid,
    of_a_cancellation_and_a_confirmation_one_has_its_effect,
    a_wish_outlives_the_process_that_granted_it,
    a_checkout_that_fails_by_itself_is_left_to_it,
    a_checkout_whose_payment_is_never_answered_turns_back,
);

const ON_HAND: u32 = 10;

fn reason() -> Value {
    json!({"reason": "changed my mind"})
}

async fn cancel(app: &App, id: &str) -> Reply {
    app.post(&format!("/orders/{id}/cancel"), reason()).role("customer").send().await
}

async fn saga(app: &App, id: &str) -> Value {
    app.get(&format!("/orders/{id}/saga")).role("customer").expect(200).await.json()
}

/// It is cancelled for this reason, and nothing is left of it.
async fn is_cancelled(app: &App, id: &str, product_id: ProductId) {
    let order = until_order(app, id, "cancelled").await;
    assert_eq!((&order["cancel_reason"], &order["failure"]), (&reason()["reason"], &Value::Null));
    assert_eq!(stock(app, product_id).await, (u64::from(ON_HAND), 0));
    let stores = app.platform.shop.stores();
    let undone =
        [None, Some(PaymentStatus::Cancelled), Some(PaymentStatus::Failed), Some(PaymentStatus::Refunded)];
    let payment = books::payment(&stores.payment, order_id(id)).await;
    assert!(undone.contains(&payment.status()), "{:?}", payment.status());
    assert!(payment.cancel_reason().is_none_or(|why| why == "the order was cancelled"), "{payment:?}");
    assert!(!books::has_live_payment(&stores.payment, order_id(id)).await);
    assert!(books::money(&stores.payment).await.is_zero());
    let shipment = books::shipment(&stores.shipping, order_id(id)).await.status();
    assert!(shipment.is_none_or(|status| status == ShipmentStatus::Cancelled), "{shipment:?}");
    assert_eq!(cancel(app, id).await.json(), order, "asked again, it is as it was");
}

async fn a_checkout_that_waits_for_its_customer_turns_back(app: App) {
    let tea = goods(&app, "TEA", "2.50", ON_HAND).await;
    let id = buy(&app, "tok_requires_action", &[(tea, 3)]).await;
    let payment = awaiting(&app, order_id(&id)).await;
    assert_eq!(stock(&app, tea).await, (10, 3));
    let path = format!("/orders/{id}/cancel");
    app.post(&path, reason()).user(Uuid::from_u128(9), "customer").refused(404, "not_found").await;
    let wrong = app.post(&path, json!({"reason": " "})).role("customer");
    assert_eq!(wrong.refused(400, "validation_failed").await["errors"][0]["pointer"], "/reason");
    app.post(&path, reason())
        .role("customer")
        .header("if-match", "\"9\"")
        .refused(412, "precondition_failed")
        .await;
    assert_eq!(saga(&app, &id).await["status"], "running", "none of these had an effect");

    let ask = || app.post(&path, reason()).role("customer").key("cancel");
    let granted = ask().expect(202).await;
    assert_eq!(granted.json()["status"], "payment_initiated");
    assert_eq!(ask().expect(202).await.bytes, granted.bytes);
    // The first reason stands, whether it is undone by now or not.
    let again = app.post(&path, json!({"reason": "another"})).admin().send().await;
    assert!(again.status == StatusCode::ACCEPTED || again.status == StatusCode::OK, "{}", again.status);
    is_cancelled(&app, &id, tea).await;

    let saga = saga(&app, &id).await;
    let failure = json!({"step": "capture-payment", "code": "aborted", "detail": reason()["reason"]});
    assert_eq!((&saga["status"], &saga["failure"]), (&json!("failed"), &failure));
    assert_eq!(
        (&saga["steps"][1]["error"]["code"], &saga["cancellation"]),
        (&json!("aborted"), &Value::Null)
    );
    for step in [0, 1] {
        assert_eq!(saga["steps"][step]["compensation"]["state"], "done", "{saga}");
    }
    let history = app.get(&format!("/orders/{id}/history")).admin().expect(200).await.json();
    let told: Vec<_> =
        history["items"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(told, ["OrderPlaced", "PaymentInitiated", "OrderCancelled"]);
    let parcel = json!({"tracking_number": "TRK1", "carrier": "dhl"});
    app.post(&format!("/orders/{id}/ship"), parcel).role("warehouse").refused(409, "wrong_state").await;
    app.post(&format!("/orders/{id}/confirm"), json!({})).admin().refused(409, "wrong_state").await;
    // The customer acts after all: the money goes back.
    let late =
        event("evt_1", "payment_intent.succeeded", &payment["external_payment_id"], Some(&payment["id"]));
    tell(&app, &late).expect(200).await;
    assert_books_agree(&app).await;
    app.close().await;
}

/// The provider is asked for as long as it may take, and what never arrived is called off.
async fn a_checkout_whose_payment_is_never_answered_turns_back(app: App) {
    let tea = goods(&app, "TEA", "2.50", ON_HAND).await;
    let id = buy(&app, "tok_timeout", &[(tea, 3)]).await;
    until_payment(&app, &id).await;
    app.post(&format!("/orders/{id}/cancel"), reason()).role("customer").expect(202).await;
    is_cancelled(&app, &id, tea).await;
    assert_books_agree(&app).await;
    app.close().await;
}

/// Until the payment service has begun to take the money.
async fn until_payment(app: &App, id: &str) {
    let store = &app.platform.shop.stores().payment;
    eventually("a payment", async || books::payment(store, order_id(id)).await.status()).await;
}

async fn an_order_is_cancelled_right_after_it_is_paid(app: App) {
    let tea = goods(&app, "TEA", "2.50", ON_HAND).await;
    // Wherever its checkout is by then, and also when it has just been confirmed.
    for done in 0..=4 {
        let id = buy(&app, "tok_visa", &[(tea, 3)]).await;
        eventually("the steps are done", async || (steps_done(&saga(&app, &id).await) >= done).then_some(()))
            .await;
        let granted = cancel(&app, &id).await;
        assert_eq!(granted.status, StatusCode::ACCEPTED, "{}", granted.json());
        is_cancelled(&app, &id, tea).await;
    }
    assert_books_agree(&app).await;
    app.close().await;
}

fn steps_done(saga: &Value) -> usize {
    saga["steps"].as_array().unwrap().iter().filter(|step| step["state"] == "done").count()
}

/// The payment is confirmed at the moment at which the order is cancelled, again and again.
async fn of_a_cancellation_and_a_confirmation_one_has_its_effect(app: App) {
    let tea = goods(&app, "TEA", "2.50", ON_HAND).await;
    let mut ends = BTreeMap::<&str, usize>::new();
    for round in 0..30 {
        let id = buy(&app, "tok_requires_action", &[(tea, 1)]).await;
        let payment = awaiting(&app, order_id(&id)).await;
        let body = json!({"external_payment_id": payment["external_payment_id"]});
        let confirm = app.post("/payments/confirm", body).admin().send();
        let wish = async {
            // The later the round, the further the checkout is.
            let done = 1 + round % 4;
            while steps_done(&saga(&app, &id).await) < done {
                tokio::task::yield_now().await;
            }
            cancel(&app, &id).await
        };
        let (confirmed, wished) = tokio::join!(confirm, wish);
        assert!(confirmed.status == StatusCode::OK || confirmed.status == StatusCode::CONFLICT);
        // No one else has a hand in it, so no wish is refused: what is not turned back is cancelled after that.
        assert_eq!(wished.status, StatusCode::ACCEPTED, "{}", wished.json());
        is_cancelled(&app, &id, tea).await;
        let saga = saga(&app, &id).await;
        let by = if saga["cancellation"].is_null() { "turned back" } else { "cancelled" };
        let expected = if by == "cancelled" { "completed" } else { "failed" };
        assert_eq!(saga["status"], expected, "{saga}");
        *ends.entry(by).or_default() += 1;
    }
    println!("{ends:?}");
    assert!(ends.contains_key("turned back"), "{ends:?}");
    assert_books_agree(&app).await;
    app.close().await;
}

/// The payment service still waits for its provider when the process dies: nothing of it is undone by then.
async fn a_wish_outlives_the_process_that_granted_it(app: App) {
    let tea = goods(&app, "TEA", "2.50", ON_HAND).await;
    let id = buy(&app, "tok_timeout", &[(tea, 3)]).await;
    until_payment(&app, &id).await;
    app.post(&format!("/orders/{id}/cancel"), reason()).role("customer").expect(202).await;
    let turning = saga(&app, &id).await;
    assert_eq!(
        (&turning["status"], &turning["failure"]["code"]),
        (&json!("compensating"), &json!("aborted"))
    );
    let app = app.crash().await;
    let again = cancel(&app, &id).await;
    assert!(again.status == StatusCode::ACCEPTED || again.status == StatusCode::OK, "{}", again.status);
    is_cancelled(&app, &id, tea).await;
    assert_books_agree(&app).await;
    app.close().await;
}

/// A checkout that is undone since a step has failed says so on the order, whatever is wished meanwhile.
async fn a_checkout_that_fails_by_itself_is_left_to_it(app: App) {
    let tea = goods(&app, "TEA", "2.50", ON_HAND).await;
    let id = buy(&app, "tok_requires_action", &[(tea, 3)]).await;
    awaiting(&app, order_id(&id)).await;
    // As it stands while it is undone, and stays while it is paused.
    let (store, name) = (&app.platform.shop.stores().order, format!("place-order/{id}"));
    let document = store.document(&Tenant::default(), "sagas", &name).await.unwrap().unwrap();
    let mut failing: Value = document.json().unwrap();
    failing["status"] = json!("compensating");
    failing["paused"] = json!(true);
    failing["failure"] = json!({"step": "capture-payment", "code": "timeout", "detail": "no answer"});
    let expected = Expected::Version(document.version);
    let write = DocumentWrite::json("sagas", name, expected, &failing).unwrap();
    store.commit(Commit::new().document(write)).await.unwrap();
    app.post(&format!("/orders/{id}/cancel"), reason())
        .role("customer")
        .refused(409, "checkout_in_progress")
        .await;
    assert_eq!(saga(&app, &id).await["failure"]["code"], "timeout");
    app.close().await;
}
