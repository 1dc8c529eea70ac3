//! What tests of payments share: a payment, an order, a webhook.

use std::time::{SystemTime, UNIX_EPOCH};

use commerce_core::Host;
use commerce_core::id::{CustomerId, OrderId, ProductId, Tenant};
use commerce_core::order::{OrderLine, OrderStatus};
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::value::{Address, Country, Currency, Money, Quantity, Sku};
use commerce_outbox::SystemHost;
use hmac::{Hmac, KeyInit, Mac};
use reference_server::audit::audit;
use reference_server::services::catalog::NewProduct;
use reference_server::services::inventory::OpeningStock;
use reference_server::services::order::ImportedOrder;
use reference_server::services::payment::ORDER_COPY;
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::shopping::{goods_in, order_of};
use crate::support::{App, Ask, WEBHOOK_SECRET, eventually};

pub(crate) fn usd(amount: &str) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

pub(crate) fn new_id() -> Uuid {
    SystemHost.new_id()
}

/// An order that this customer has placed and not begun to pay.
pub(crate) async fn placed(app: &App, customer: Uuid) -> String {
    let price = Money::parse("20.00", Currency::USD).unwrap();
    let product_id = goods_in(app, "UNPAID", price, 100).await;
    let order = order_of(&[(product_id, 1)]);
    app.post("/orders", order).user(customer, "customer").expect(201).await.id()
}

/// The same, once the payment service knows of it.
pub(crate) async fn payable(app: &App, customer: Uuid) -> String {
    let order_id = placed(app, customer).await;
    let store = &app.platform.shop.stores().payment;
    eventually("the copy of the order", async || {
        store.document(&Tenant::default(), ORDER_COPY, &order_id).await.unwrap()
    })
    .await;
    order_id
}

/// A payment of 20.00 for a new order, opened by this customer.
pub(crate) async fn opened(app: &App, customer: Uuid) -> Value {
    let order_id = payable(app, customer).await;
    let body = json!({"order_id": order_id, "amount": usd("20.00"), "method": "credit_card"});
    app.post("/payments", body).user(customer, "customer").expect(201).await.json()
}

/// What a customer asks for with one of their payments.
pub(crate) fn process<'a>(app: &'a App, payment: &Value, customer: Uuid, token: &str) -> Ask<'a> {
    let path = format!("/payments/{}/process", payment["id"].as_str().unwrap());
    app.post(&path, json!({"payment_method_id": token})).user(customer, "customer")
}

/// A payment of 20.00 that has succeeded.
pub(crate) async fn paid(app: &App, customer: Uuid) -> Value {
    let payment = opened(app, customer).await;
    let paid = process(app, &payment, customer, "tok_visa").expect(200).await.json();
    assert_eq!(paid["status"], "succeeded");
    paid
}

pub(crate) async fn payment(app: &App, id: &Value) -> Value {
    app.get(&format!("/payments/{}", id.as_str().unwrap())).admin().expect(200).await.json()
}

/// An event of Stripe's about a charge.
pub(crate) fn event(id: &str, kind: &str, charge: &Value, payment_id: Option<&Value>) -> Value {
    let metadata = payment_id.map_or(json!({}), |id| json!({ "payment_id": id }));
    json!({
        "id": id, "object": "event", "type": kind, "created": now(),
        "data": {"object": {"id": charge, "object": "payment_intent", "metadata": metadata}},
    })
}

/// The same, of this payment and this much taken for it, as Stripe counts.
pub(crate) fn taken(id: &str, payment: &Value, units: i64, currency: &str) -> Value {
    let charge = &payment["external_payment_id"];
    let mut event = event(id, "payment_intent.succeeded", charge, Some(&payment["id"]));
    event["livemode"] = json!(false);
    let object = &mut event["data"]["object"];
    object["amount"] = json!(units);
    object["amount_received"] = json!(units);
    object["currency"] = json!(currency);
    event
}

/// Tells it, signed.
pub(crate) fn tell<'a>(app: &'a App, event: &Value) -> Ask<'a> {
    let (time, body) = (now(), event.to_string());
    let signature = format!("t={time},v1={}", signed(WEBHOOK_SECRET, time, &body));
    app.post("/webhooks/stripe", Value::Null)
        .raw("application/json", body)
        .header("stripe-signature", &signature)
}

pub(crate) fn signed(secret: &str, time: u64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Puts ten of a new product on sale, at 10.00.
pub(crate) async fn on_sale(app: &App) -> (ProductId, Sku) {
    let shop = &app.platform.shop;
    let product_id = ProductId(new_id());
    let sku = Sku::parse(&product_id.to_string().to_uppercase()).unwrap();
    shop.catalog.open_import_category().await.unwrap();
    let price = Money::parse("10.00", Currency::GBP).unwrap();
    let product = NewProduct { product_id, sku: sku.clone(), name: "Thing".to_owned(), price };
    shop.catalog.import(product).await.unwrap();
    let goods = OpeningStock { product_id, sku: sku.clone(), name: "Thing".to_owned(), quantity: 10 };
    shop.inventory.open_stock("test", &goods).await.unwrap();
    (product_id, sku)
}

/// Orders one of a new product, paid with this.
pub(crate) async fn ordered(app: &App, customer: Uuid, token: &str) -> OrderId {
    let (product_id, sku) = on_sale(app).await;
    let order_id = OrderId(new_id());
    let line = OrderLine {
        product_id,
        sku,
        name: "Thing".to_owned(),
        unit_price: Money::parse("10.00", Currency::GBP).unwrap(),
        quantity: Quantity::new(1).unwrap(),
    };
    let order = ImportedOrder {
        order_id,
        customer_id: CustomerId(customer),
        lines: vec![line],
        shipping_address: Address {
            recipient: "Ada Lovelace".to_owned(),
            line1: "12 St James's Square".to_owned(),
            line2: None,
            city: "London".to_owned(),
            state: None,
            postal_code: "SW1Y 4JH".to_owned(),
            country: Country::parse("GB").unwrap(),
        },
        currency: Currency::GBP,
        method: PaymentMethod::CreditCard,
        token: PaymentToken::parse(token).unwrap(),
    };
    app.platform.shop.orders.place_imported(order).await.unwrap();
    order_id
}

/// The order's payment, once the customer has to act.
pub(crate) async fn awaiting(app: &App, order_id: OrderId) -> Value {
    eventually("the customer has to act", async || {
        let payment = app.get(&format!("/payments/order/{order_id}")).admin().send().await;
        let payment = (payment.status == 200).then(|| payment.json())?;
        (payment["status"] == "processing" && payment["external_payment_id"].is_string()).then_some(payment)
    })
    .await
}

pub(crate) async fn becomes(app: &App, order_id: OrderId, status: OrderStatus) {
    eventually(&format!("order {order_id} is {status}"), async || {
        let order = app.platform.shop.orders.order(order_id).await.unwrap();
        (order.status() == Some(status)).then_some(())
    })
    .await;
}

/// Nothing is wrong with orders, stock and money. Messages may be under way still.
pub(crate) async fn all_is_well(app: &App) {
    let report = audit(app.platform.shop.stores()).await.unwrap();
    let breaches: Vec<_> =
        report.breaches.iter().filter(|breach| !breach.invariant.starts_with("message_")).collect();
    assert!(breaches.is_empty(), "{breaches:#?}");
}
