//! What browsers are told about every answer.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Answers are data: nothing in them is to be run, shown in a frame, or taken for another type. A page says for itself
/// what it may load, before this is looked at.
const ALWAYS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// Adds the headers that an answer has not set itself. What was answered to somebody in particular, or has tokens in it,
/// is kept by no cache.
pub(super) async fn secure(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_private =
        request.headers().contains_key(header::AUTHORIZATION) || path.starts_with("/api/v1/auth/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        set(headers, name, value);
    }
    if is_private {
        set(headers, header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}
