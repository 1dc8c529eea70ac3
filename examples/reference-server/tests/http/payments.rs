//! Payments: opened, processed, confirmed, refunded, and the books.

use commerce_core::payment::ExternalPaymentId;
use serde_json::{Value, json};

use crate::on_every_backend;
use crate::payment_support::{all_is_well, new_id, opened, paid, payable, payment, process, usd};
use crate::support::App;

on_every_backend!(
    a_payment_is_opened_shown_and_is_its_orders_only_live_one,
    what_is_wrong_with_a_new_payment_is_said,
    a_payment_is_there_for_its_customer_and_admins_alone,
    the_payment_of_an_order_is_the_live_one_or_the_last,
    a_payment_is_processed_once,
    a_payment_that_is_refused_makes_room_for_another,
    a_flaky_provider_is_tried_again,
    a_payment_that_waits_for_the_customer_is_confirmed,
    what_cant_be_confirmed,
    a_payment_is_refunded_in_parts,
    a_refund_under_one_key_is_one_refund,
    of_two_refunds_that_race_for_the_rest_one_wins,
    the_books_balance,
);

fn path(payment: &Value, action: &str) -> String {
    format!("/payments/{}{action}", payment["id"].as_str().unwrap())
}

async fn a_payment_is_opened_shown_and_is_its_orders_only_live_one(app: App) {
    let customer = new_id();
    let order = payable(&app, customer).await;
    let body = json!({"order_id": order, "amount": usd("20.00"), "method": "paypal"});
    let open = || app.post("/payments", body.clone()).user(customer, "customer");
    let made = open().key("k").expect(201).await;
    let payment = made.json();
    assert_eq!(made.header("location"), format!("/api/v1/payments/{}", made.id()));
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!((&payment["order_id"], &payment["customer_id"]), (&json!(order), &json!(customer)));
    assert_eq!((&payment["status"], &payment["method"]), (&json!("pending"), &json!("paypal")));
    assert_eq!((&payment["amount"], &payment["refunded_amount"]), (&usd("20.00"), &usd("0.00")));
    for member in ["external_payment_id", "failure_code", "failure_reason", "cancel_reason"] {
        assert_eq!(payment[member], Value::Null, "{member}");
    }
    let shown = app.get(&path(&payment, "")).user(customer, "customer").expect(200).await;
    assert_eq!(shown.json(), payment);
    assert_eq!(shown.header("etag"), "\"1\"");
    assert_eq!(open().key("k").expect(201).await.bytes, made.bytes);
    open().refused(409, "payment_live").await;
    app.close().await;
}

async fn what_is_wrong_with_a_new_payment_is_said(app: App) {
    let customer = new_id();
    let order = payable(&app, customer).await;
    let body =
        |amount: &str, method: &str| json!({"order_id": order, "amount": usd(amount), "method": method});
    app.post("/payments", body("1.00", "cash")).refused(401, "unauthenticated").await;
    app.post("/payments", body("1.00", "cash")).role("warehouse").refused(403, "forbidden").await;
    let open = |body: Value| app.post("/payments", body).user(customer, "customer");
    for amount in ["0.00", "-1.00", "1000000.00"] {
        let problem = open(body(amount, "cash")).refused(400, "validation_failed").await;
        assert_eq!(problem["errors"][0]["pointer"], "/amount", "{amount}");
    }
    for (amount, method) in [("1.001", "cash"), ("x", "cash"), ("1.00", "shells")] {
        open(body(amount, method)).refused(400, "invalid_body").await;
    }
    let mut odd = body("1.00", "cash");
    odd["currency"] = json!("USD");
    open(odd).refused(400, "invalid_body").await;
    app.post("/payments", body("999999.99", "bank_transfer")).admin().expect(201).await;
    app.close().await;
}

async fn a_payment_is_there_for_its_customer_and_admins_alone(app: App) {
    let (owner, other) = (new_id(), new_id());
    let payment = opened(&app, owner).await;
    let order = format!("/payments/order/{}", payment["order_id"].as_str().unwrap());
    for path in [path(&payment, ""), order] {
        app.get(&path).refused(401, "unauthenticated").await;
        app.get(&path).user(other, "customer").refused(404, "payment_not_found").await;
        app.get(&path).role("warehouse,analyst").refused(404, "payment_not_found").await;
        app.get(&path).user(owner, "customer").expect(200).await;
        app.get(&path).admin().expect(200).await;
    }
    process(&app, &payment, other, "tok_visa").refused(404, "payment_not_found").await;
    app.get(&format!("/payments/{}", new_id())).admin().refused(404, "payment_not_found").await;
    app.get("/payments/none").admin().refused(400, "invalid_path").await;
    app.get(&format!("/payments/order/{}", new_id())).admin().refused(404, "payment_not_found").await;
    // An admin's payment of an order that payments don't know is no customer's.
    let body = json!({"order_id": new_id(), "amount": usd("1.00"), "method": "cash"});
    let admins = app.post("/payments", body).admin().expect(201).await.json();
    assert_eq!(admins["customer_id"], Value::Null);
    app.get(&path(&admins, "")).user(owner, "customer").refused(404, "payment_not_found").await;
    app.close().await;
}

async fn the_payment_of_an_order_is_the_live_one_or_the_last(app: App) {
    let customer = new_id();
    let order = payable(&app, customer).await;
    let of_order = || app.get(&format!("/payments/order/{order}")).user(customer, "customer");
    let body = json!({"order_id": order, "amount": usd("20.00"), "method": "credit_card"});
    let open = || app.post("/payments", body.clone()).user(customer, "customer");
    let first = open().expect(201).await.json();
    process(&app, &first, customer, "tok_declined").expect(200).await;
    assert_eq!(of_order().expect(200).await.json()["id"], first["id"]);
    let second = open().expect(201).await.json();
    let shown = of_order().expect(200).await;
    assert_eq!(shown.json(), second);
    assert_eq!(shown.header("etag"), "\"1\"");
    app.close().await;
}

async fn a_payment_is_processed_once(app: App) {
    let customer = new_id();
    let payment = opened(&app, customer).await;
    let ask = |token: &str| process(&app, &payment, customer, token);
    let body = json!({"payment_method_id": "tok_visa"});
    app.post(&path(&payment, "/process"), body).refused(401, "unauthenticated").await;
    ask("tok_visa").header("if-match", "\"7\"").refused(412, "precondition_failed").await;
    for wrong in ["", "tok visa", &"x".repeat(256)] {
        let problem = ask(wrong).refused(400, "validation_failed").await;
        assert_eq!(problem["errors"][0]["pointer"], "/payment_method_id");
    }
    let first = ask("tok_visa").key("k").expect(200).await;
    let done = first.json();
    assert_eq!(done["status"], "succeeded");
    assert!(ExternalPaymentId::parse(done["external_payment_id"].as_str().unwrap()).is_ok());
    assert_eq!(first.header("etag"), "\"3\"");
    let again = ask("tok_visa").key("k").expect(200).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.bytes, first.bytes);
    ask("tok_visa").refused(409, "wrong_state").await;
    assert_eq!(self::payment(&app, &payment["id"]).await, done);
    let of_charge = json!({"external_payment_id": done["external_payment_id"]});
    // It is confirmed already, which is no harm.
    assert_eq!(app.post("/payments/confirm", of_charge).admin().expect(200).await.json(), done);
    all_is_well(&app).await;
    app.close().await;
}

async fn a_payment_that_is_refused_makes_room_for_another(app: App) {
    let customer = new_id();
    for (token, code) in [("tok_declined", "card_declined"), ("tok_insufficient_funds", "insufficient_funds")]
    {
        let payment = opened(&app, customer).await;
        let failed = process(&app, &payment, customer, token).expect(200).await.json();
        assert_eq!((&failed["status"], &failed["failure_code"]), (&json!("failed"), &json!(code)));
        assert!(failed["failure_reason"].is_string());
        process(&app, &payment, customer, token).refused(409, "wrong_state").await;
        let body = json!({"order_id": payment["order_id"], "amount": usd("20.00"), "method": "cash"});
        app.post("/payments", body).user(customer, "customer").expect(201).await;
    }
    app.close().await;
}

async fn a_flaky_provider_is_tried_again(app: App) {
    let customer = new_id();
    let payment = opened(&app, customer).await;
    let paid = process(&app, &payment, customer, "tok_flaky").expect(200).await;
    assert_eq!(paid.json()["status"], "succeeded");
    // Opened, three attempts, succeeded.
    assert_eq!(paid.header("etag"), "\"5\"");
    app.close().await;
}

async fn a_payment_that_waits_for_the_customer_is_confirmed(app: App) {
    let customer = new_id();
    let payment = opened(&app, customer).await;
    let waiting = process(&app, &payment, customer, "tok_requires_action").expect(200).await.json();
    assert_eq!(waiting["status"], "processing");
    assert!(waiting["external_payment_id"].is_string());
    // What they have to do is told where they ask for it, not where it was begun.
    let mut shown = app.get(&path(&payment, "")).user(customer, "customer").expect(200).await.json();
    assert_eq!((shown["next_action"].take()["type"].take(), &shown), (json!("use_sdk"), &waiting));
    // Processed again, it still waits; by other means it isn't processed.
    let again = process(&app, &payment, customer, "tok_requires_action").expect(200).await.json();
    assert_eq!(again, waiting);
    process(&app, &payment, customer, "tok_visa").refused(409, "token_differs").await;
    let body = json!({"external_payment_id": waiting["external_payment_id"]});
    app.post("/payments/confirm", body.clone()).refused(401, "unauthenticated").await;
    app.post("/payments/confirm", body.clone()).user(customer, "customer").refused(403, "forbidden").await;
    let confirmed = app.post("/payments/confirm", body.clone()).admin().expect(200).await.json();
    assert_eq!(confirmed["status"], "succeeded");
    assert_eq!(confirmed["external_payment_id"], waiting["external_payment_id"]);
    assert_eq!(app.post("/payments/confirm", body).admin().expect(200).await.json(), confirmed);
    all_is_well(&app).await;
    app.close().await;
}

async fn what_cant_be_confirmed(app: App) {
    let confirm = |body: Value| app.post("/payments/confirm", body).admin();
    confirm(json!({"external_payment_id": "fake_pi_none"})).refused(404, "payment_not_found").await;
    let problem = confirm(json!({"external_payment_id": "a b"})).refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/external_payment_id");
    confirm(json!({})).refused(400, "invalid_body").await;
    app.get("/payments/confirm").admin().refused(405, "method_not_allowed").await;
    app.close().await;
}

async fn a_payment_is_refunded_in_parts(app: App) {
    let customer = new_id();
    let payment = paid(&app, customer).await;
    let give_back = |body: Value| app.post(&path(&payment, "/refund"), body).header("if-match", "*").admin();
    let of = |amount: &str| json!({"amount": usd(amount), "reason": "broken"});
    app.post(&path(&payment, "/refund"), of("1.00")).refused(401, "unauthenticated").await;
    app.post(&path(&payment, "/refund"), of("1.00"))
        .user(customer, "customer")
        .refused(403, "forbidden")
        .await;
    let wrong = json!({"amount": {"amount": "0.00", "currency": "EUR"}, "reason": " "});
    let problem = give_back(wrong).refused(400, "validation_failed").await;
    let pointers: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/amount", "/amount/currency", "/reason"]);
    let part = give_back(of("5.00")).expect(200).await.json();
    assert_eq!((&part["status"], &part["refunded_amount"]), (&json!("partially_refunded"), &usd("5.00")));
    assert_eq!(
        (&part["refunds"][0]["amount"], &part["refunds"][0]["reason"], &part["refunds"][0]["at"]),
        (&usd("5.00"), &of("5.00")["reason"], &part["updated_at"])
    );
    give_back(of("15.01")).refused(409, "refund_exceeds_remaining").await;
    let stale = app.post(&path(&payment, "/refund"), of("1.00")).admin().header("if-match", "\"3\"");
    stale.refused(412, "precondition_failed").await;
    let all = give_back(of("15.00")).expect(200).await.json();
    assert_eq!((&all["status"], &all["refunded_amount"]), (&json!("refunded"), &usd("20.00")));
    // What is refunded in full frees its order.
    let again = json!({"order_id": payment["order_id"], "amount": usd("20.00"), "method": "cash"});
    app.post("/payments", again).user(customer, "customer").expect(201).await;
    let pending = opened(&app, customer).await;
    app.post(&path(&pending, "/refund"), of("1.00")).admin().refused(409, "wrong_state").await;
    let absent = format!("/payments/{}/refund", new_id());
    app.post(&absent, of("1.00")).admin().refused(404, "payment_not_found").await;
    all_is_well(&app).await;
    app.close().await;
}

async fn a_refund_under_one_key_is_one_refund(app: App) {
    let payment = paid(&app, new_id()).await;
    let give_back = |amount: &str| {
        let body = json!({"amount": usd(amount), "reason": "broken"});
        app.post(&path(&payment, "/refund"), body).admin().key("refund-1")
    };
    let first = give_back("5.00").expect(200).await;
    let again = give_back("5.00").expect(200).await;
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(again.header("idempotency-replayed"), "true");
    give_back("6.00").refused(422, "idempotency_key_reused").await;
    assert_eq!(self::payment(&app, &payment["id"]).await["refunded_amount"], usd("5.00"));
    app.close().await;
}

async fn of_two_refunds_that_race_for_the_rest_one_wins(app: App) {
    let payment = paid(&app, new_id()).await;
    let give_back = || {
        let body = json!({"amount": usd("11.00"), "reason": "broken"});
        app.post(&path(&payment, "/refund"), body).admin().send()
    };
    let (one, two, three) = tokio::join!(give_back(), give_back(), give_back());
    let mut statuses = [one.status.as_u16(), two.status.as_u16(), three.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409]);
    assert_eq!(self::payment(&app, &payment["id"]).await["refunded_amount"], usd("11.00"));
    app.close().await;
}

async fn the_books_balance(app: App) {
    let books = || app.get("/payments/ledger/balances");
    assert_eq!(books().admin().expect(200).await.json(), json!({"balanced": true, "currencies": []}));
    books().refused(401, "unauthenticated").await;
    books().role("customer").refused(403, "forbidden").await;
    let payment = paid(&app, new_id()).await;
    let body = json!({"amount": usd("5.00"), "reason": "broken"});
    app.post(&path(&payment, "/refund"), body).admin().expect(200).await;
    let shown = books().role("analyst").expect(200).await.json();
    assert_eq!((&shown["balanced"], &shown["currencies"][0]["currency"]), (&json!(true), &json!("USD")));
    assert_eq!(shown["currencies"][0]["balanced"], json!(true));
    let balance = |account: &str| {
        let accounts = shown["currencies"][0]["accounts"].as_array().unwrap();
        accounts.iter().find(|line| line["account"] == account).unwrap()["balance"].clone()
    };
    assert_eq!(balance("customer"), usd("0.00"));
    assert_eq!(balance("provider_clearing"), usd("15.00"));
    assert_eq!(balance("revenue"), usd("20.00"));
    assert_eq!(balance("refunds"), usd("5.00"));
    app.close().await;
}
