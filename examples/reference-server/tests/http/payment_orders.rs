//! Whose orders are paid for: customers open payments of their own orders, and learn nothing of those of others.

use serde_json::{Value, json};

use crate::on_every_backend;
use crate::payment_support::{all_is_well, new_id, payable, placed, usd};
use crate::support::{App, Ask, eventually};

on_every_backend!(
    a_customer_pays_for_an_order_once_it_is_known,
    the_order_of_another_is_as_one_that_does_not_exist,
    a_stranger_does_not_learn_whether_an_order_is_being_paid,
    an_admin_pays_for_any_order,
    whose_an_order_is_outlives_a_crash,
    the_refusal_is_described,
);

fn open<'a>(app: &'a App, order_id: &str) -> Ask<'a> {
    app.post("/payments", json!({"order_id": order_id, "amount": usd("20.00"), "method": "credit_card"}))
}

/// What a customer is told of an order, but for what names the request.
async fn told(app: &App, order_id: &str) -> Value {
    let mut problem = open(app, order_id).user(new_id(), "customer").refused(404, "not_found").await;
    problem.as_object_mut().unwrap().remove("correlation_id");
    problem
}

async fn a_customer_pays_for_an_order_once_it_is_known(app: App) {
    let customer = new_id();
    let order_id = placed(&app, customer).await;
    let payment = eventually("the order is known", async || {
        let answer = open(&app, &order_id).user(customer, "customer").send().await;
        if answer.status != 201 {
            assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (404, &json!("not_found")));
            return None;
        }
        Some(answer.json())
    })
    .await;
    assert_eq!((&payment["order_id"], &payment["customer_id"]), (&json!(order_id), &json!(customer)));
    all_is_well(&app).await;
    app.close().await;
}

async fn the_order_of_another_is_as_one_that_does_not_exist(app: App) {
    let owner = new_id();
    let order_id = payable(&app, owner).await;
    let absent = told(&app, &new_id().to_string()).await;
    assert_eq!(told(&app, &order_id).await, absent);
    // Other roles make no one its owner.
    let of_all = "customer,warehouse,inventory_manager,analyst";
    open(&app, &order_id).user(new_id(), of_all).refused(404, "not_found").await;
    // The order's one live payment is still to be had.
    open(&app, &order_id).user(owner, "customer").expect(201).await;
    app.close().await;
}

async fn a_stranger_does_not_learn_whether_an_order_is_being_paid(app: App) {
    let owner = new_id();
    let order_id = payable(&app, owner).await;
    let unpaid = told(&app, &order_id).await;
    open(&app, &order_id).user(owner, "customer").expect(201).await;
    open(&app, &order_id).user(owner, "customer").refused(409, "payment_live").await;
    assert_eq!(told(&app, &order_id).await, unpaid);
    app.close().await;
}

async fn an_admin_pays_for_any_order(app: App) {
    let order_id = payable(&app, new_id()).await;
    // Also for one that payments have not heard of.
    for order_id in [order_id, new_id().to_string()] {
        let payment = open(&app, &order_id).admin().expect(201).await.json();
        assert_eq!(payment["order_id"], json!(order_id));
    }
    app.close().await;
}

async fn whose_an_order_is_outlives_a_crash(app: App) {
    let owner = new_id();
    let order_id = payable(&app, owner).await;
    let app = app.crash().await;
    told(&app, &order_id).await;
    open(&app, &order_id).user(owner, "customer").expect(201).await;
    app.close().await;
}

async fn the_refusal_is_described(app: App) {
    let api = app.get("//openapi.json").expect(200).await.json();
    let refusal = &api["paths"]["/api/v1/payments"]["post"]["responses"]["404"];
    assert!(refusal["description"].as_str().is_some_and(|text| text.contains("`not_found`")), "{refusal}");
    assert!(refusal["content"]["application/problem+json"].is_object(), "{refusal}");
    app.close().await;
}
