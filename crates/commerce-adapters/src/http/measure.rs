//! A span and figures for each request.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use commerce_outbox::trace;
use http::Method;
use tracing::Instrument;

use super::correlate::{Traceparent, sent_trace};

/// Opens a span for each request, and counts it: `http_requests_total` and `http_request_duration_seconds`, by method,
/// route and status. The route is the pattern, never the path: that would be as many series as there are ids; likewise
/// methods that no standard knows are one.
///
/// The span is within the trace that the client's `traceparent` names, and what the request writes is within the span,
/// where spans are exported ([`commerce_outbox::trace`]).
pub async fn measure(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = name_of(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
        correlation_id = tracing::field::Empty,
    );
    if let Some(traceparent) = trace::continue_from(&span, sent_trace(&request).as_ref()) {
        request.extensions_mut().insert(Traceparent(traceparent));
    }
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    span.record("http.response.status_code", status);
    if response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    let elapsed = began.elapsed();
    span.in_scope(|| tracing::info!(status, elapsed_ms = elapsed.as_secs_f64() * 1_000.0, "answered"));
    let labels = [("method", method.to_owned()), ("route", route), ("status", status.to_string())];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_duration_seconds", &labels).record(elapsed.as_secs_f64());
    response
}

/// A client may ask by any word; the figures know those of the standard.
fn name_of(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}
