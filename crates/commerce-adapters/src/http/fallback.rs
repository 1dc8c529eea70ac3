//! What no route answers.

use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, Uri};

use super::problem::Problem;

/// 404, for [`Router::fallback`](axum::Router::fallback).
pub async fn not_found(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "route_not_found", format!("there is nothing at {}", uri.path()))
}

/// For [`Router::method_not_allowed_fallback`](axum::Router::method_not_allowed_fallback), which adds `Allow`: 405, or 204
/// to `OPTIONS`, which asks for just that.
pub async fn method_not_allowed(method: Method, uri: Uri) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let detail = format!("{} can't be asked by {method}", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail).into_response()
}
