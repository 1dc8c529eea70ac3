//! No request takes for ever.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::problem::Problem;

/// Gives a request up that has no answer after so long: 503 `timeout`. What it has committed by then stays.
///
/// It goes outside [`idempotent`](super::idempotent), which ends a request under a key a hundredth of the time earlier, so
/// that its key is free when the client is told to ask again.
pub async fn limit_time(State(limit): State<Duration>, mut request: Request, next: Next) -> Response {
    let until = Instant::now().checked_add(limit - limit / 100);
    request.extensions_mut().insert(TimeLimit { limit, until });
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| up(limit).into_response())
}

/// How long a request may take that goes on by itself when nobody waits for it.
#[derive(Clone, Copy)]
pub(super) struct TimeLimit {
    limit: Duration,
    /// None if that is never.
    until: Option<Instant>,
}

impl TimeLimit {
    /// The answer, or a problem once the time is up.
    pub(super) async fn within<T>(self, work: impl Future<Output = T>) -> Result<T, Problem> {
        match self.until {
            Some(until) => tokio::time::timeout_at(until, work).await.map_err(|_| up(self.limit)),
            None => Ok(work.await),
        }
    }
}

fn up(limit: Duration) -> Problem {
    let detail = format!("there was no answer within {limit:?}: ask again, with the same Idempotency-Key");
    Problem::unavailable("timeout", detail, Duration::from_secs(1))
}
