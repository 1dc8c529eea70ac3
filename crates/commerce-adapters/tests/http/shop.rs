//! Routes whose effects can be counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use commerce_adapters::http::{Answer, Asked, Body, Problem, created};
use commerce_core::Context;
use commerce_core::commit::{Commit, CommitError, DocumentWrite, Expected, NewMessage};
use commerce_core::memory::MemoryStore;
use commerce_core::store::Store;
use commerce_core::testing::TestHost;
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::App;

/// What the routes work on.
#[derive(Clone)]
pub(crate) struct Shop {
    store: Arc<dyn Store>,
    pub(crate) calls: Arc<AtomicU32>,
    pub(crate) gate: Arc<Notify>,
}

/// An effect that can be counted.
fn effect(context: &Context) -> Commit {
    Commit::within(context).message(NewMessage::new("effects", "one").payload(b"{}".to_vec()))
}

impl Shop {
    fn call(&self) -> u32 {
        self.calls.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Commits an effect and its answer, which is another each time.
    async fn commit(&self, answer: Answer, context: Context) -> Result<Response, Problem> {
        let shown = json!({"call": self.call(), "at": context.operation()});
        let response = created("/orders/7", 1, &shown);
        Ok(answer.commit(&self.store, effect(&context), response).await??.0)
    }
}

async fn order(
    State(shop): State<Shop>,
    Asked(context): Asked,
    answer: Answer,
    Body(_): Body<Value>,
) -> Result<Response, Problem> {
    shop.commit(answer, context).await
}

/// Waits before it commits.
async fn slow(State(shop): State<Shop>, Asked(context): Asked, answer: Answer) -> Result<Response, Problem> {
    shop.call();
    shop.gate.notified().await;
    shop.commit(answer, context).await
}

/// Waits before it commits, and knows nothing of keys.
async fn slow_plain(State(shop): State<Shop>, Asked(context): Asked) -> Result<StatusCode, Problem> {
    shop.call();
    shop.gate.notified().await;
    shop.store.commit(effect(&context)).await?;
    Ok(StatusCode::CREATED)
}

/// Never comes back from its commit.
async fn dies(State(shop): State<Shop>, Asked(context): Asked, answer: Answer) -> Result<Response, Problem> {
    shop.commit(answer, context).await?;
    std::future::pending().await
}

/// Loses a race, and decides again.
async fn decides_again(
    State(shop): State<Shop>,
    Asked(context): Asked,
    answer: Answer,
) -> Result<Response, Problem> {
    let behind = DocumentWrite::put("things", "1", Expected::Version(7), b"{}".to_vec());
    let behind = Commit::within(&context).document(behind);
    let lost = answer.commit(&shop.store, behind, "never given".into_response()).await?;
    assert!(matches!(lost, Err(CommitError::Conflict(_))));
    shop.commit(answer, context).await
}

/// Knows nothing of keys.
async fn plain(State(shop): State<Shop>) -> Response {
    (StatusCode::ACCEPTED, Json(json!({"call": shop.call()}))).into_response()
}

/// Fails the first time.
async fn fails_once(State(shop): State<Shop>) -> Result<String, Problem> {
    match shop.call() {
        1 => Err(Problem::bug("the first time")),
        call => Ok(call.to_string()),
    }
}

async fn refuses(State(shop): State<Shop>) -> Problem {
    Problem::conflict("wrong_state", format!("call {}", shop.call()))
}

async fn comes_again(State(shop): State<Shop>) -> Problem {
    Problem::conflict("version_conflict", format!("call {}", shop.call())).retry_after(Duration::from_secs(1))
}

/// No text, no content type, and a header of odd bytes.
async fn bytes(State(shop): State<Shop>) -> Response {
    let call = u8::try_from(shop.call()).unwrap();
    let mut response = Response::new(vec![0, 0xff, 0xfe, call].into());
    response.headers_mut().insert(header::LOCATION, http::HeaderValue::from_bytes(b"/\xe9").unwrap());
    response
}

pub(crate) fn app() -> (App, Shop) {
    app_on(|host| Arc::new(MemoryStore::new(host)))
}

pub(crate) fn app_on(store: impl FnOnce(Arc<TestHost>) -> Arc<dyn Store>) -> (App, Shop) {
    let mut shop = None;
    let app = App::on(store, |store| {
        let state = Shop { store, calls: Arc::default(), gate: Arc::default() };
        shop = Some(state.clone());
        Router::new()
            .route("/orders", post(order).put(order))
            .route("/orders/{id}/cancel", post(order))
            .route("/slow", post(slow))
            .route("/slow-plain", post(slow_plain))
            .route("/dies", post(dies))
            .route("/decides-again", post(decides_again))
            .route("/plain", post(plain).patch(plain))
            .route("/plain/read", get(plain))
            .route("/fails-once", post(fails_once))
            .route("/refuses", post(refuses))
            .route("/comes-again", post(comes_again))
            .route("/bytes", post(bytes))
            .with_state(state)
    });
    (app, shop.unwrap())
}
