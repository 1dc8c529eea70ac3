//! Orders are confirmed, shipped and delivered.

use commerce_core::shipping::{Shipment, ShipmentCommand};
use reference_server::services::order::{PARCELS, shipment_of};
use serde_json::{Value, json};

use crate::on_every_backend;
use crate::shopping::{address, assert_books_agree, buy, goods, order_id, order_of, tell, until_order};
use crate::support::{App, eventually};

on_every_backend!(
    whoever_ships_marks_an_order_as_shipped,
    an_order_is_shipped_and_delivered_as_its_parcel_is,
    a_parcel_delivers_an_order_that_was_shipped_by_hand,
    a_shipment_is_on_its_way_once_its_order_is_shipped,
    staff_may_call_an_orders_shipment_off,
    a_second_parcel_of_an_order_is_seen_by_its_customer,
    a_parcel_that_comes_back_leaves_its_order_and_staff_settle_the_rest,
    admins_confirm_only_what_is_paid,
);

async fn whoever_ships_marks_an_order_as_shipped(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = buy(&app, "tok_visa", &[(tea, 1)]).await;
    let order = until_order(&app, &id, "confirmed").await;
    let path = format!("/orders/{id}/ship");
    let parcel = || json!({"tracking_number": "1Z-999", "carrier": "ups"});
    app.post(&path, parcel()).refused(401, "unauthenticated").await;
    app.post(&path, parcel()).role("customer").refused(403, "forbidden").await;
    let wrong = json!({"tracking_number": "1Z 999", "carrier": "ups"});
    let problem = app.post(&path, wrong).role("warehouse").refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/tracking_number");
    let pigeon = json!({"tracking_number": "1", "carrier": "pigeon"});
    app.post(&path, pigeon).role("warehouse").refused(400, "invalid_body").await;
    let absent = "/orders/0190a0a0-0000-7000-8000-000000000000/ship";
    app.post(absent, parcel()).role("warehouse").refused(404, "not_found").await;
    app.post(&path, parcel()).admin().header("if-match", "\"1\"").refused(412, "precondition_failed").await;
    let shipped = app.post(&path, parcel()).role("warehouse").expect(200).await.json();
    assert_eq!(shipped["status"], "shipped");
    assert_eq!((&shipped["tracking_number"], &shipped["carrier"]), (&json!("1Z-999"), &json!("ups")));
    assert_eq!(shipped["shipment_id"], order["shipment_id"]);
    // The same again is no news; another parcel is.
    app.post(&path, parcel()).role("warehouse").expect(200).await;
    let other = json!({"tracking_number": "1Z-998", "carrier": "ups"});
    app.post(&path, other).role("warehouse").refused(409, "tracking_mismatch").await;
    let reason = json!({"reason": "changed my mind"});
    app.post(&format!("/orders/{id}/cancel"), reason).role("customer").refused(409, "wrong_state").await;
    app.close().await;
}

async fn an_order_is_shipped_and_delivered_as_its_parcel_is(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = buy(&app, "tok_visa", &[(tea, 1)]).await;
    until_order(&app, &id, "confirmed").await;
    let shipping = &app.platform.shop.stores().shipping;
    let shipment = shipment_of(order_id(&id));
    let tell = async |command| tell::<Shipment>(shipping, &shipment, command).await;
    let at = commerce_core::Timestamp::parse("2199-01-01T00:00:00Z").unwrap();
    tell(ShipmentCommand::SchedulePickup { at }).await;
    tell(ShipmentCommand::PickUp).await;
    let order = until_order(&app, &id, "shipped").await;
    assert_eq!(order["carrier"], "ups");
    assert!(order["tracking_number"].as_str().unwrap().starts_with("TRK"));
    tell(ShipmentCommand::InTransit).await;
    tell(ShipmentCommand::OutForDelivery).await;
    tell(ShipmentCommand::Deliver { recipient_name: "Ada".into(), signature_url: None }).await;
    until_order(&app, &id, "delivered").await;
    let history = app.get(&format!("/orders/{id}/history")).role("customer").expect(200).await.json();
    let told: Vec<_> = history["items"].as_array().unwrap()[4..].iter().map(|event| &event["type"]).collect();
    assert_eq!(told, ["OrderShipped", "OrderDelivered"]);
    assert_books_agree(&app).await;
    app.close().await;
}

/// Until the shipment is with its carrier.
async fn until_picked_up(app: &App, shipment: &str) -> Value {
    let path = format!("/shipments/{shipment}");
    eventually("picked up", async || {
        let found = app.get(&path).role("warehouse").expect(200).await.json();
        (found["status"] == "picked_up").then_some(found)
    })
    .await
}

async fn a_shipment_is_on_its_way_once_its_order_is_shipped(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = buy(&app, "tok_visa", &[(tea, 1)]).await;
    let order = until_order(&app, &id, "confirmed").await;
    let shipment = order["shipment_id"].as_str().unwrap();
    let parcel = json!({"tracking_number": "1Z-999", "carrier": "fedex"});
    app.post(&format!("/orders/{id}/ship"), parcel).role("warehouse").expect(200).await;
    let found = until_picked_up(&app, shipment).await;
    let latest = found["tracking_history"].as_array().unwrap().last().unwrap();
    assert_eq!(latest["description"], "handed over to fedex as 1Z-999");
    let pending = app.get("/shipments/pending").role("warehouse").expect(200).await.json();
    assert_eq!(pending["items"], json!([]));
    // Whoever calls it off now answers for it.
    let reason = json!({"reason": "lost"});
    app.post(&format!("/shipments/{shipment}/cancel"), reason).role("warehouse").expect(200).await;
    assert_books_agree(&app).await;
    app.close().await;
}

async fn staff_may_call_an_orders_shipment_off(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = buy(&app, "tok_visa", &[(tea, 1)]).await;
    let order = until_order(&app, &id, "confirmed").await;
    let path = format!("/shipments/{}/cancel", order["shipment_id"].as_str().unwrap());
    app.post(&path, json!({"reason": "damaged"})).role("warehouse").expect(200).await;
    assert_books_agree(&app).await;
    // It goes another way then.
    let parcel = json!({"tracking_number": "1Z-999", "carrier": "ups"});
    app.post(&format!("/orders/{id}/ship"), parcel).role("warehouse").expect(200).await;
    assert_books_agree(&app).await;
    app.close().await;
}

async fn a_second_parcel_of_an_order_is_seen_by_its_customer(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = buy(&app, "tok_visa", &[(tea, 1)]).await;
    until_order(&app, &id, "confirmed").await;
    let parcel = json!({
        "order_id": id, "carrier": "dhl", "speed": "express", "address": address(),
        "package": {"weight": "1.5", "length": 30, "width": "20", "height": 10.5},
    });
    let second = app.post("/shipments", parcel).role("warehouse").expect(201).await;
    app.get(&format!("/shipments/{}", second.id())).role("customer").expect(200).await;
    let list = app.get(&format!("/shipments/order/{id}")).role("customer").expect(200).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert_books_agree(&app).await;
    app.close().await;
}

async fn a_parcel_that_comes_back_leaves_its_order_and_staff_settle_the_rest(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = buy(&app, "tok_visa", &[(tea, 1)]).await;
    let order = until_order(&app, &id, "confirmed").await;
    let parcel = json!({"tracking_number": "1Z-999", "carrier": "fedex"});
    app.post(&format!("/orders/{id}/ship"), parcel).role("warehouse").expect(200).await;
    let shipment = order["shipment_id"].as_str().unwrap();
    until_picked_up(&app, shipment).await;
    for command in [ShipmentCommand::InTransit, ShipmentCommand::OutForDelivery] {
        tell::<Shipment>(&app.platform.shop.stores().shipping, &shipment_of(order_id(&id)), command).await;
    }
    let at = |action: &str| format!("/shipments/{shipment}/{action}");
    for _ in 0..3 {
        let nobody = json!({"reason": "nobody at home"});
        app.post(&at("delivery-attempt"), nobody).role("warehouse").expect(200).await;
    }
    app.post(&at("return"), json!({"reason": "not collected"})).role("warehouse").expect(200).await;
    // Whoever asks for the order's shipments learns of it; the order knows no such state.
    let path = format!("/shipments/order/{id}");
    let shown = app.get(&path).role("customer").expect(200).await.json();
    assert_eq!(shown["items"][0]["status"], "returned");
    until_order(&app, &id, "shipped").await;
    // What it comes to is for staff to say.
    let back = json!({"quantity": 1, "reason": "came back whole"});
    app.post(&format!("/inventory/products/{tea}/adjust-stock"), back).admin().expect(200).await;
    let refund = json!({"amount": order["total"], "reason": "came back"});
    let payment = order["payment_id"].as_str().unwrap();
    app.post(&format!("/payments/{payment}/refund"), refund).admin().expect(200).await;
    assert_books_agree(&app).await;
    until_order(&app, &id, "shipped").await;
    app.close().await;
}

/// The news of its pickup are none then.
async fn a_parcel_delivers_an_order_that_was_shipped_by_hand(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = buy(&app, "tok_visa", &[(tea, 1)]).await;
    until_order(&app, &id, "confirmed").await;
    let parcel = json!({"tracking_number": "BY-HAND", "carrier": "custom"});
    app.post(&format!("/orders/{id}/ship"), parcel).role("warehouse").expect(200).await;
    let shop = app.platform.shop.stores();
    let shipment = shipment_of(order_id(&id));
    until_picked_up(&app, &shipment.to_string()).await;
    for command in [
        ShipmentCommand::InTransit,
        ShipmentCommand::OutForDelivery,
        ShipmentCommand::Deliver { recipient_name: "Ada".into(), signature_url: None },
    ] {
        tell::<Shipment>(&shop.shipping, &shipment, command).await;
    }
    let order = until_order(&app, &id, "delivered").await;
    assert_eq!(order["tracking_number"], "BY-HAND", "what was said first stands");
    eventually("the parcel is forgotten", async || {
        let tenant = commerce_core::id::Tenant::default();
        let found = shop.order.document(&tenant, PARCELS, &shipment.to_string()).await.unwrap();
        found.is_none().then_some(())
    })
    .await;
    app.close().await;
}

async fn admins_confirm_only_what_is_paid(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let pending = app.post("/orders", order_of(&[(tea, 1)])).role("customer").expect(201).await.id();
    let path = format!("/orders/{pending}/confirm");
    app.post(&path, json!({})).refused(401, "unauthenticated").await;
    app.post(&path, json!({})).role("customer").refused(403, "forbidden").await;
    app.post(&path, json!({})).admin().refused(409, "wrong_state").await;
    let absent = "/orders/0190a0a0-0000-7000-8000-000000000000/confirm";
    app.post(absent, json!({})).admin().refused(404, "not_found").await;
    let id = buy(&app, "tok_visa", &[(tea, 1)]).await;
    let order = until_order(&app, &id, "confirmed").await;
    // It was confirmed by its checkout: once more is no news.
    let again = app.post(&format!("/orders/{id}/confirm"), json!({})).admin().expect(200).await;
    assert_eq!(again.json(), order);
    app.close().await;
}
