//! Bodies are read as a whole, within bounds of size and time, before anything is decided.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::problem::Problem;

/// The largest body that this crate's extractors and [`idempotent`](super::idempotent) take: 1 MiB.
pub(super) const LARGEST_BODY: usize = 1024 * 1024;

/// How large a body may be, and how long it may take to arrive.
#[derive(Clone, Copy, Debug)]
pub struct Buffering {
    /// In bytes. More than 1 MiB is of use only to handlers that read a body by other means than [`Body`](super::Body) and
    /// [`NoBody`](super::NoBody), and without an idempotency key: these refuse what is larger themselves.
    pub largest: usize,
    /// From the headers to the last byte.
    pub patience: Duration,
}

impl Default for Buffering {
    /// 1 MiB within ten seconds.
    fn default() -> Self {
        Self { largest: LARGEST_BODY, patience: Duration::from_secs(10) }
    }
}

/// Reads each request's body before it is handed on: a body that is too large is a 413, one that comes too slowly a 408.
pub async fn buffer(State(bounds): State<Buffering>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(bounds.patience, read(body, bounds.largest)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => {
            let detail = format!("the body did not arrive within {:?}", bounds.patience);
            Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail).into_response()
        }
    }
}

pub(super) async fn read(body: Body, largest: usize) -> Result<Bytes, Problem> {
    // Refused before it is asked for: a client that waits for `100 Continue` need not send it.
    if body.size_hint().lower() > largest as u64 {
        return Err(too_large(largest));
    }
    match Limited::new(body, largest).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large(largest)),
        Err(error) => Err(Problem::invalid("invalid_body", format!("the body broke off: {error}"))),
    }
}

fn too_large(largest: usize) -> Problem {
    let detail = format!("the body is larger than {largest} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}
