//! Idempotent HTTP: a donation that is posted twice under one `Idempotency-Key` is given once, and answered alike.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware, routing};
use commerce_adapters::http::{Answer, Asked, Body, Problem, REPLAYED, correlate, idempotent};
use commerce_core::Host;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::memory::MemoryStore;
use commerce_core::store::{Query, Store};
use commerce_outbox::{Idempotency, SystemHost};
use serde::{Deserialize, Serialize};
use tower::ServiceExt;

#[derive(Serialize, Deserialize, utoipa::ToSchema)]
struct Donation {
    euros: u32,
}

async fn donate(
    State(store): State<Arc<dyn Store>>,
    Asked(context): Asked,
    answer: Answer,
    Body(donation): Body<Donation>,
) -> Result<Response, Problem> {
    let id = context.new_id(0).to_string();
    let given = DocumentWrite::json("donations", &*id, Expected::ABSENT, &donation)?;
    let thanks = (StatusCode::CREATED, format!("thanks for donation {id}")).into_response();
    // The donation and the answer to it are one commit.
    let (thanks, _) = answer.commit(&store, Commit::within(&context).document(given), thanks).await??;
    Ok(thanks)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(host.clone()));
    let keys = Idempotency::new(store.clone(), host.clone(), "donations");
    let app = Router::new()
        .route("/donations", routing::post(donate))
        .with_state(store.clone())
        .layer(middleware::from_fn_with_state((store.clone(), keys), idempotent))
        .layer(middleware::from_fn_with_state(host, correlate));
    for euros in [5, 5, 7] {
        let request = Request::post("/donations")
            .header("Idempotency-Key", "anna-1")
            .header("Content-Type", "application/json")
            .body(format!(r#"{{"euros":{euros}}}"#))?;
        let (head, body) = app.clone().oneshot(request).await?.into_parts();
        let text = String::from_utf8(to_bytes(body, 1024).await?.into())?;
        println!("{}, replayed: {}, {text}", head.status, head.headers.contains_key(REPLAYED));
    }
    println!("donations: {}", store.documents(&Query::all_tenants("donations")).await?.len());
    Ok(())
}
