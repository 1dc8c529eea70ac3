//! What no route answers.

use http::{StatusCode, Uri};

use super::problem::Problem;

/// 404, for [`Router::fallback`](axum::Router::fallback).
pub async fn not_found(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "route_not_found", format!("there is nothing at {}", uri.path()))
}

/// 405, for [`Router::method_not_allowed_fallback`](axum::Router::method_not_allowed_fallback).
pub async fn method_not_allowed(method: http::Method, uri: Uri) -> Problem {
    let detail = format!("{} can't be asked by {method}", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}
