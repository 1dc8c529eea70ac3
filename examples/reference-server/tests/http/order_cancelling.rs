//! Orders are cancelled: at once, or with all that was done for them.

use commerce_core::payment::PaymentStatus;
use commerce_core::shipping::ShipmentStatus;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::books;
use crate::on_every_backend;
use crate::shopping::{assert_books_agree, buy, goods, order_id, order_of, stock, until_order};
use crate::support::App;

on_every_backend!(
    an_order_that_was_not_paid_is_cancelled_at_once,
    a_confirmed_order_is_cancelled_with_all_that_was_done_for_it,
    of_two_cancellations_one_has_an_effect,
);

fn reason() -> Value {
    json!({"reason": "changed my mind"})
}

async fn an_order_that_was_not_paid_is_cancelled_at_once(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = app.post("/orders", order_of(&[(tea, 1)])).role("customer").expect(201).await.id();
    let path = format!("/orders/{id}/cancel");
    app.post(&path, reason()).refused(401, "unauthenticated").await;
    app.post(&path, reason()).user(Uuid::from_u128(9), "customer").refused(404, "not_found").await;
    app.post(&path, reason()).role("warehouse").refused(404, "not_found").await;
    let problem =
        app.post(&path, json!({"reason": " "})).role("customer").refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/reason");
    app.post(&path, json!({})).role("customer").refused(400, "invalid_body").await;
    app.post(&path, reason())
        .role("customer")
        .header("if-match", "\"4\"")
        .refused(412, "precondition_failed")
        .await;
    let cancelled = app.post(&path, reason()).admin().expect(200).await.json();
    assert_eq!(
        (&cancelled["status"], &cancelled["cancel_reason"]),
        (&json!("cancelled"), &reason()["reason"])
    );
    // The first reason stands.
    let again = app.post(&path, json!({"reason": "another"})).role("customer").expect(200).await.json();
    assert_eq!(again, cancelled);
    let history = app.get(&format!("/orders/{id}/history")).role("customer").expect(200).await.json();
    assert_eq!(
        (&history["items"][1]["type"], &history["items"][1]["actor"]),
        (&json!("OrderCancelled"), &json!("staff"))
    );
    assert_books_agree(&app).await;
    app.close().await;
}

async fn a_confirmed_order_is_cancelled_with_all_that_was_done_for_it(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = buy(&app, "tok_visa", &[(tea, 3), (tea, 1)]).await;
    until_order(&app, &id, "confirmed").await;
    assert_eq!(stock(&app, tea).await, (6, 0));
    let path = format!("/orders/{id}/cancel");
    let problem =
        app.post(&path, json!({"reason": ""})).role("customer").refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/reason");
    let begun = app.post(&path, reason()).role("customer").expect(202).await;
    assert_eq!(begun.json()["status"], "confirmed");
    let order = until_order(&app, &id, "cancelled").await;
    assert_eq!(order["cancel_reason"], reason()["reason"]);
    let stores = app.platform.shop.stores();
    let payment = books::payment(&stores.payment, order_id(&id)).await;
    assert_eq!(payment.status(), Some(PaymentStatus::Refunded));
    assert!(books::money(&stores.payment).await.is_zero());
    let shipment = books::shipment(&stores.shipping, order_id(&id)).await;
    assert_eq!(shipment.status(), Some(ShipmentStatus::Cancelled));
    assert_eq!(stock(&app, tea).await, (10, 0));
    let saga = app.get(&format!("/orders/{id}/saga")).role("customer").expect(200).await.json();
    assert_eq!(saga["status"], "completed");
    let cancellation = &saga["cancellation"];
    assert_eq!(
        (&cancellation["saga"], &cancellation["status"]),
        (&json!("cancel-order"), &json!("completed"))
    );
    let steps: Vec<_> =
        cancellation["steps"].as_array().unwrap().iter().map(|step| step["name"].clone()).collect();
    assert_eq!(steps, ["cancel-shipment", "refund", "restock", "cancel-order"]);
    let parcel = json!({"tracking_number": "TRK1", "carrier": "dhl"});
    app.post(&format!("/orders/{id}/ship"), parcel).role("warehouse").refused(409, "wrong_state").await;
    assert_eq!(app.post(&path, reason()).role("customer").expect(200).await.json(), order);
    assert_books_agree(&app).await;
    app.close().await;
}

async fn of_two_cancellations_one_has_an_effect(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = buy(&app, "tok_visa", &[(tea, 3)]).await;
    until_order(&app, &id, "confirmed").await;
    let path = format!("/orders/{id}/cancel");
    let ask = || app.post(&path, reason()).role("customer").send();
    let parcel = json!({"tracking_number": "TRK1", "carrier": "dhl"});
    let ship = app.post(&format!("/orders/{id}/ship"), parcel).role("warehouse").send();
    let (one, other, shipped) = tokio::join!(ask(), ask(), ship);
    if shipped.status == 200 {
        assert!(one.status == 409 && other.status == 409, "{} {}", one.status, other.status);
        until_order(&app, &id, "shipped").await;
    } else {
        assert_eq!(shipped.status, 409);
        for answer in [one, other] {
            assert!(answer.status == 202 || answer.status == 200, "{}", answer.status);
        }
        until_order(&app, &id, "cancelled").await;
        assert_eq!(stock(&app, tea).await, (10, 0));
    }
    assert_books_agree(&app).await;
    app.close().await;
}
