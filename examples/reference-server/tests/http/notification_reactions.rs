//! Notifications that follow from what other services do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::Host;
use commerce_core::commit::{Commit, Expected, NewEvent, NewMessage};
use commerce_core::id::{CustomerId, UserId};
use commerce_core::identity::{
    EmailAddress, PersonName, Purpose, SECRET_ISSUED, SECRETS_TOPIC, Secret, SecretIssued,
};
use commerce_core::inventory::StockEvent;
use commerce_core::notification::{Channel, Delivery, DeliveryError, Operations, Receipt};
use commerce_core::stream::StreamId;
use commerce_core::value::Sku;
use commerce_outbox::SystemHost;
use reference_server::services::notification::NotificationOptions;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::backend::Backend;
use crate::buying::{buy, new_customer, register, say, stock, take_back};
use crate::on_every_backend;
use crate::support::{App, eventually};

on_every_backend!(
    an_order_that_is_confirmed_is_told_once_also_after_a_crash,
    an_order_that_failed_is_told_with_the_reason,
    a_refund_is_told_with_the_amount,
    who_is_not_known_yet_is_told_later,
    a_secret_reaches_the_mailbox_and_nothing_else,
);

const CONFIRMED: &str = "Your order is confirmed";
const SHIPPED: &str = "Your parcel has a tracking number";

/// How often a user got mail of each subject.
async fn subjects(app: &App, user: CustomerId) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for mail in mailbox(app, user).await {
        *counts.entry(mail["subject"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

async fn mailbox(app: &App, user: CustomerId) -> Vec<Value> {
    let list = app.get(&format!("/notifications/mailbox/{user}")).admin().expect(200).await.json();
    list["items"].as_array().unwrap().clone()
}

async fn mail(app: &App, user: CustomerId, subject: &str) -> Value {
    eventually(subject, async || mailbox(app, user).await.into_iter().find(|mail| mail["subject"] == subject))
        .await
}

async fn an_order_that_is_confirmed_is_told_once_also_after_a_crash(app: App) {
    let ada = new_customer();
    register(&app, ada, "ada@example.com", "Ada").await;
    stock(&app, "LAMP", 100).await;
    let order = buy(&app, ada, "tok_visa", &[("LAMP", 2)]).await;
    let told = mail(&app, ada, CONFIRMED).await;
    assert_eq!(told["recipient"], "ada@example.com");
    let body = told["body"].as_str().unwrap();
    assert!(body.contains("Hello Ada") && body.contains(&order.to_string()), "{body}");
    mail(&app, ada, SHIPPED).await;
    // Its owner sees it; nobody else does.
    let path = format!("/notifications/{}", told["notification_id"].as_str().unwrap());
    app.get(&path).user(ada.0, "customer").expect(200).await;
    app.get(&path).role("customer").refused(404, "notification_not_found").await;
    let app = app.crash().await;
    buy(&app, ada, "tok_visa", &[("LAMP", 1)]).await;
    let twice = BTreeMap::from([(CONFIRMED.to_owned(), 2), (SHIPPED.to_owned(), 2)]);
    eventually("each order has its mails", async || (subjects(&app, ada).await == twice).then_some(())).await;
    let app = app.crash().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(subjects(&app, ada).await, twice);
    app.close().await;
}

async fn an_order_that_failed_is_told_with_the_reason(app: App) {
    let ada = new_customer();
    register(&app, ada, "ada@example.com", "Ada").await;
    stock(&app, "LAMP", 100).await;
    buy(&app, ada, "tok_declined", &[("LAMP", 2)]).await;
    let told = mail(&app, ada, "We could not complete your order").await;
    assert!(told["body"].as_str().unwrap().contains("The reason: "), "{told}");
    assert_eq!(subjects(&app, ada).await.len(), 1);
    app.close().await;
}

async fn a_refund_is_told_with_the_amount(app: App) {
    let ada = new_customer();
    register(&app, ada, "ada@example.com", "Ada").await;
    stock(&app, "LAMP", 100).await;
    let order = buy(&app, ada, "tok_visa", &[("LAMP", 3)]).await;
    take_back(&app, order, "LAMP", 2).await;
    let told = mail(&app, ada, "You get 5.00 USD back").await;
    assert!(told["body"].as_str().unwrap().contains("it does not fit"), "{told}");
    app.close().await;
}

async fn who_is_not_known_yet_is_told_later(app: App) {
    let ada = new_customer();
    stock(&app, "LAMP", 100).await;
    buy(&app, ada, "tok_visa", &[("LAMP", 2)]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(mailbox(&app, ada).await.is_empty());
    register(&app, ada, "ada@example.com", "Ada").await;
    mail(&app, ada, CONFIRMED).await;
    mail(&app, ada, SHIPPED).await;
    app.close().await;
}

fn secret(user: CustomerId) -> NewMessage {
    let body = SecretIssued {
        user_id: UserId(user.0),
        email: EmailAddress::parse("/email", "ada@example.com").unwrap(),
        first_name: PersonName::parse("/first_name", "Ada").unwrap(),
        purpose: Purpose::ConfirmEmail,
        token: Secret::new("s3cret-token"),
        expires_at: SystemHost.now().plus(Duration::from_secs(3_600)),
    };
    NewMessage::new(SECRETS_TOPIC, user.to_string()).of_type(SECRET_ISSUED).json(&body).unwrap()
}

async fn a_secret_reaches_the_mailbox_and_nothing_else(app: App) {
    let ada = new_customer();
    say(&app, secret(ada)).await;
    let told = mail(&app, ada, "Welcome, Ada! Please confirm your e-mail address").await;
    assert!(told["body"].as_str().unwrap().contains("s3cret-token"), "{told}");
    let shown = app.get(&format!("/notifications/user/{ada}")).user(ada.0, "customer").expect(200).await;
    assert_eq!(shown.json()["items"][0]["body"], json!(null));
    assert!(!String::from_utf8(shown.bytes).unwrap().contains("s3cret-token"));
    let log = app.platform.shop.stores().notification.read_log(0, 1_000).await.unwrap();
    let told = |payload: &[u8]| String::from_utf8_lossy(payload).contains("s3cret-token");
    assert!(!log.is_empty() && !log.iter().any(|event| told(&event.payload)));
    app.close().await;
}

/// What the stock of a product says when it is running out.
async fn run_low(app: &App) {
    let low = StockEvent::LowStockDetected {
        sku: Sku::parse("LAMP").unwrap(),
        available: 3,
        reorder_level: 10,
        reorder_quantity: 100,
    };
    let events = vec![NewEvent::encode(&low).unwrap()];
    let commit = Commit::new().append(StreamId::new("stock-item", Uuid::now_v7()), Expected::Any, events);
    app.platform.shop.stores().inventory.commit(commit).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_told_of_low_stock() {
    let operator = new_customer();
    let operations = Operations { user_id: operator, email: "operations@example.com".to_owned() };
    let options = NotificationOptions { operations: Some(operations), ..NotificationOptions::default() };
    let app = App::notifying(Backend::sqlite(), options).await;
    run_low(&app).await;
    let told = mail(&app, operator, "Running out: LAMP").await;
    assert_eq!((&told["recipient"], &told["priority"]), (&json!("operations@example.com"), &json!("high")));
    app.close().await;
}

/// Keeps what it is handed.
#[derive(Default)]
struct Post(Mutex<Vec<Delivery>>);

#[async_trait]
impl Channel for Post {
    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, DeliveryError> {
        self.0.lock().unwrap().push(delivery.clone());
        Ok(Receipt { reference: Some("p-1".to_owned()), delivered: false })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_goes_by_smtp_where_there_is_one() {
    let post = Arc::new(Post::default());
    let options = NotificationOptions { smtp: Some(post.clone()), ..NotificationOptions::default() };
    let app = App::notifying(Backend::sqlite(), options).await;
    let user = new_customer();
    let send = async |channel: &str| {
        let body = json!({"user_id": user.0, "channel": channel, "recipient": "ada@example.com",
            "subject": channel, "body": "How are you?"});
        app.post("/notifications/send", body).admin().expect(201).await.id()
    };
    let mailed = send("email").await;
    send("in_app").await;
    mail(&app, user, "in_app").await;
    let shown = eventually("it is sent", async || {
        let shown = app.get(&format!("/notifications/{mailed}")).admin().expect(200).await.json();
        (shown["status"] == "sent").then_some(shown)
    })
    .await;
    assert_eq!(shown["reference"], "p-1");
    assert_eq!(post.0.lock().unwrap().iter().map(|mail| &*mail.subject).collect::<Vec<_>>(), ["email"]);
    assert_eq!(mailbox(&app, user).await.len(), 1);
    app.close().await;
}
