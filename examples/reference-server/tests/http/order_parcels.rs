//! Orders are confirmed, shipped and delivered.

use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::{Claim, Commit, DocumentWrite, Expected};
use commerce_core::id::{ProductId, Tenant};
use commerce_core::inventory::reservation::{Demand, Line, ReservationRequest};
use commerce_core::order::{Order, OrderCommand};
use commerce_core::shipping::{Shipment, ShipmentCommand};
use commerce_outbox::SystemHost;
use reference_server::services::order::{PARCELS, payment_of, shipment_of};
use serde_json::{Value, json};

use crate::on_every_backend;
use crate::shopping::{address, assert_books_agree, buy, goods, order_id, order_of, tell, until_order};
use crate::support::{App, eventually};

on_every_backend!(
    whoever_ships_marks_an_order_as_shipped,
    an_order_is_shipped_and_delivered_as_its_parcel_is,
    a_parcel_delivers_an_order_that_was_shipped_by_hand,
    a_shipment_is_on_its_way_once_its_order_is_shipped,
    what_was_made_in_the_place_of_a_shipment_is_on_its_way_with_its_order,
    staff_may_call_an_orders_shipment_off,
    a_second_parcel_of_an_order_is_seen_by_its_customer,
    a_parcel_in_the_place_of_another_takes_its_order_along,
    a_letter_beside_a_parcel_says_nothing_of_its_order,
    what_was_sent_before_its_orders_parcel_ended_takes_the_order_along,
    of_a_delivery_and_the_end_of_its_orders_parcel_one_sees_the_other,
    a_parcel_waits_for_the_first_word_of_its_orders_own,
    a_parcel_that_nobody_took_leaves_its_order_to_the_next,
    an_order_is_not_cancelled_once_any_of_its_parcels_has_left,
    all_that_is_packed_for_an_order_is_called_off_with_it,
    an_order_shipped_under_another_parcels_number_is_delivered_with_it,
    a_parcel_that_comes_back_leaves_its_order_and_staff_settle_the_rest,
    admins_confirm_only_what_is_paid,
    goods_of_an_order_confirmed_by_hand_are_handed_out,
    what_a_cancellation_left_behind_holds_up_nothing,
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

fn parcel_of(order: &str) -> Value {
    json!({
        "order_id": order, "carrier": "dhl", "speed": "express", "address": address(),
        "package": {"weight": "1.5", "length": 30, "width": "20", "height": 10.5},
    })
}

/// Until the carrier has it.
async fn pick_up(app: &App, shipment: &str) {
    advance(app, shipment, ["pickup_scheduled", "picked_up"]).await;
}

/// From then on until it is received.
async fn deliver(app: &App, shipment: &str) {
    advance(app, shipment, ["in_transit", "out_for_delivery"]).await;
    let received = json!({"recipient_name": "Ada"});
    app.post(&format!("/shipments/{shipment}/delivered"), received).role("warehouse").expect(200).await;
}

async fn advance(app: &App, shipment: &str, steps: [&str; 2]) {
    let path = format!("/shipments/{shipment}/status");
    for step in steps {
        app.put(&path, json!({"status": step})).role("warehouse").expect(200).await;
    }
}

/// A confirmed order, and its own shipment.
async fn confirmed(app: &App) -> (String, String) {
    let tea = goods(app, "TEA", "2.50", 10).await;
    let id = buy(app, "tok_visa", &[(tea, 1)]).await;
    let order = until_order(app, &id, "confirmed").await;
    (id, order["shipment_id"].as_str().unwrap().to_owned())
}

async fn call_off(app: &App, shipment: &str) {
    let wrong = json!({"reason": "wrong carrier"});
    app.post(&format!("/shipments/{shipment}/cancel"), wrong).role("warehouse").expect(200).await;
}

/// Until the order service knows that it is under way.
async fn until_known(app: &App, shipment: &str) {
    eventually("known", async || is_known(app, shipment).await.then_some(())).await;
}

/// Until the order service knows that it is under way no more. That it was must be known before.
async fn until_forgotten(app: &App, shipment: &str) {
    eventually("forgotten", async || (!is_known(app, shipment).await).then_some(())).await;
}

async fn is_known(app: &App, shipment: &str) -> bool {
    kept(app, shipment).await.is_some_and(|parcel| parcel["stage"] != "over")
}

/// What the order service has kept of it.
async fn kept(app: &App, shipment: &str) -> Option<Value> {
    let orders = &app.platform.shop.stores().order;
    let found = orders.document(&Tenant::default(), PARCELS, shipment).await.unwrap();
    found.map(|found| found.json().unwrap())
}

/// Until the order service knows how far it has come.
async fn until_kept(app: &App, shipment: &str, stage: &str) {
    let is_there = async || kept(app, shipment).await.filter(|parcel| parcel["stage"] == stage).map(|_| ());
    eventually(stage, is_there).await;
}

async fn a_parcel_in_the_place_of_another_takes_its_order_along(app: App) {
    let (id, own) = confirmed(&app).await;
    until_known(&app, &own).await;
    call_off(&app, &own).await;
    until_forgotten(&app, &own).await;
    let parcel = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await;
    pick_up(&app, &parcel.id()).await;
    let order = until_order(&app, &id, "shipped").await;
    assert_eq!(order["tracking_number"], parcel.json()["tracking_number"]);
    deliver(&app, &parcel.id()).await;
    until_order(&app, &id, "delivered").await;
    eventually("nothing is kept", async || kept(&app, &own).await.is_none().then_some(())).await;
    assert_books_agree(&app).await;
    app.close().await;
}

async fn a_letter_beside_a_parcel_says_nothing_of_its_order(app: App) {
    let (id, own) = confirmed(&app).await;
    let letter = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await.id();
    pick_up(&app, &letter).await;
    deliver(&app, &letter).await;
    until_kept(&app, &letter, "delivered").await;
    let order = until_order(&app, &id, "confirmed").await;
    assert_eq!(order["tracking_number"], json!(null));
    pick_up(&app, &own).await;
    let order = until_order(&app, &id, "shipped").await;
    let parcel = app.get(&format!("/shipments/{own}")).role("warehouse").expect(200).await.json();
    assert_eq!(order["tracking_number"], parcel["tracking_number"]);
    deliver(&app, &own).await;
    until_order(&app, &id, "delivered").await;
    for shipment in [own, letter] {
        eventually("nothing is kept", async || kept(&app, &shipment).await.is_none().then_some(())).await;
    }
    assert_books_agree(&app).await;
    app.close().await;
}

async fn what_was_sent_before_its_orders_parcel_ended_takes_the_order_along(app: App) {
    let (id, own) = confirmed(&app).await;
    let sent = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await;
    pick_up(&app, &sent.id()).await;
    until_kept(&app, &sent.id(), "sent").await;
    call_off(&app, &own).await;
    let order = until_order(&app, &id, "shipped").await;
    assert_eq!(order["tracking_number"], sent.json()["tracking_number"]);
    deliver(&app, &sent.id()).await;
    until_order(&app, &id, "delivered").await;

    let (id, own) = confirmed(&app).await;
    let received = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await;
    let lost = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await.id();
    pick_up(&app, &lost).await;
    pick_up(&app, &received.id()).await;
    deliver(&app, &received.id()).await;
    until_kept(&app, &received.id(), "delivered").await;
    until_kept(&app, &lost, "sent").await;
    call_off(&app, &own).await;
    let order = until_order(&app, &id, "delivered").await;
    assert_eq!(order["tracking_number"], received.json()["tracking_number"], "it has come furthest");
    eventually("it is forgotten", async || kept(&app, &received.id()).await.is_none().then_some(())).await;
    assert_books_agree(&app).await;
    app.close().await;
}

/// The two are told in one breath, again and again.
async fn of_a_delivery_and_the_end_of_its_orders_parcel_one_sees_the_other(app: App) {
    for _ in 0..10 {
        let (id, own) = confirmed(&app).await;
        let sent = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await.id();
        pick_up(&app, &sent).await;
        tokio::join!(deliver(&app, &sent), call_off(&app, &own));
        until_order(&app, &id, "delivered").await;
    }
    assert_books_agree(&app).await;
    app.close().await;
}

async fn a_parcel_waits_for_the_first_word_of_its_orders_own(app: App) {
    let (id, own) = confirmed(&app).await;
    until_known(&app, &own).await;
    let orders = app.platform.shop.stores().order.clone();
    // As if it were yet to be heard of.
    let heard = kept(&app, &own).await.unwrap();
    let unheard = DocumentWrite::delete(PARCELS, own.clone(), Expected::Any);
    orders.commit(Commit::new().document(unheard)).await.unwrap();
    let letter = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await.id();
    pick_up(&app, &letter).await;
    deliver(&app, &letter).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    until_order(&app, &id, "confirmed").await;
    let first_word = DocumentWrite::json(PARCELS, own.clone(), Expected::ABSENT, &heard).unwrap();
    orders.commit(Commit::new().document(first_word)).await.unwrap();
    until_kept(&app, &letter, "delivered").await;
    until_order(&app, &id, "confirmed").await;
    call_off(&app, &own).await;
    until_order(&app, &id, "delivered").await;
    assert_books_agree(&app).await;
    app.close().await;
}

async fn a_parcel_that_nobody_took_leaves_its_order_to_the_next(app: App) {
    let (id, own) = confirmed(&app).await;
    pick_up(&app, &own).await;
    until_order(&app, &id, "shipped").await;
    let path = format!("/shipments/{own}/status");
    for status in ["in_transit", "out_for_delivery"] {
        app.put(&path, json!({"status": status})).role("warehouse").expect(200).await;
    }
    for _ in 0..3 {
        let attempt = json!({"reason": "nobody was in"});
        app.post(&format!("/shipments/{own}/delivery-attempt"), attempt).role("warehouse").expect(200).await;
    }
    until_forgotten(&app, &own).await;
    let next = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await.id();
    pick_up(&app, &next).await;
    deliver(&app, &next).await;
    until_order(&app, &id, "delivered").await;
    app.post(&format!("/shipments/{own}/return"), json!({"reason": "nobody was in"}))
        .role("warehouse")
        .expect(200)
        .await;
    assert_books_agree(&app).await;
    app.close().await;
}

async fn what_was_made_in_the_place_of_a_shipment_is_on_its_way_with_its_order(app: App) {
    let ship = async |id: &str| {
        let parcel = json!({"tracking_number": format!("1Z-{}", &id[30..]), "carrier": "ups"});
        app.post(&format!("/orders/{id}/ship"), parcel).role("warehouse").expect(200).await;
    };
    let status = async |id: &str| {
        let shown = app.get(&format!("/shipments/{id}")).role("warehouse").expect(200).await.json();
        shown["status"].as_str().unwrap().to_owned()
    };
    let (id, own) = confirmed(&app).await;
    call_off(&app, &own).await;
    let next = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await.id();
    ship(&id).await;
    eventually("handed over", async || (status(&next).await == "picked_up").then_some(())).await;
    // Of two it is open which: staff say so.
    let (id, own) = confirmed(&app).await;
    call_off(&app, &own).await;
    let one = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await.id();
    let two = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await.id();
    ship(&id).await;
    app.platform.shop.rest().await.unwrap();
    assert_eq!((status(&one).await, status(&two).await), ("pending".to_owned(), "pending".to_owned()));
    app.close().await;
}

async fn an_order_is_not_cancelled_once_any_of_its_parcels_has_left(app: App) {
    let (id, own) = confirmed(&app).await;
    let part = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await.id();
    let rest = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await.id();
    pick_up(&app, &part).await;
    let path = format!("/orders/{id}/cancel");
    let ask = || app.post(&path, json!({"reason": "changed my mind"})).role("customer");
    ask().expect(202).await;
    eventually("it was refused", async || (ask().send().await.status == 409).then_some(())).await;
    ask().refused(409, "cancellation_refused").await;
    assert_eq!(
        app.get(&format!("/orders/{id}")).role("customer").expect(200).await.json()["status"],
        "confirmed"
    );
    let payment = app.get(&format!("/payments/order/{id}")).role("customer").expect(200).await.json();
    assert_eq!(payment["status"], "succeeded");
    for shipment in [own, rest] {
        let found = app.get(&format!("/shipments/{shipment}")).role("customer").expect(200).await.json();
        assert_eq!(found["status"], "pending");
    }
    assert_books_agree(&app).await;
    app.close().await;
}

async fn all_that_is_packed_for_an_order_is_called_off_with_it(app: App) {
    let (id, own) = confirmed(&app).await;
    call_off(&app, &own).await;
    let packed = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await.id();
    app.post(&format!("/orders/{id}/cancel"), json!({"reason": "changed my mind"}))
        .role("customer")
        .expect(202)
        .await;
    until_order(&app, &id, "cancelled").await;
    let found = app.get(&format!("/shipments/{packed}")).role("customer").expect(200).await.json();
    assert_eq!(found["status"], "cancelled");
    assert_books_agree(&app).await;
    app.close().await;
}

async fn an_order_shipped_under_another_parcels_number_is_delivered_with_it(app: App) {
    let (id, own) = confirmed(&app).await;
    call_off(&app, &own).await;
    let parcel = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await;
    let number = json!({"tracking_number": parcel.json()["tracking_number"], "carrier": "dhl"});
    app.post(&format!("/orders/{id}/ship"), number).role("warehouse").expect(200).await;
    pick_up(&app, &parcel.id()).await;
    deliver(&app, &parcel.id()).await;
    until_order(&app, &id, "delivered").await;
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

/// A paid order whose checkout has left nothing but this much of a product kept for it.
async fn paid_and_left(app: &App, product_id: ProductId, quantity: u32) -> String {
    let ordered = app.post("/orders", order_of(&[(product_id, quantity)])).role("customer");
    let id = ordered.expect(201).await.id();
    let orders = &app.platform.shop.stores().order;
    let order = order_id(&id);
    for command in
        [OrderCommand::InitiatePayment, OrderCommand::CompletePayment { payment_id: payment_of(order) }]
    {
        tell::<Order>(orders, &order, command).await;
    }
    let context = SystemHost.context();
    let keep = ReservationRequest::Reserve {
        order_id: order,
        demand: Demand::new([Line { product_id, quantity: quantity.into() }]).unwrap(),
        expires_at: context.now().plus(std::time::Duration::from_secs(900)),
    };
    let base = Commit::within(&context);
    app.platform.shop.inventory.decide(keep, &context, base, |_, commit| Ok(commit)).await.unwrap();
    id
}

async fn goods_of_an_order_confirmed_by_hand_are_handed_out(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let id = paid_and_left(&app, tea, 3).await;
    let stock = async || {
        let item = app.get(&format!("/inventory/products/{tea}")).role("inventory_manager").expect(200).await;
        let item = item.json();
        (item["on_hand"].as_u64().unwrap(), item["reserved"].as_u64().unwrap())
    };
    assert_eq!(stock().await, (10, 3));
    app.post(&format!("/orders/{id}/confirm"), json!({})).admin().expect(200).await;
    eventually("handed out", async || (stock().await == (7, 0)).then_some(())).await;
    // Whoever confirms an order is at no one's way.
    let parcel = json!({"tracking_number": "1Z-999", "carrier": "ups"});
    app.post(&format!("/orders/{id}/ship"), parcel).role("warehouse").expect(200).await;
    app.close().await;
}

async fn what_a_cancellation_left_behind_holds_up_nothing(app: App) {
    let (id, own) = confirmed(&app).await;
    let part = app.post("/shipments", parcel_of(&id)).role("warehouse").expect(201).await;
    pick_up(&app, &part.id()).await;
    let cancel = format!("/orders/{id}/cancel");
    let ask = || app.post(&cancel, json!({"reason": "changed my mind"})).role("customer");
    ask().expect(202).await;
    eventually("it has ended", async || (ask().send().await.status == 409).then_some(())).await;
    // As one does that an operator has given up.
    let claim = Claim::new("order-way", &*id);
    app.platform.shop.stores().order.commit(Commit::new().claim(claim)).await.unwrap();
    call_off(&app, &own).await;
    // It is shipped as the part that has left, which by now may be known.
    let part = part.json();
    let parcel = json!({"tracking_number": part["tracking_number"], "carrier": part["carrier"]});
    app.post(&format!("/orders/{id}/ship"), parcel).role("warehouse").expect(200).await;
    app.close().await;
}
