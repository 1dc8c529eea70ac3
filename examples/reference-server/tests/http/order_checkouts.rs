//! Whole checkouts, as a customer sees them.

use std::time::Duration;

use commerce_core::payment::PaymentStatus;
use commerce_core::shipping::ShipmentStatus;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::books;
use crate::on_every_backend;
use crate::shopping::{assert_books_agree, buy, goods, means, order_id, order_of, stock, until_order};
use crate::support::App;

on_every_backend!(
    a_payment_that_succeeds_confirms_the_order,
    a_payment_that_is_declined_fails_it_and_nothing_is_kept,
    two_lines_of_one_product_are_one_demand,
    a_pending_order_is_paid_for_later,
    what_the_checkout_decides_no_one_else_does,
    payments_that_wait_for_their_provider_hold_up_no_others,
);

async fn a_payment_that_succeeds_confirms_the_order(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = buy(&app, "tok_visa", &[(tea, 3)]).await;
    let order = until_order(&app, &id, "confirmed").await;
    let stores = app.platform.shop.stores();
    let payment = books::payment(&stores.payment, order_id(&id)).await;
    assert_eq!(payment.status(), Some(PaymentStatus::Succeeded));
    assert_eq!(order["payment_id"], json!(payment.payment_id().unwrap()));
    assert_eq!(books::money(&stores.payment).await.to_string(), "7.50 GBP");
    let shipment = books::shipment(&stores.shipping, order_id(&id)).await;
    assert_eq!(shipment.status(), Some(ShipmentStatus::Pending));
    assert!(order["shipment_id"].is_string());
    assert_eq!(stock(&app, tea).await, (7, 0));

    let saga = app.get(&format!("/orders/{id}/saga")).role("customer").expect(200).await.json();
    assert_eq!((&saga["saga"], &saga["status"]), (&json!("place-order"), &json!("completed")));
    assert_eq!((&saga["failure"], &saga["cancellation"]), (&Value::Null, &Value::Null));
    let steps: Vec<_> = saga["steps"].as_array().unwrap().iter().map(|step| step["name"].clone()).collect();
    assert_eq!(steps, ["reserve-stock", "capture-payment", "create-shipment", "confirm-reservation"]);
    for step in saga["steps"].as_array().unwrap() {
        assert_eq!((&step["state"], &step["attempts"]), (&json!("done"), &json!(1)));
        assert!(step["started_at"].is_string() && step["ended_at"].is_string());
        assert_eq!((&step["error"], &step["compensation"]), (&Value::Null, &Value::Null));
    }

    let history = format!("/orders/{id}/history");
    let all = app.get(&history).admin().expect(200).await.json();
    let told = |event: &Value| (event["type"].clone(), event["version"].clone(), event["actor"].clone());
    let told: Vec<_> = all["items"].as_array().unwrap().iter().map(told).collect();
    let expected = [
        ("OrderPlaced", "customer"),
        ("PaymentInitiated", "customer"),
        ("PaymentCompleted", "system"),
        ("OrderConfirmed", "system"),
    ];
    let expected =
        expected.iter().enumerate().map(|(at, (what, who))| (json!(what), json!(at + 1), json!(who)));
    assert_eq!(told, expected.collect::<Vec<_>>());
    let placed = &all["items"][0]["data"];
    assert_eq!(placed["total"]["amount"], "7.50");
    assert_eq!(placed["lines"][0]["unit_price"]["currency"], placed["total"]["currency"]);
    assert_eq!(placed["lines"][0]["unit_price_minor"], Value::Null);
    let page = app.get(&format!("{history}?limit=3")).role("customer").expect(200).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = app.get(&format!("{history}?limit=3&cursor={cursor}")).role("customer").expect(200).await;
    assert_eq!(rest.json(), json!({"items": [all["items"][3]], "next_cursor": null}));
    app.get(&history).refused(401, "unauthenticated").await;
    app.get(&history).user(Uuid::from_u128(9), "customer").refused(404, "not_found").await;
    assert_books_agree(&app).await;
    app.close().await;
}

async fn payments_that_wait_for_their_provider_hold_up_no_others(app: App) {
    let tea = goods(&app, "TEA", "2.50", 1_000).await;
    for _ in 0..200 {
        buy(&app, "tok_timeout", &[(tea, 1)]).await;
    }
    let id = buy(&app, "tok_visa", &[(tea, 1)]).await;
    // Sixty-four at a time would take the provider half a minute.
    let confirmed = tokio::time::timeout(Duration::from_secs(12), until_order(&app, &id, "confirmed"));
    assert!(confirmed.await.is_ok(), "it need not wait for those before it");
    app.close().await;
}

async fn a_payment_that_is_declined_fails_it_and_nothing_is_kept(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = buy(&app, "tok_declined", &[(tea, 3)]).await;
    let order = until_order(&app, &id, "failed").await;
    assert_eq!(
        (&order["failure"]["step"], &order["failure"]["code"]),
        (&json!("capture-payment"), &json!("card_declined"))
    );
    assert!(order["failure"]["detail"].is_string());
    assert_eq!(stock(&app, tea).await, (10, 0));
    let saga = app.get(&format!("/orders/{id}/saga")).role("customer").expect(200).await.json();
    assert_eq!(saga["status"], "failed");
    assert_eq!(saga["failure"], order["failure"]);
    assert_eq!(saga["steps"][0]["compensation"]["state"], "done");
    assert_eq!(saga["steps"][1]["error"]["code"], "card_declined");
    assert_eq!(saga["steps"][2]["state"], "pending");
    // A failed order is final: the customer orders anew.
    let again = json!({"payment_method": means("tok_visa")});
    let path = format!("/orders/{id}/initiate-payment");
    app.post(&path, again).role("customer").refused(409, "wrong_state").await;
    let cancel = json!({"reason": "changed my mind"});
    app.post(&format!("/orders/{id}/cancel"), cancel).role("customer").refused(409, "wrong_state").await;
    assert_books_agree(&app).await;
    app.close().await;
}

async fn two_lines_of_one_product_are_one_demand(app: App) {
    let tea = goods(&app, "TEA", "2.50", 5).await;
    let short = buy(&app, "tok_visa", &[(tea, 3), (tea, 3)]).await;
    let order = until_order(&app, &short, "failed").await;
    assert_eq!(order["failure"]["step"], "reserve-stock");
    assert_eq!(order["failure"]["code"], "insufficient_stock", "{order}");
    let enough = buy(&app, "tok_visa", &[(tea, 3), (tea, 2)]).await;
    until_order(&app, &enough, "confirmed").await;
    assert_eq!(stock(&app, tea).await, (0, 0));
    assert_books_agree(&app).await;
    app.close().await;
}

async fn a_pending_order_is_paid_for_later(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = app.post("/orders", order_of(&[(tea, 1)])).role("customer").expect(201).await.id();
    let path = format!("/orders/{id}/initiate-payment");
    let body = || json!({"payment_method": means("tok_visa")});
    app.post(&path, body()).refused(401, "unauthenticated").await;
    app.post(&path, body()).admin().refused(403, "forbidden").await;
    app.post(&path, body()).user(Uuid::from_u128(9), "customer").refused(404, "not_found").await;
    let wrong = json!({"payment_method": means("")});
    let problem = app.post(&path, wrong).role("customer").refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/payment_method/token");
    let ask = || app.post(&path, body()).role("customer").key("pay");
    app.post(&path, body())
        .role("customer")
        .header("if-match", "\"9\"")
        .refused(412, "precondition_failed")
        .await;
    let begun = ask().expect(200).await;
    assert_eq!(begun.json()["status"], "payment_initiated");
    assert_eq!(ask().expect(200).await.bytes, begun.bytes);
    until_order(&app, &id, "confirmed").await;
    app.post(&path, body()).role("customer").refused(409, "wrong_state").await;
    app.close().await;
}

/// The payment waits for its customer, and the checkout with it.
async fn what_the_checkout_decides_no_one_else_does(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = buy(&app, "tok_requires_action", &[(tea, 1)]).await;
    let path = |action: &str| format!("/orders/{id}/{action}");
    let again = json!({"payment_method": means("tok_visa")});
    app.post(&path("initiate-payment"), again).role("customer").refused(409, "checkout_in_progress").await;
    app.post(&path("confirm"), json!({})).admin().refused(409, "checkout_in_progress").await;
    let parcel = json!({"tracking_number": "TRK1", "carrier": "dhl"});
    app.post(&path("ship"), parcel).role("warehouse").refused(409, "wrong_state").await;
    let item = json!({"product_id": tea, "quantity": 1});
    app.post(&path("items"), item).role("customer").refused(409, "wrong_state").await;
    let saga = app.get(&path("saga")).role("customer").expect(200).await.json();
    assert_eq!(saga["status"], "running");
    app.close().await;
}
