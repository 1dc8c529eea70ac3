//! The whole shop with Stripe as its provider, against a server that speaks as much of Stripe's API as is used.

use std::sync::Arc;
use std::time::Duration;

use commerce_adapters::resilience::BreakerOptions;
use commerce_adapters::stripe::{Stripe, StripeOptions};
use commerce_core::id::{OrderId, Tenant};
use commerce_core::order::OrderStatus;
use commerce_core::store::Query;
use commerce_core::value::{Currency, Money};
use commerce_outbox::{HeldMessage, RetryPolicy};
use commerce_saga::SagaStatus;
use reference_server::sagas::return_goods;
use reference_server::services::order::Return;
use reference_server::services::payment::{STRAY_MONEY, StrayMoney};
use reference_server::shop::ShopOptions;
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::payment_support::{
    all_is_well, awaiting, becomes, event, new_id, now, on_sale, opened, ordered, paid, payment, process,
    tell,
};
use crate::stripe_server::{Fault, Server};
use crate::support::{App, eventually};

const PATIENCE: Duration = Duration::from_secs(5);
const COOL_DOWN: Duration = Duration::from_secs(2);

pub(crate) async fn shop(failures: u32) -> (Server, App) {
    shop_on(Backend::sqlite(), failures, |_| {}).await
}

/// The same with other options, on this backend.
pub(crate) async fn shop_on(
    backend: Backend,
    failures: u32,
    change: impl FnOnce(&mut ShopOptions),
) -> (Server, App) {
    let server = Server::start(PATIENCE).await;
    let options = StripeOptions {
        base_url: server.url.clone(),
        return_url: None,
        timeout: PATIENCE,
        retries: 0,
        backoff: Duration::from_millis(1),
        breaker: BreakerOptions { failures, cool_down: COOL_DOWN },
    };
    let stripe = Stripe::new("sk_test_right".to_owned().into(), &options).unwrap();
    let app = App::with(backend, |shop| {
        shop.provider = Arc::new(stripe);
        // Not for as long as a provider may be away.
        shop.giving_back = RetryPolicy::default();
        change(shop);
    })
    .await;
    (server, app)
}

async fn payment_of(app: &App, order: OrderId) -> Value {
    app.get(&format!("/payments/order/{order}")).admin().expect(200).await.json()
}

/// As Stripe tells it: with the intent's own metadata.
pub(crate) fn about(id: &str, kind: &str, payment: &Value) -> Value {
    event(id, kind, &payment["external_payment_id"], Some(&payment["id"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_by_stripe() {
    let (server, app) = shop(100).await;
    let order = ordered(&app, new_id(), "pm_card_visa").await;
    becomes(&app, order, OrderStatus::Confirmed).await;
    let payment = payment_of(&app, order).await;
    assert_eq!(
        (&payment["status"], &payment["external_payment_id"]),
        (&json!("succeeded"), &json!("pi_0000"))
    );
    // Stripe tells it too, later: nothing new.
    tell(&app, &about("evt_1", "payment_intent.succeeded", &payment)).expect(200).await;
    assert_eq!(payment_of(&app, order).await, payment);
    let key = format!("capture:{}:1", payment["id"].as_str().unwrap());
    assert_eq!(server.books().captures(&key), 1);

    let declined = ordered(&app, new_id(), "pm_card_declined").await;
    becomes(&app, declined, OrderStatus::Failed).await;
    assert_eq!(payment_of(&app, declined).await["failure_code"], "insufficient_funds");
    all_is_well(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_waits_for_its_customer_at_stripe() {
    let (server, app) = shop(100).await;
    let order = ordered(&app, new_id(), "pm_card_3ds").await;
    let waiting = awaiting(&app, order).await;
    let charge = waiting["external_payment_id"].as_str().unwrap().to_owned();
    // An admin's word doesn't make money: Stripe is asked.
    let confirm = || app.post("/payments/confirm", json!({"external_payment_id": charge})).admin();
    confirm().refused(409, "requires_action").await;
    server.books().customer_acts(&charge, true);
    let succeeded = about("evt_1", "payment_intent.succeeded", &waiting);
    for _ in 0..2 {
        tell(&app, &succeeded).expect(200).await;
    }
    becomes(&app, order, OrderStatus::Confirmed).await;
    assert_eq!(confirm().expect(200).await.json()["status"], "succeeded");

    let order = ordered(&app, new_id(), "pm_card_3ds").await;
    let waiting = awaiting(&app, order).await;
    server.books().customer_acts(waiting["external_payment_id"].as_str().unwrap(), false);
    tell(&app, &about("evt_2", "payment_intent.payment_failed", &waiting)).expect(200).await;
    becomes(&app, order, OrderStatus::Failed).await;
    let failed = payment_of(&app, order).await;
    assert_eq!(failed["failure_code"], "payment_intent_authentication_failure");
    all_is_well(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_paid_out_by_stripe() {
    let (server, app) = shop(100).await;
    let payment = paid(&app, new_id()).await;
    refund(&app, &payment, "7.50").await;
    eventually("Stripe pays it out", async || (!server.books().refunds.is_empty()).then_some(())).await;
    assert_eq!(server.books().refunds[0]["amount"], 750);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_stripe_could_never_pay_out_is_not_recorded() {
    let (server, app) = shop(100).await;
    let dinars = |amount: &str| json!({"amount": amount, "currency": "KWD"});
    let new = json!({"order_id": new_id(), "amount": dinars("20.000"), "method": "credit_card"});
    let opened = app.post("/payments", new).admin().expect(201).await.json();
    let path = format!("/payments/{}", opened["id"].as_str().unwrap());
    let means = json!({"payment_method_id": "pm_card_visa"});
    let paid = app.post(&format!("{path}/process"), means).admin().expect(200).await.json();
    assert_eq!(paid["status"], "succeeded");

    let give_back = |amount: &str| {
        app.post(&format!("{path}/refund"), json!({"amount": dinars(amount), "reason": "broken"})).admin()
    };
    let refused = give_back("5.125").expect(409).await.json();
    assert_eq!(refused["code"], "amount_not_representable");
    assert!(refused["detail"].as_str().unwrap().contains("multiples of 0.010 KWD"), "{refused}");
    assert_eq!(payment(&app, &opened["id"]).await, paid);
    give_back("5.120").expect(200).await;
    eventually("Stripe pays it out", async || (!server.books().refunds.is_empty()).then_some(())).await;
    assert_eq!(server.books().refunds[0]["amount"], 5120);
    // What can't be done where the payment stands comes first.
    give_back("20.005").refused(409, "refund_exceeds_remaining").await;

    // A return is undone by it.
    let (product_id, _) = on_sale(&app).await;
    let return_id = new_id();
    let payment_id = opened["id"].as_str().unwrap().parse().unwrap();
    let amount = Money::parse("5.125", Currency::KWD).unwrap();
    let goods =
        Return { return_id, payment_id, product_id, quantity: 1, amount, reason: "broken".to_owned() };
    let orders = &app.platform.shop.orders;
    orders.take_back(goods).await.unwrap();
    eventually("the return fails", async || {
        let id = return_id.to_string();
        let run = orders.orchestrator().instance(&Tenant::default(), return_goods::NAME, &id).await.ok()?;
        (run.status == SagaStatus::Failed).then_some(())
    })
    .await;
    assert_eq!(held(&app).await, 0);
    assert_eq!(server.books().refunds.len(), 1);
    app.close().await;
}

/// More attempts than a consumer makes.
const UNANSWERED: usize = 12;

/// Has the provider called again at once, as often as it takes.
fn without_waiting(shop: &mut ShopOptions) {
    shop.paying_out =
        RetryPolicy { attempts: u32::MAX, first_wait: Duration::ZERO, longest_wait: Duration::ZERO };
}

async fn refund(app: &App, payment: &Value, amount: &str) {
    let path = format!("/payments/{}/refund", payment["id"].as_str().unwrap());
    let body = json!({"amount": {"amount": amount, "currency": "USD"}, "reason": "broken"});
    app.post(&path, body).admin().expect(200).await;
}

/// What the payment service could not handle at once.
async fn held(app: &App) -> usize {
    let held = Query::all_tenants("held-messages");
    app.platform.shop.stores().payment.documents(&held).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_back_outlasts_an_outage_and_holds_up_nothing() {
    let (server, app) = shop_on(Backend::sqlite(), 1_000, without_waiting).await;
    let customer = new_id();
    let payment = paid(&app, customer).await;
    let failed = opened(&app, customer).await;
    process(&app, &failed, customer, "pm_card_declined").expect(200).await;
    server.books().out_of_order = Some("/v1/refunds");
    refund(&app, &payment, "7.50").await;
    refund(&app, &payment, "2.50").await;
    let late = event("evt_1", "payment_intent.succeeded", &json!("pi_late"), Some(&failed["id"]));
    tell(&app, &late).expect(200).await;
    eventually("Stripe is called again and again", async || {
        (server.seen(("GET", "/v1/refunds")) > 3 * UNANSWERED).then_some(())
    })
    .await;
    // Nothing is dead, and nothing waits behind what is not paid out.
    assert_eq!(held(&app).await, 0);
    let order = ordered(&app, new_id(), "pm_card_visa").await;
    becomes(&app, order, OrderStatus::Confirmed).await;

    server.books().out_of_order = None;
    eventually("Stripe pays it out", async || (server.books().refunds.len() == 3).then_some(())).await;
    app.platform.shop.rest().await.unwrap();
    let mut amounts: Vec<_> =
        server.books().refunds.iter().filter_map(|refund| refund["amount"].as_i64()).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [250, 750, 2_000]);
    let store = &app.platform.shop.stores().payment;
    let stray = store.document(&Tenant::default(), STRAY_MONEY, "pi_late").await.unwrap().unwrap();
    assert!(stray.json::<StrayMoney>().unwrap().external_refund_id.is_some());
    assert_eq!(held(&app).await, 0);
    all_is_well(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_calls_are_held_back_what_goes_back_waits_for_them() {
    let (server, app) = shop_on(Backend::sqlite(), 1, without_waiting).await;
    let payment = paid(&app, new_id()).await;
    server.books().out_of_order = Some("/v1/refunds");
    refund(&app, &payment, "7.50").await;
    let store = &app.platform.shop.stores().payment;
    eventually("the message waits for the circuit", async || {
        let due = store.release_due(0).await.unwrap().next_due?;
        (due.since(store.now().await.unwrap()) > COOL_DOWN / 2).then_some(())
    })
    .await;
    server.books().out_of_order = None;
    eventually("Stripe pays it out", async || (!server.books().refunds.is_empty()).then_some(())).await;
    app.close().await;
}

/// As Stripe tells of a refund that failed.
fn failed(id: &str, kind: &str, refund: &Value) -> Value {
    let mut refund = refund.clone();
    refund["object"] = json!("refund");
    refund["status"] = json!("failed");
    refund["failure_reason"] = json!("lost_or_stolen_card");
    json!({"id": id, "object": "event", "type": kind, "created": now(), "data": {"object": refund}})
}

/// What the payment service has left to an operator, as it was said.
async fn owed(app: &App) -> Vec<Value> {
    let held = Query::all_tenants("held-messages").equals("state", "dead");
    let dead = app.platform.shop.stores().payment.documents(&held).await.unwrap();
    let dead = dead.iter().map(|letter| letter.json::<HeldMessage>().unwrap().envelope);
    let failed = dead.filter(|envelope| &*envelope.message_type == "payment.refund-failed");
    failed.map(|envelope| envelope.body().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_in_the_end_is_for_an_operator() {
    let (server, app) = shop(100).await;
    let payment = paid(&app, new_id()).await;
    refund(&app, &payment, "7.50").await;
    eventually("Stripe pays it out", async || (!server.books().refunds.is_empty()).then_some(())).await;
    let before = self::payment(&app, &payment["id"]).await;
    let refunded = server.books().refunds[0].clone();
    // One that is on its way, and one of another shop with the same account, are nobody's business.
    let mut pending = failed("evt_0", "refund.updated", &refunded);
    pending["data"]["object"]["status"] = json!("pending");
    tell(&app, &pending).expect(200).await;
    let elsewhere = json!({"id": "re_x", "payment_intent": "pi_unknown"});
    tell(&app, &failed("evt_00", "refund.failed", &elsewhere)).expect(200).await;
    // Stripe tells of one failure in several events, each of which may come again.
    for (id, kind) in [
        ("evt_1", "refund.updated"),
        ("evt_1", "refund.updated"),
        ("evt_2", "charge.refund.updated"),
        ("evt_3", "refund.failed"),
    ] {
        tell(&app, &failed(id, kind, &refunded)).expect(200).await;
    }
    // What someone has given back at Stripe is not in the books.
    let by_hand =
        json!({"id": "re_by_hand", "payment_intent": payment["external_payment_id"], "metadata": {}});
    tell(&app, &failed("evt_4", "refund.failed", &by_hand)).expect(200).await;
    let owed = eventually("an operator learns of it", async || {
        let owed = owed(&app).await;
        (owed.len() >= 2).then_some(owed)
    })
    .await;
    app.platform.shop.rest().await.unwrap();
    assert_eq!((owed.len(), held(&app).await), (2, 2), "{owed:#?}");
    let letter = |id: &str| owed.iter().find(|letter| letter["external_refund_id"] == id).unwrap().clone();
    let booked = letter("re_0");
    assert_eq!(
        (&booked["payment_id"], &booked["amount"], &booked["reason"]),
        (&payment["id"], &json!({"amount": "7.50", "currency": "USD"}), &json!("lost_or_stolen_card"))
    );
    let key = format!("refund:{}:{}", payment["id"].as_str().unwrap(), booked["refund_id"].as_str().unwrap());
    assert_eq!(refunded["metadata"]["commerce_key"], json!(key));
    let unbooked = letter("re_by_hand");
    assert_eq!((&unbooked["payment_id"], &unbooked["amount"]), (&payment["id"], &Value::Null));
    // The payment stays as it is, and its next refund is paid out.
    assert_eq!(self::payment(&app, &payment["id"]).await, before);
    refund(&app, &payment, "2.50").await;
    eventually("the next is paid out", async || (server.books().refunds.len() == 2).then_some(())).await;
    all_is_well(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stray_money_that_does_not_arrive_is_for_an_operator_too() {
    let (server, app) = shop(100).await;
    let customer = new_id();
    let payment = opened(&app, customer).await;
    process(&app, &payment, customer, "pm_card_declined").expect(200).await;
    let late = event("evt_1", "payment_intent.succeeded", &json!("pi_late"), Some(&payment["id"]));
    tell(&app, &late).expect(200).await;
    eventually("it is sent back", async || (!server.books().refunds.is_empty()).then_some(())).await;
    let refunded = server.books().refunds[0].clone();
    tell(&app, &failed("evt_2", "refund.failed", &refunded)).expect(200).await;
    let owed = eventually("an operator learns of it", async || owed(&app).await.pop()).await;
    assert_eq!(
        (&owed["payment_id"], &owed["external_payment_id"], &owed["amount"], &owed["refund_id"]),
        (&payment["id"], &json!("pi_late"), &payment["amount"], &Value::Null)
    );
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_stripe_is_out_of_order_clients_are_told_when_to_come_again() {
    let (server, app) = shop(1).await;
    let customer = new_id();
    let (first, second) = (opened(&app, customer).await, opened(&app, customer).await);
    server.will([Fault::FailedBefore]);
    let refused = process(&app, &first, customer, "pm_card_visa").key("k").expect(503).await;
    assert_eq!(refused.json()["code"], "circuit_open");
    let after: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=COOL_DOWN.as_secs()).contains(&after), "{after}");
    // It is durable that Stripe may have been called; of the second, nothing is written.
    assert_eq!(payment(&app, &first["id"]).await["status"], "processing");
    process(&app, &second, customer, "pm_card_visa").refused(503, "circuit_open").await;
    assert_eq!(payment(&app, &second["id"]).await, second);
    tokio::time::sleep(COOL_DOWN).await;
    let paid = process(&app, &first, customer, "pm_card_visa").key("k").expect(200).await.json();
    assert_eq!(paid["status"], "succeeded");
    let key = format!("capture:{}:1", first["id"].as_str().unwrap());
    assert_eq!(server.books().captures(&key), 1);
    app.close().await;
}
