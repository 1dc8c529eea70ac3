//! So many requests a minute for each client.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};

use super::caller::Caller;
use super::problem::Problem;
use super::quota::{Quota, Quotas};

/// What each client may ask. A client is a user who is signed in, or else an address.
#[derive(Clone)]
pub struct RateLimit {
    /// Of requests that change something.
    pub writes: Quota,
    /// Of requests that don't.
    pub reads: Quota,
    /// Where they are counted.
    pub quotas: Arc<dyn Quotas>,
}

impl RateLimit {
    /// 100 writes and 1,000 reads a minute.
    pub fn new(quotas: Arc<dyn Quotas>) -> Self {
        Self { writes: Quota::per_minute(100), reads: Quota::per_minute(1_000), quotas }
    }
}

/// Refuses what is too much, with 429 and `Retry-After`. Goes inside [`authenticate`](super::authenticate), which says who asks.
pub async fn limit_rate(State(limit): State<RateLimit>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let (kind, quota) = if reads { ("read", limit.reads) } else { ("write", limit.writes) };
    let client = format!("{kind}/{}", client_of(&request));
    match limit.quotas.take(&client, quota).await {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            let detail = format!("more than {} requests of this kind in {:?}", quota.requests, quota.per);
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail)
                .retry_after(wait)
                .into_response()
        }
    }
}

fn client_of(request: &Request) -> String {
    if let Some(caller) = request.extensions().get::<Caller>() {
        return caller.id.to_string();
    }
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    address.map_or_else(|| "unknown".to_owned(), |ConnectInfo(address)| address.ip().to_string())
}
