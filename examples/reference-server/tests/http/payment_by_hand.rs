//! Payments that someone opens by hand: no order keeps money that it does not stand for, and none is paid twice.

use commerce_core::id::{OrderId, PaymentId};
use commerce_core::order::OrderStatus;
use commerce_core::payment::{Account, Payment, PaymentCommand, PaymentToken};
use commerce_core::value::{Currency, Money};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::books;
use crate::on_every_backend;
use crate::payment_support::{all_is_well, becomes, new_id, opened, paid, payable, payment, process, usd};
use crate::shopping::{means, product, tell};
use crate::support::{App, Ask, eventually};

on_every_backend!(
    a_cancelled_order_gives_back_what_was_paid_by_hand,
    it_does_so_after_a_crash,
    a_checkout_takes_the_place_of_what_was_paid_by_hand,
    a_checkout_that_fails_keeps_nothing_of_what_was_paid_by_hand,
    an_open_payment_makes_way_for_the_checkout,
    a_payment_under_way_makes_way_for_the_checkout,
    an_open_payment_ends_with_its_order,
    a_payment_under_way_ends_with_its_order,
    what_was_captured_and_not_recorded_goes_back_with_the_order,
    a_customer_pays_what_the_order_costs,
    an_open_payment_of_an_old_total_makes_room,
    an_order_that_is_paid_is_not_paid_by_hand,
    an_admins_payment_is_the_customers,
    the_refusals_are_described,
);

fn open<'a>(app: &'a App, order: &Value, amount: Value) -> Ask<'a> {
    app.post("/payments", json!({"order_id": order, "amount": amount, "method": "credit_card"}))
}

async fn cancel(app: &App, order: &Value, customer: Uuid) {
    let path = format!("/orders/{}/cancel", order.as_str().unwrap());
    app.post(&path, json!({"reason": "changed my mind"})).user(customer, "customer").expect(200).await;
}

/// Has the customer check the order out, and sees what becomes of it.
async fn check_out(app: &App, order: &Value, customer: Uuid, token: &str, status: OrderStatus) {
    let path = format!("/orders/{}/initiate-payment", order.as_str().unwrap());
    let body = json!({"payment_method": means(token)});
    app.post(&path, body).user(customer, "customer").expect(200).await;
    becomes(app, id_of(order), status).await;
}

fn id_of(order: &Value) -> OrderId {
    order.as_str().unwrap().parse().unwrap()
}

async fn until(app: &App, payment: &Value, status: &str) -> Value {
    eventually(status, async || {
        let found = self::payment(app, &payment["id"]).await;
        (found["status"] == status).then_some(found)
    })
    .await
}

/// The provider holds so much for us, the ledger balances, and the audit finds nothing.
async fn all_ends_with(app: &App, amount: &str) {
    let balances = books::balances(&app.platform.shop.stores().payment).await;
    let expected = Money::parse(amount, Currency::USD).unwrap();
    assert_eq!(balances.balance(Account::ProviderClearing, Currency::USD), expected);
    all_is_well(app).await;
}

async fn a_cancelled_order_gives_back_what_was_paid_by_hand(app: App) {
    let customer = new_id();
    let payment = paid(&app, customer).await;
    let path = format!("/payments/{}/refund", payment["id"].as_str().unwrap());
    app.post(&path, json!({"amount": usd("5.00"), "reason": "a gift"})).admin().expect(200).await;
    cancel(&app, &payment["order_id"], customer).await;
    let refunded = until(&app, &payment, "refunded").await;
    assert_eq!(refunded["refunded_amount"], usd("20.00"));
    process(&app, &payment, customer, "tok_visa").refused(409, "order_ended").await;
    all_ends_with(&app, "0.00").await;
    app.close().await;
}

async fn it_does_so_after_a_crash(app: App) {
    let customer = new_id();
    let payment = paid(&app, customer).await;
    cancel(&app, &payment["order_id"], customer).await;
    let app = app.crash().await;
    until(&app, &payment, "refunded").await;
    all_ends_with(&app, "0.00").await;
    app.close().await;
}

async fn a_checkout_takes_the_place_of_what_was_paid_by_hand(app: App) {
    let customer = new_id();
    let payment = paid(&app, customer).await;
    check_out(&app, &payment["order_id"], customer, "tok_visa", OrderStatus::Confirmed).await;
    until(&app, &payment, "refunded").await;
    all_ends_with(&app, "20.00").await;
    app.close().await;
}

async fn a_checkout_that_fails_keeps_nothing_of_what_was_paid_by_hand(app: App) {
    let customer = new_id();
    let payment = paid(&app, customer).await;
    check_out(&app, &payment["order_id"], customer, "tok_declined", OrderStatus::Failed).await;
    until(&app, &payment, "refunded").await;
    all_ends_with(&app, "0.00").await;
    app.close().await;
}

async fn an_open_payment_makes_way_for_the_checkout(app: App) {
    let customer = new_id();
    let payment = opened(&app, customer).await;
    check_out(&app, &payment["order_id"], customer, "tok_visa", OrderStatus::Confirmed).await;
    until(&app, &payment, "cancelled").await;
    process(&app, &payment, customer, "tok_visa").refused(409, "wrong_state").await;
    all_ends_with(&app, "20.00").await;
    app.close().await;
}

async fn a_payment_under_way_makes_way_for_the_checkout(app: App) {
    let customer = new_id();
    let payment = opened(&app, customer).await;
    process(&app, &payment, customer, "tok_requires_action").expect(200).await;
    check_out(&app, &payment["order_id"], customer, "tok_visa", OrderStatus::Confirmed).await;
    until(&app, &payment, "cancelled").await;
    all_ends_with(&app, "20.00").await;
    app.close().await;
}

async fn an_open_payment_ends_with_its_order(app: App) {
    let customer = new_id();
    let order = json!(payable(&app, customer).await);
    let cent = json!({"amount": "0.01", "currency": "EUR"});
    open(&app, &order, cent.clone()).user(customer, "customer").refused(409, "amount_differs").await;
    // Admins answer for what they ask.
    let payment = open(&app, &order, cent.clone()).admin().expect(201).await.json();
    cancel(&app, &order, customer).await;
    until(&app, &payment, "cancelled").await;
    process(&app, &payment, customer, "tok_visa").refused(409, "order_ended").await;
    open(&app, &order, usd("20.00")).user(customer, "customer").refused(409, "order_ended").await;
    open(&app, &order, cent).admin().refused(409, "order_ended").await;
    all_ends_with(&app, "0.00").await;
    app.close().await;
}

async fn a_payment_under_way_ends_with_its_order(app: App) {
    let customer = new_id();
    let payment = opened(&app, customer).await;
    process(&app, &payment, customer, "tok_requires_action").expect(200).await;
    cancel(&app, &payment["order_id"], customer).await;
    // Long before the provider would be asked again.
    until(&app, &payment, "cancelled").await;
    all_ends_with(&app, "0.00").await;
    app.close().await;
}

/// The provider was called, and the process died before it could note the answer.
async fn what_was_captured_and_not_recorded_goes_back_with_the_order(app: App) {
    let customer = new_id();
    let payment = opened(&app, customer).await;
    let id: PaymentId = payment["id"].as_str().unwrap().parse().unwrap();
    let token = PaymentToken::parse("tok_visa").unwrap();
    let start = PaymentCommand::StartProcessing { attempt: 1, token };
    tell::<Payment>(&app.platform.shop.stores().payment, &id, start).await;
    cancel(&app, &payment["order_id"], customer).await;
    let refunded = until(&app, &payment, "refunded").await;
    assert!(refunded["external_payment_id"].is_string(), "{refunded}");
    all_ends_with(&app, "0.00").await;
    app.close().await;
}

async fn a_customer_pays_what_the_order_costs(app: App) {
    let customer = new_id();
    let order = json!(payable(&app, customer).await);
    for amount in [usd("19.99"), usd("20.01"), json!({"amount": "20.00", "currency": "GBP"})] {
        open(&app, &order, amount).user(customer, "customer").refused(409, "amount_differs").await;
    }
    open(&app, &order, usd("20.00")).user(customer, "customer").expect(201).await;
    all_is_well(&app).await;
    app.close().await;
}

async fn an_open_payment_of_an_old_total_makes_room(app: App) {
    let customer = new_id();
    let payment = opened(&app, customer).await;
    let path = format!("/orders/{}/items", payment["order_id"].as_str().unwrap());
    let more = json!({"product_id": product("UNPAID"), "quantity": 1});
    app.post(&path, more).user(customer, "customer").expect(200).await;
    until(&app, &payment, "cancelled").await;
    let order = &payment["order_id"];
    open(&app, order, usd("20.00")).user(customer, "customer").refused(409, "amount_differs").await;
    let payment = open(&app, order, usd("40.00")).user(customer, "customer").expect(201).await.json();
    process(&app, &payment, customer, "tok_visa").expect(200).await;
    all_ends_with(&app, "40.00").await;
    app.close().await;
}

async fn an_order_that_is_paid_is_not_paid_by_hand(app: App) {
    let customer = new_id();
    let order = json!(payable(&app, customer).await);
    check_out(&app, &order, customer, "tok_visa", OrderStatus::Confirmed).await;
    // Until payments have heard of it, the checkout's payment is in the way.
    eventually("the order is known to be paid", async || {
        let answer = open(&app, &order, usd("20.00")).user(customer, "customer").send().await;
        assert_eq!(answer.status, 409);
        (answer.json()["code"] == "order_paid").then_some(())
    })
    .await;
    all_ends_with(&app, "20.00").await;
    app.close().await;
}

async fn an_admins_payment_is_the_customers(app: App) {
    let customer = new_id();
    let order = json!(payable(&app, customer).await);
    let payment = open(&app, &order, usd("3.00")).admin().expect(201).await.json();
    assert_eq!(payment["customer_id"], json!(customer));
    let of_order = format!("/payments/order/{}", order.as_str().unwrap());
    assert_eq!(app.get(&of_order).user(customer, "customer").expect(200).await.json(), payment);
    app.get(&of_order).user(new_id(), "customer").refused(404, "payment_not_found").await;
    app.close().await;
}

async fn the_refusals_are_described(app: App) {
    let api = app.get("//openapi.json").expect(200).await.json();
    let refusals = [
        ("/api/v1/payments", vec!["order_ended", "order_paid", "amount_differs", "payment_live"]),
        ("/api/v1/payments/{id}/process", vec!["order_ended", "wrong_state"]),
        ("/api/v1/payments/confirm", vec!["requires_action", "captured_amount_differs"]),
        ("/api/v1/webhooks/stripe", vec!["captured_amount_differs"]),
    ];
    for (path, codes) in refusals {
        let refusal = &api["paths"][path]["post"]["responses"]["409"];
        for code in codes {
            let is_said = refusal["description"].as_str().is_some_and(|text| text.contains(code));
            assert!(is_said, "{code}: {refusal}");
        }
        assert!(refusal["content"]["application/problem+json"].is_object(), "{refusal}");
    }
    app.close().await;
}
