//! Parcels that staff make for an order: none outlives it in the warehouse, however it ends.

use std::time::Duration;

use commerce_core::Timestamp;
use commerce_core::commit::{Claim, Commit, Expected, NewEvent};
use commerce_core::order::{Order, OrderEvent};
use commerce_core::shipping::TrackingNumber;
use commerce_core::stream::StreamId;
use reference_server::services::order::shipment_of;
use serde_json::{Value, json};

use crate::on_every_backend;
use crate::payment_support::{all_is_well, awaiting};
use crate::shopping::{address, assert_books_agree, buy, goods, means, order_id, order_of, until_order};
use crate::support::{App, Ask, eventually};

on_every_backend!(
    parcels_made_while_an_order_is_cancelled_are_called_off_or_refused,
    of_a_parcel_and_the_end_of_its_order_one_sees_the_other,
    a_parcel_of_an_order_that_was_not_paid_is_called_off_with_it,
    a_parcel_is_called_off_with_the_checkout_that_turns_back,
    a_parcel_is_called_off_with_the_checkout_that_fails,
    a_parcel_is_called_off_after_a_crash,
    what_has_left_stays_as_it_is,
    nothing_is_packed_for_an_order_that_has_ended,
    an_end_that_is_told_again_changes_nothing,
    parcels_made_at_once_are_one_customers,
    an_order_is_confirmed_though_another_parcel_has_its_parcels_number,
    the_refusals_are_described,
);

fn parcel(order: &str) -> Value {
    json!({
        "order_id": order, "carrier": "dhl", "speed": "express", "address": address(),
        "package": {"weight": "1.5", "length": 30, "width": "20", "height": 10.5},
    })
}

fn make<'a>(app: &'a App, order: &str) -> Ask<'a> {
    app.post("/shipments", parcel(order)).role("warehouse")
}

fn cancel<'a>(app: &'a App, order: &str) -> Ask<'a> {
    app.post(&format!("/orders/{order}/cancel"), json!({"reason": "changed my mind"})).role("customer")
}

/// An order that nobody has begun to pay.
async fn placed(app: &App) -> String {
    let tea = goods(app, "TEA", "2.50", 10).await;
    app.post("/orders", order_of(&[(tea, 1)])).role("customer").expect(201).await.id()
}

async fn pay(app: &App, order: &str, token: &str) {
    let body = json!({"payment_method": means(token)});
    app.post(&format!("/orders/{order}/initiate-payment"), body).role("customer").expect(200).await;
}

async fn shipment(app: &App, id: &str) -> Value {
    app.get(&format!("/shipments/{id}")).role("warehouse").expect(200).await.json()
}

/// It goes nowhere, for this reason, and the warehouse is not offered it.
async fn is_called_off(app: &App, id: &str, reason: &str) {
    let found = eventually("the parcel is called off", async || {
        let found = shipment(app, id).await;
        (found["status"] == "cancelled").then_some(found)
    })
    .await;
    assert_eq!(found["reason"], reason);
    let pending = app.get("/shipments/pending").role("warehouse").expect(200).await.json();
    assert_eq!(pending["items"], json!([]));
}

/// Until nothing can be packed for an order.
async fn until_known_to_have_ended(app: &App, order: &str) {
    eventually("its end is known", async || {
        let answer = make(app, order).send().await;
        let ended = answer.status == 409 && answer.json()["code"] == "order_ended";
        assert!(ended || answer.status == 201, "{}", answer.json());
        ended.then_some(())
    })
    .await;
}

/// Makes parcels for an order until that is refused, and answers which.
async fn pack_until_refused(app: &App, order: &str) -> Vec<String> {
    let mut packed = Vec::new();
    eventually("nothing is packed any more", async || {
        let answer = make(app, order).send().await;
        match answer.status.as_u16() {
            201 => packed.push(answer.id()),
            // Others were faster, again and again.
            409 if answer.json()["code"] == "version_conflict" => {}
            _ => {
                assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (409, &json!("order_ended")));
                return Some(());
            }
        }
        None
    })
    .await;
    packed
}

/// As parcels of older programs may, which took any number.
async fn an_order_is_confirmed_though_another_parcel_has_its_parcels_number(app: App) {
    let order = placed(&app).await;
    let own = TrackingNumber::of(shipment_of(order_id(&order)));
    let claim = Claim::new("tracking-number", own.as_str());
    app.platform.shop.stores().shipping.commit(Commit::new().claim(claim)).await.unwrap();
    pay(&app, &order, "tok_visa").await;
    let confirmed = until_order(&app, &order, "confirmed").await;
    let parcel = shipment(&app, confirmed["shipment_id"].as_str().unwrap()).await;
    assert_ne!(parcel["tracking_number"], own.as_str());
    app.close().await;
}

async fn parcels_made_while_an_order_is_cancelled_are_called_off_or_refused(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    for _ in 0..5 {
        let order = buy(&app, "tok_visa", &[(tea, 1)]).await;
        until_order(&app, &order, "confirmed").await;
        let pack = || pack_until_refused(&app, &order);
        let (_, one, other, third) = tokio::join!(cancel(&app, &order).expect(202), pack(), pack(), pack());
        until_order(&app, &order, "cancelled").await;
        for id in [one, other, third].concat() {
            assert_eq!(shipment(&app, &id).await["status"], "cancelled", "it was there before the refusal");
        }
        let pending = app.get("/shipments/pending").role("warehouse").expect(200).await.json();
        assert_eq!(pending["items"], json!([]));
    }
    assert_books_agree(&app).await;
    app.close().await;
}

/// Parcels are made at the moment at which shipping hears of the end, again and again.
async fn of_a_parcel_and_the_end_of_its_order_one_sees_the_other(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    for _ in 0..20 {
        let order = app.post("/orders", order_of(&[(tea, 1)])).role("customer").expect(201).await.id();
        let pack = async || {
            let mut packed = Vec::new();
            loop {
                let answer = make(&app, &order).send().await;
                match answer.status.as_u16() {
                    201 => packed.push(answer.id()),
                    _ if answer.json()["code"] == "order_ended" => return packed,
                    _ => assert_eq!(answer.json()["code"], "version_conflict"),
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let all = async { tokio::join!(cancel(&app, &order).expect(200), pack(), pack(), pack()) };
        let (_, one, other, third) = tokio::time::timeout(Duration::from_secs(60), all).await.unwrap();
        for id in [one, other, third].concat() {
            assert_eq!(shipment(&app, &id).await["status"], "cancelled");
        }
    }
    assert_books_agree(&app).await;
    app.close().await;
}

async fn a_parcel_of_an_order_that_was_not_paid_is_called_off_with_it(app: App) {
    let order = placed(&app).await;
    let parcel = make(&app, &order).expect(201).await.id();
    cancel(&app, &order).expect(200).await;
    is_called_off(&app, &parcel, "changed my mind").await;
    make(&app, &order).refused(409, "order_ended").await;
    assert_books_agree(&app).await;
    app.close().await;
}

async fn a_parcel_is_called_off_with_the_checkout_that_turns_back(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let order = buy(&app, "tok_requires_action", &[(tea, 3)]).await;
    awaiting(&app, order_id(&order)).await;
    let parcel = make(&app, &order).expect(201).await.id();
    cancel(&app, &order).expect(202).await;
    until_order(&app, &order, "cancelled").await;
    is_called_off(&app, &parcel, "changed my mind").await;
    make(&app, &order).refused(409, "order_ended").await;
    assert_books_agree(&app).await;
    app.close().await;
}

async fn a_parcel_is_called_off_with_the_checkout_that_fails(app: App) {
    let order = placed(&app).await;
    let parcel = make(&app, &order).expect(201).await.id();
    pay(&app, &order, "tok_declined").await;
    until_order(&app, &order, "failed").await;
    is_called_off(&app, &parcel, "the order has failed").await;
    make(&app, &order).refused(409, "order_ended").await;
    assert_books_agree(&app).await;
    app.close().await;
}

/// The services have not heard of the end when the process dies.
async fn a_parcel_is_called_off_after_a_crash(app: App) {
    let order = placed(&app).await;
    let parcel = make(&app, &order).expect(201).await.id();
    let app = app.broken_off().await;
    cancel(&app, &order).expect(200).await;
    assert_eq!(shipment(&app, &parcel).await["status"], "pending");
    let app = app.restarted().await;
    is_called_off(&app, &parcel, "changed my mind").await;
    // What another service had begun may still be tried again.
    all_is_well(&app).await;
    app.close().await;
}

async fn what_has_left_stays_as_it_is(app: App) {
    let order = placed(&app).await;
    let (gone, packed) =
        (make(&app, &order).expect(201).await.id(), make(&app, &order).expect(201).await.id());
    for (parcel, status) in [(&gone, "pickup_scheduled"), (&gone, "picked_up"), (&packed, "pickup_scheduled")]
    {
        let path = format!("/shipments/{parcel}/status");
        app.put(&path, json!({"status": status})).role("warehouse").expect(200).await;
    }
    let before = shipment(&app, &gone).await;
    cancel(&app, &order).expect(200).await;
    is_called_off(&app, &packed, "changed my mind").await;
    assert_eq!(shipment(&app, &gone).await, before);
    make(&app, &order).refused(409, "order_ended").await;
    assert_books_agree(&app).await;
    app.close().await;
}

async fn nothing_is_packed_for_an_order_that_has_ended(app: App) {
    let cancelled = placed(&app).await;
    cancel(&app, &cancelled).expect(200).await;
    until_known_to_have_ended(&app, &cancelled).await;
    let failed = placed(&app).await;
    pay(&app, &failed, "tok_declined").await;
    until_order(&app, &failed, "failed").await;
    until_known_to_have_ended(&app, &failed).await;
    let problem = make(&app, &failed).refused(409, "order_ended").await;
    assert_eq!(problem["detail"], "the order was cancelled or has failed");
    // What is wrong with the parcel is said first.
    let mut wrong = parcel(&failed);
    wrong["address"]["city"] = json!("");
    app.post("/shipments", wrong).role("warehouse").refused(400, "validation_failed").await;
    assert_books_agree(&app).await;
    app.close().await;
}

async fn an_end_that_is_told_again_changes_nothing(app: App) {
    let order = placed(&app).await;
    let parcel = make(&app, &order).expect(201).await.id();
    cancel(&app, &order).expect(200).await;
    is_called_off(&app, &parcel, "changed my mind").await;
    let before = shipment(&app, &parcel).await;
    let again = OrderEvent::OrderCancelled { reason: "again".to_owned(), cancelled_at: Timestamp::default() };
    let (stream, again) = (StreamId::of::<Order>(&order_id(&order)), NewEvent::encode(&again).unwrap());
    let orders = &app.platform.shop.stores().order;
    orders.commit(Commit::new().append(stream, Expected::Any, vec![again])).await.unwrap();
    assert_books_agree(&app).await;
    assert_eq!(shipment(&app, &parcel).await, before);
    make(&app, &order).refused(409, "order_ended").await;
    app.close().await;
}

async fn parcels_made_at_once_are_one_customers(app: App) {
    for round in 0..5 {
        let order = uuid::Uuid::from_u128(0x0190_a0a0 + round).to_string();
        let of = |customer: u128| {
            let mut body = parcel(&order);
            body["customer_id"] = json!(uuid::Uuid::from_u128(customer));
            app.post("/shipments", body).role("warehouse").send()
        };
        let (one, other) = tokio::join!(of(1), of(2));
        let refused = if one.status == 201 { other } else { one };
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (409, &json!("customer_mismatch")));
    }
    app.close().await;
}

async fn the_refusals_are_described(app: App) {
    let api = app.get("//openapi.json").expect(200).await.json();
    let refusal = &api["paths"]["/api/v1/shipments"]["post"]["responses"]["409"];
    for code in ["order_ended", "customer_mismatch", "tracking_number_taken"] {
        assert!(refusal["description"].as_str().is_some_and(|text| text.contains(code)), "{refusal}");
    }
    assert!(refusal["content"]["application/problem+json"].is_object(), "{refusal}");
    app.close().await;
}
