//! Shipments.

use commerce_core::Host;
use commerce_core::id::{OrderId, ShipmentId};
use commerce_core::shipping::{Carrier, Package, Shipment, ShipmentCommand, Speed, TrackingNumber};
use commerce_core::value::{Currency, Decimal, Money};
use commerce_outbox::SystemHost;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::on_every_backend;
use crate::shopping::tell;
use crate::support::{App, Ask, Reply};

on_every_backend!(
    a_shipment_is_made,
    what_is_wrong_with_a_shipment_is_said_at_once,
    a_tracking_number_is_one_shipments,
    the_shops_own_tracking_numbers_are_not_given_by_hand,
    a_cost_has_one_currency,
    a_quote_says_price_and_arrival,
    a_shipment_is_shown_to_whom_it_concerns,
    everyone_may_ask_by_the_number_and_learns_no_address,
    the_shipments_of_an_order_are_listed,
    a_further_parcel_is_its_orders_customers,
    what_had_no_customer_hides_nothing_of_the_order,
    pending_shipments_are_listed,
    delayed_shipments_are_listed,
    a_shipment_goes_its_way,
    what_is_wrong_with_a_new_state_is_pointed_at,
    a_shipment_is_received,
    a_shipment_is_called_off,
    the_carrier_says_where_it_is,
    the_third_failed_attempt_is_the_last,
    a_shipment_comes_back,
);

fn id() -> String {
    SystemHost.new_id().to_string()
}

fn wish() -> Value {
    json!({
        "order_id": id(),
        "carrier": "dhl",
        "speed": "express",
        "address": {"recipient": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"},
        "package": {"weight": "1.5", "length": 30, "width": "20", "height": 10.5},
    })
}

fn with(fields: Value) -> Value {
    let mut wish = wish();
    for (name, value) in fields.as_object().unwrap() {
        wish[name] = value.clone();
    }
    wish
}

fn make(app: &App, body: Value) -> Ask<'_> {
    app.post("/shipments", body).role("warehouse")
}

async fn made(app: &App) -> String {
    make(app, wish()).expect(201).await.id()
}

fn act<'a>(app: &'a App, id: &str, action: &str, body: Value) -> Ask<'a> {
    app.post(&format!("/shipments/{id}/{action}"), body).role("warehouse")
}

fn step<'a>(app: &'a App, id: &str, status: &str) -> Ask<'a> {
    app.put(&format!("/shipments/{id}/status"), json!({"status": status})).role("warehouse")
}

async fn on_the_last_van(app: &App) -> String {
    let id = made(app).await;
    for status in ["pickup_scheduled", "picked_up", "in_transit", "out_for_delivery"] {
        assert_eq!(step(app, &id, status).expect(200).await.json()["status"], status);
    }
    id
}

/// Nobody, the wrong one, an unknown id, and a body that is none of the action's.
async fn is_guarded(app: &App, action: &str, body: Value) {
    let id = made(app).await;
    let path = format!("/shipments/{id}/{action}");
    app.post(&path, body.clone()).refused(401, "unauthenticated").await;
    app.post(&path, body.clone()).role("customer").refused(403, "forbidden").await;
    act(app, &self::id(), action, body.clone()).refused(404, "shipment_not_found").await;
    act(app, "none", action, body.clone()).refused(400, "invalid_path").await;
    act(app, &id, action, body).header("if-match", "\"9\"").refused(412, "precondition_failed").await;
    act(app, &id, action, json!({"odd": 1})).refused(400, "invalid_body").await;
}

async fn a_shipment_is_made(app: App) {
    let body = wish();
    app.post("/shipments", body.clone()).refused(401, "unauthenticated").await;
    app.post("/shipments", body.clone()).role("customer").refused(403, "forbidden").await;
    let reply: Reply = make(&app, body.clone()).key("k-1").expect(201).await;
    let shipment = reply.json();
    assert_eq!(reply.header("location"), format!("/api/v1/shipments/{}", reply.id()));
    assert_eq!(reply.header("etag"), "\"1\"");
    assert_eq!((&shipment["status"], &shipment["order_id"]), (&json!("pending"), &body["order_id"]));
    assert_eq!(
        shipment["package"],
        json!({
            "weight": "1.5", "length": "30", "width": "20", "height": "10.5",
            "volume": "6300", "volumetric_weight": "1.26", "chargeable_weight": "1.5",
        })
    );
    // (5.00 + 3 × 0.75) × 1.60 × 1.20
    assert_eq!(shipment["cost"], json!({"amount": "13.92", "currency": "USD"}));
    assert!(shipment["tracking_number"].as_str().unwrap().starts_with("TRK"));
    assert_eq!((&shipment["delayed"], &shipment["customer_id"]), (&json!(false), &json!(null)));
    let again = make(&app, body).key("k-1").expect(201).await;
    assert_eq!((again.bytes.clone(), again.header("idempotency-replayed")), (reply.bytes, "true"));
    make(&app, wish()).key("k-1").refused(422, "idempotency_key_reused").await;
    let given = with(json!({"cost": {"amount": "0.00", "currency": "EUR"}, "customer_id": id()}));
    let given = make(&app, given).expect(201).await.json();
    assert_eq!(given["cost"], json!({"amount": "0.00", "currency": "EUR"}));
    app.close().await;
}

async fn what_is_wrong_with_a_shipment_is_said_at_once(app: App) {
    let mut body = with(
        json!({"tracking_number": "a b", "package": {"weight": 0, "length": "1.0001", "width": "20000", "height": "1"}}),
    );
    body["address"]["city"] = json!("");
    body["cost"] = json!({"amount": "-1.00", "currency": "EUR"});
    let problem = make(&app, body).refused(400, "validation_failed").await;
    let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|one| &one["pointer"]).collect();
    assert_eq!(
        pointers,
        [
            "/tracking_number",
            "/address/city",
            "/package/weight",
            "/package/length",
            "/package/width",
            "/cost"
        ]
    );
    let negative = with(json!({"cost": {"amount": "-1.00", "currency": "EUR"}}));
    assert_eq!(make(&app, negative).refused(400, "validation_failed").await["errors"][0]["pointer"], "/cost");
    for (field, value) in [
        ("carrier", json!("pigeon")),
        ("speed", json!("slow")),
        ("currency", json!("XXX")),
        ("order_id", json!(1)),
        ("odd", json!(1)),
    ] {
        make(&app, with(json!({field: value}))).refused(400, "invalid_body").await;
    }
    app.close().await;
}

async fn a_tracking_number_is_one_shipments(app: App) {
    let wish = || with(json!({"tracking_number": "1Z999"}));
    let first = make(&app, wish()).expect(201).await;
    assert_eq!(first.json()["tracking_number"], "1Z999");
    make(&app, wish()).refused(409, "tracking_number_taken").await;
    act(&app, &first.id(), "cancel", json!({"reason": "lost"})).expect(200).await;
    make(&app, wish()).refused(409, "tracking_number_taken").await;
    app.close().await;
}

async fn the_shops_own_tracking_numbers_are_not_given_by_hand(app: App) {
    let own = TrackingNumber::of(ShipmentId(SystemHost.new_id()));
    let own = with(json!({"tracking_number": own.as_str()}));
    let problem = make(&app, own).refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/tracking_number");
    assert_eq!(problem["errors"][0]["code"], "own_tracking_number");
    make(&app, with(json!({"tracking_number": "TRK01"}))).expect(201).await;
    app.close().await;
}

async fn a_cost_has_one_currency(app: App) {
    let priced =
        |currency| with(json!({"cost": {"amount": "3.00", "currency": "EUR"}, "currency": currency}));
    let problem = make(&app, priced("USD")).refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/currency");
    assert_eq!(problem["errors"][0]["code"], "currency_mismatch");
    let shipment = make(&app, priced("EUR")).expect(201).await.json();
    assert_eq!(shipment["cost"], json!({"amount": "3.00", "currency": "EUR"}));
    app.close().await;
}

async fn a_quote_says_price_and_arrival(app: App) {
    let body = json!({"carrier": "usps", "speed": "express", "package": {"weight": "1", "length": "10", "width": "10", "height": "10"}, "currency": "GBP"});
    app.post("/shipments/quote", body.clone()).refused(401, "unauthenticated").await;
    let quote = app.post("/shipments/quote", body.clone()).role("customer").expect(200).await.json();
    assert_eq!(quote["cost"], json!({"amount": "10.40", "currency": "GBP"}));
    assert!(quote["estimated_delivery"].as_str().unwrap().ends_with('Z'));
    let mut wrong = body.clone();
    wrong["package"]["height"] = json!("0");
    let problem =
        app.post("/shipments/quote", wrong).role("customer").refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/package/height");
    let mut wrong = body;
    wrong["package"]["height"] = json!("tall");
    let problem = app.post("/shipments/quote", wrong).role("customer").refused(400, "invalid_body").await;
    assert_eq!(problem["errors"][0]["pointer"], "/package/height");
    app.close().await;
}

async fn a_shipment_is_shown_to_whom_it_concerns(app: App) {
    let customer = SystemHost.new_id();
    let shipment = make(&app, with(json!({"customer_id": customer}))).expect(201).await;
    let path = format!("/shipments/{}", shipment.id());
    app.get(&path).refused(401, "unauthenticated").await;
    let own = app.get(&path).user(customer, "customer").expect(200).await;
    assert_eq!((own.json(), own.header("etag")), (shipment.json(), "\"1\""));
    app.get(&path).role("admin").expect(200).await;
    app.get(&path).role("customer").refused(404, "shipment_not_found").await;
    app.get(&path).role("inventory_manager").refused(404, "shipment_not_found").await;
    app.get(&format!("/shipments/{}", id())).admin().refused(404, "shipment_not_found").await;
    app.get("/shipments/none").admin().refused(400, "invalid_path").await;
    app.close().await;
}

async fn everyone_may_ask_by_the_number_and_learns_no_address(app: App) {
    let shipment =
        make(&app, with(json!({"tracking_number": "1Z/%999", "customer_id": id()}))).expect(201).await;
    let reply = app.get("/shipments/tracking/1Z%2F%25999").expect(200).await;
    let tracked = reply.json();
    assert_eq!((&tracked["id"], &tracked["status"]), (&json!(shipment.id()), &json!("pending")));
    assert_eq!(tracked["tracking_history"][0]["status"], "pending");
    let text = String::from_utf8(reply.bytes).unwrap();
    for secret in ["Ada", "London", "SW1Y", "customer_id", "recipient", "order_id"] {
        assert!(!text.contains(secret), "{text}");
    }
    app.get("/shipments/tracking/unknown").refused(404, "shipment_not_found").await;
    app.get("/shipments/tracking/a%20b").refused(400, "invalid_path").await;
    app.get("/shipments/tracking/unknown").role("expired").refused(401, "token_expired").await;
    app.close().await;
}

async fn the_shipments_of_an_order_are_listed(app: App) {
    let (order, customer) = (id(), SystemHost.new_id());
    let wish = || with(json!({"order_id": order, "customer_id": customer}));
    let (first, second) =
        (make(&app, wish()).expect(201).await.id(), make(&app, wish()).expect(201).await.id());
    made(&app).await;
    let path = format!("/shipments/order/{order}");
    app.get(&path).refused(401, "unauthenticated").await;
    let list = app.get(&path).user(customer, "customer").expect(200).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let page = app.get(&format!("{path}?limit=1")).role("warehouse").expect(200).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = app.get(&format!("{path}?limit=1&cursor={cursor}")).admin().expect(200).await.json();
    assert_eq!((&page["items"][0]["id"], &next["items"][0]["id"]), (&json!(first), &json!(second)));
    app.get(&path).role("customer").refused(404, "not_found").await;
    app.get(&format!("/shipments/order/{}", id())).admin().refused(404, "not_found").await;
    app.close().await;
}

async fn a_further_parcel_is_its_orders_customers(app: App) {
    let (order, customer) = (id(), SystemHost.new_id());
    let named = |customer: Uuid| with(json!({"order_id": order, "customer_id": customer}));
    make(&app, named(customer)).expect(201).await;
    let second = make(&app, with(json!({"order_id": order}))).expect(201).await.json();
    assert_eq!(second["customer_id"], json!(customer));
    let path = format!("/shipments/{}", second["id"].as_str().unwrap());
    app.get(&path).user(customer, "customer").expect(200).await;
    let list = app.get(&format!("/shipments/order/{order}")).user(customer, "customer").expect(200).await;
    assert_eq!(list.json()["items"].as_array().unwrap().len(), 2);
    make(&app, named(SystemHost.new_id())).refused(409, "customer_mismatch").await;
    make(&app, named(customer)).expect(201).await;
    app.close().await;
}

async fn what_had_no_customer_hides_nothing_of_the_order(app: App) {
    let (order, customer) = (id(), SystemHost.new_id());
    let unnamed = || with(json!({"order_id": order}));
    assert_eq!(make(&app, unnamed()).expect(201).await.json()["customer_id"], json!(null));
    make(&app, with(json!({"order_id": order, "customer_id": customer}))).expect(201).await;
    assert_eq!(make(&app, unnamed()).expect(201).await.json()["customer_id"], json!(customer));
    let path = format!("/shipments/order/{order}");
    let count = async |ask: Ask<'_>| ask.expect(200).await.json()["items"].as_array().unwrap().len();
    assert_eq!(count(app.get(&path).user(customer, "customer")).await, 2);
    assert_eq!(count(app.get(&path).role("warehouse")).await, 3);
    app.close().await;
}

async fn pending_shipments_are_listed(app: App) {
    let (pending, gone) = (made(&app).await, made(&app).await);
    step(&app, &gone, "pickup_scheduled").expect(200).await;
    app.get("/shipments/pending").refused(401, "unauthenticated").await;
    app.get("/shipments/pending").role("customer").refused(403, "forbidden").await;
    let list = app.get("/shipments/pending").role("warehouse").expect(200).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["id"], json!(pending));
    app.get("/shipments/pending?limit=101").admin().refused(400, "invalid_query").await;
    app.close().await;
}

/// One for the same day, made on a day that is long over.
async fn made_long_ago(app: &App) -> String {
    let id = ShipmentId(SystemHost.new_id());
    let wish = ShipmentCommand::Create {
        order_id: OrderId(SystemHost.new_id()),
        customer_id: None,
        tracking_number: TrackingNumber::of(id),
        carrier: Carrier::Dhl,
        speed: Speed::SameDay,
        address: Box::new(serde_json::from_value(wish()["address"].clone()).unwrap()),
        package: Package::new(Decimal::ONE, Decimal::ONE, Decimal::ONE, Decimal::ONE).unwrap(),
        cost: Money::zero(Currency::GBP),
    };
    tell::<Shipment>(&app.platform.shop.stores().shipping, &id, wish).await;
    id.to_string()
}

async fn delayed_shipments_are_listed(app: App) {
    made(&app).await;
    // One for the same day has its whole day.
    let fresh = make(&app, with(json!({"speed": "same_day"}))).expect(201).await.json();
    assert_eq!(fresh["delayed"], json!(false));
    let (late, called_off) = (made_long_ago(&app).await, made_long_ago(&app).await);
    act(&app, &called_off, "cancel", json!({"reason": "lost"})).expect(200).await;
    app.get("/shipments/delayed").refused(401, "unauthenticated").await;
    app.get("/shipments/delayed").role("customer").refused(403, "forbidden").await;
    let list = app.get("/shipments/delayed").admin().expect(200).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!((&list["items"][0]["id"], &list["items"][0]["delayed"]), (&json!(late), &json!(true)));
    app.close().await;
}

async fn a_shipment_goes_its_way(app: App) {
    let id = made(&app).await;
    let path = format!("/shipments/{id}/status");
    let body = json!({"status": "pickup_scheduled", "pickup_at": "2199-01-01T12:00:00Z"});
    app.put(&path, body.clone()).refused(401, "unauthenticated").await;
    app.put(&path, body.clone()).role("customer").refused(403, "forbidden").await;
    step(&app, &id, "in_transit").refused(409, "wrong_state").await;
    let early = json!({"status": "pickup_scheduled", "pickup_at": "1999-01-01T12:00:00Z"});
    app.put(&path, early).admin().refused(400, "validation_failed").await;
    let scheduled = app.put(&path, body).admin().expect(200).await;
    assert_eq!(
        (scheduled.header("etag"), &scheduled.json()["pickup_at"]),
        ("\"2\"", &json!("2199-01-01T12:00:00Z"))
    );
    step(&app, &id, "picked_up").header("if-match", "\"1\"").refused(412, "precondition_failed").await;
    step(&app, &id, "picked_up").header("if-match", "\"2\"").expect(200).await;
    // A repetition changes nothing.
    assert_eq!(step(&app, &id, "picked_up").expect(200).await.header("etag"), "\"3\"");
    for wrong in ["pending", "delivery_failed", "lost"] {
        step(&app, &id, wrong).refused(400, "invalid_body").await;
    }
    app.put(&path, json!({"status": "in_transit", "reason": "x"})).admin().refused(400, "invalid_body").await;
    app.put(&path, json!({"status": "delivered"})).admin().refused(400, "invalid_body").await;
    let delivered = json!({"status": "delivered", "recipient_name": "Ada"});
    app.put(&path, delivered).admin().refused(409, "wrong_state").await;
    step(&app, &self::id(), "picked_up").refused(404, "shipment_not_found").await;
    app.close().await;
}

async fn what_is_wrong_with_a_new_state_is_pointed_at(app: App) {
    let path = format!("/shipments/{}/status", made(&app).await);
    for (body, wrong) in [
        (json!({}), vec![("/status", "missing_field")]),
        (json!({"status": "lost"}), vec![("/status", "unknown_value")]),
        (json!({"status": 1, "reason": 1}), vec![("/status", "wrong_type")]),
        (json!({"status": "delivered"}), vec![("/recipient_name", "missing_field")]),
        (
            json!({"status": "delivered", "recipient_name": 1, "signature_url": "x", "odd": 1}),
            vec![
                ("/odd", "unknown_field"),
                ("/recipient_name", "wrong_type"),
                ("/signature_url", "invalid_value"),
            ],
        ),
        (
            json!({"status": "in_transit", "odd": 1, "reason": null}),
            vec![("/odd", "unknown_field"), ("/reason", "unknown_field")],
        ),
        (
            json!({"status": "pickup_scheduled", "pickup_at": "soon", "odd": 1}),
            vec![("/odd", "unknown_field"), ("/pickup_at", "invalid_value")],
        ),
        (json!({"status": "cancelled", "reason": ""}), vec![("/reason", "required")]),
    ] {
        let reply = app.put(&path, body.clone()).admin().send().await;
        assert_eq!(reply.status, 400, "{body}");
        let problem = reply.json();
        let errors = problem["errors"].as_array().unwrap();
        let found: Vec<_> = (errors.iter())
            .map(|one| (one["pointer"].as_str().unwrap(), one["code"].as_str().unwrap()))
            .collect();
        assert_eq!(found, wrong, "{body}: {problem}");
    }
    let early = json!({"status": "pickup_scheduled", "pickup_at": "1999-01-01T12:00:00Z"});
    let problem = app.put(&path, early).admin().refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/pickup_at");
    app.put(&path, json!({"status": "pickup_scheduled", "pickup_at": null})).admin().expect(200).await;
    app.close().await;
}

async fn a_shipment_is_received(app: App) {
    let body = json!({"recipient_name": "Ada Lovelace", "signature_url": "https://example.com/ada.png"});
    is_guarded(&app, "delivered", body.clone()).await;
    let id = on_the_last_van(&app).await;
    let wrong = json!({"recipient_name": " ", "signature_url": "javascript:alert(1)"});
    let problem = act(&app, &id, "delivered", wrong).refused(400, "validation_failed").await;
    assert_eq!(
        (&problem["errors"][0]["pointer"], &problem["errors"][1]["pointer"]),
        (&json!("/recipient_name"), &json!("/signature_url"))
    );
    let delivered = act(&app, &id, "delivered", body).expect(200).await.json();
    assert_eq!(
        (&delivered["status"], &delivered["recipient_name"]),
        (&json!("delivered"), &json!("Ada Lovelace"))
    );
    assert!(delivered["delivered_at"].is_string());
    let number = delivered["tracking_number"].as_str().unwrap();
    let tracked = app.get(&format!("/shipments/tracking/{number}")).expect(200).await;
    assert!(!String::from_utf8(tracked.bytes).unwrap().contains("Ada"));
    act(&app, &id, "cancel", json!({"reason": "late"})).refused(409, "wrong_state").await;
    let pending = made(&app).await;
    act(&app, &pending, "delivered", json!({"recipient_name": "Ada"})).refused(409, "wrong_state").await;
    app.close().await;
}

async fn a_shipment_is_called_off(app: App) {
    is_guarded(&app, "cancel", json!({"reason": "lost"})).await;
    let id = made(&app).await;
    let problem = act(&app, &id, "cancel", json!({"reason": ""})).refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/reason");
    let cancelled = act(&app, &id, "cancel", json!({"reason": "lost"})).expect(200).await.json();
    assert_eq!((&cancelled["status"], &cancelled["reason"]), (&json!("cancelled"), &json!("lost")));
    step(&app, &id, "pickup_scheduled").refused(409, "wrong_state").await;
    app.close().await;
}

async fn the_carrier_says_where_it_is(app: App) {
    is_guarded(&app, "tracking", json!({"status": "scanned"})).await;
    let id = made(&app).await;
    let scan = json!({"status": "scanned", "location": "Leeds", "description": ""});
    let once = || act(&app, &id, "tracking", scan.clone()).key("k-1");
    let (first, again) = (once().expect(200).await, once().expect(200).await);
    assert_eq!(first.bytes, again.bytes);
    let history = first.json()["tracking_history"].clone();
    assert_eq!(
        (&history[1]["status"], &history[1]["location"], &history[1]["description"]),
        (&json!("scanned"), &json!("Leeds"), &json!(null))
    );
    assert_eq!(first.json()["status"], "pending");
    let problem = act(&app, &id, "tracking", json!({"status": ""})).refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/status");
    app.close().await;
}

async fn the_third_failed_attempt_is_the_last(app: App) {
    let body = json!({"reason": "nobody at home"});
    is_guarded(&app, "delivery-attempt", body.clone()).await;
    let id = on_the_last_van(&app).await;
    let past = json!({"reason": "", "next_attempt_at": "1999-01-01T12:00:00Z"});
    let problem = act(&app, &id, "delivery-attempt", past).refused(400, "validation_failed").await;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2);
    let far = json!({"reason": "x", "next_attempt_at": "9999-12-31T23:59:59-23:00"});
    act(&app, &id, "delivery-attempt", far).refused(400, "invalid_body").await;
    let next = json!({"reason": "nobody at home", "next_attempt_at": "2199-01-01T12:00:00Z"});
    let first = act(&app, &id, "delivery-attempt", next).expect(200).await.json();
    assert_eq!(
        (&first["status"], &first["next_attempt_at"]),
        (&json!("out_for_delivery"), &json!("2199-01-01T12:00:00Z"))
    );
    act(&app, &id, "delivery-attempt", body.clone()).expect(200).await;
    let last = act(&app, &id, "delivery-attempt", body.clone()).expect(200).await.json();
    assert_eq!((&last["status"], &last["failed_attempts"]), (&json!("delivery_failed"), &json!(3)));
    act(&app, &id, "delivery-attempt", body).refused(409, "wrong_state").await;
    app.close().await;
}

async fn a_shipment_comes_back(app: App) {
    is_guarded(&app, "return", json!({"reason": "unwanted"})).await;
    let id = on_the_last_van(&app).await;
    act(&app, &id, "return", json!({"reason": "unwanted"})).refused(409, "wrong_state").await;
    act(&app, &id, "delivered", json!({"recipient_name": "Ada"})).expect(200).await;
    let back = act(&app, &id, "return", json!({"reason": "unwanted"})).expect(200).await.json();
    assert_eq!((&back["status"], &back["reason"]), (&json!("returned"), &json!("unwanted")));
    app.close().await;
}
