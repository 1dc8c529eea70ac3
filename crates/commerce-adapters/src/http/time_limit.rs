//! No request takes for ever.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// Gives a request up that has no answer after so long: 503 `timeout`. What it has committed by then stays.
pub async fn limit_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        let detail =
            format!("there was no answer within {limit:?}: ask again, with the same Idempotency-Key");
        Problem::unavailable("timeout", detail, Duration::from_secs(1)).into_response()
    })
}
