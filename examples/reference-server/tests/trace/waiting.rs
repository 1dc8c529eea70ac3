//! A payment that waits for its customer, who learns what they have to do.

use axum::Router;
use axum::body::Body;
use commerce_core::Aggregate;
use commerce_core::commit::{Commit, Expected, NewEvent};
use commerce_core::id::{CustomerId, OrderId, PaymentId};
use commerce_core::payment::{Payment, PaymentCommand, PaymentMethod};
use commerce_core::stream::StreamId;
use commerce_core::value::{Currency, Money};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use uuid::Uuid;

use crate::{OWNER, PLATFORM};

/// Whose it is.
pub(crate) const CUSTOMER: Uuid = Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057);

/// The secret by which the customer can act, as they are told it when they ask for the payment.
pub(crate) async fn learned(gateway: &Router) -> String {
    let path = format!("/api/v1/payments/{}", opened().await);
    let body = r#"{"payment_method_id":"tok_requires_action"}"#;
    let processed = answered(gateway, "POST", &format!("{path}/process"), body).await;
    assert_eq!(processed["next_action"], serde_json::Value::Null);
    let shown = answered(gateway, "GET", &path, "").await;
    shown["next_action"]["client_secret"].as_str().unwrap().to_owned()
}

/// A payment of this customer's.
async fn opened() -> PaymentId {
    let platform = PLATFORM.get().unwrap();
    let (store, context) = (&platform.shop.stores().payment, platform.common().host.context());
    let payment_id = PaymentId(platform.common().host.new_id());
    let create = PaymentCommand::Create {
        payment_id,
        order_id: OrderId(platform.common().host.new_id()),
        customer_id: Some(CustomerId(CUSTOMER)),
        amount: Money::from_minor(500, Currency::GBP),
        method: PaymentMethod::CreditCard,
    };
    let events = Payment::default().decide(create, &context).unwrap();
    let events = events.iter().map(|event| NewEvent::encode(event).unwrap()).collect();
    let commit =
        Commit::within(&context).append(StreamId::of::<Payment>(&payment_id), Expected::ABSENT, events);
    store.commit(commit).await.unwrap();
    payment_id
}

async fn answered(gateway: &Router, method: &str, path: &str, body: &str) -> serde_json::Value {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {OWNER}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = gateway.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}
