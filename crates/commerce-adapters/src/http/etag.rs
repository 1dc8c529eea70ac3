//! Entity tags: which version of a resource is shown, and which one is meant.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use commerce_core::stream::Version;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::problem::Problem;

/// A resource, with its version as `ETag`.
pub struct Resource<T>(pub Version, pub T);

impl<T: Serialize> IntoResponse for Resource<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.1).into_response();
        tag(&mut response, self.0);
        response
    }
}

/// 201, with the whole resource, its version, and where it is found.
pub fn created<T: Serialize>(location: &str, version: Version, resource: &T) -> Response {
    let mut response = (StatusCode::CREATED, axum::Json(resource)).into_response();
    tag(&mut response, version);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn tag(response: &mut Response, version: Version) {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Listing<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T: Serialize> IntoResponse for Listing<T> {
    fn into_response(self) -> Response {
        axum::Json(self).into_response()
    }
}

/// The versions that `If-Match` allows; any, without the header or with `*`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IfMatch(Option<Vec<Version>>);

impl IfMatch {
    /// Whether the resource, which is at this version, may be changed.
    ///
    /// # Errors
    /// 412 `precondition_failed` when it may not.
    pub fn check(&self, actual: Version) -> Result<(), Problem> {
        match &self.0 {
            Some(allowed) if !allowed.contains(&actual) => Err(Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "precondition_failed",
                "the resource has changed since: read it again",
            )
            .with("current_version", actual)),
            _ => Ok(()),
        }
    }

    /// Whether the client named versions: a conflict then is a failed precondition, and not decided again.
    pub fn is_given(&self) -> bool {
        self.0.is_some()
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        if text.trim() == "*" {
            return Ok(Self(None));
        }
        let version = |tag: &str| tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok();
        // A weak tag never matches strongly, and a tag of another form is none of ours: both match nothing.
        Ok(Self(Some(text.split(',').filter_map(version).collect())))
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.headers.get(header::IF_MATCH).map(HeaderValue::to_str) {
            None => Ok(Self(None)),
            Some(Ok(text)) => Self::parse(text),
            Some(Err(_)) => Err(Problem::invalid("invalid_header", "If-Match can't be read")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strong_tags_of_the_version_match() {
        for (header, matches) in [
            ("\"3\"", true),
            ("*", true),
            ("\"2\", \"3\"", true),
            ("\"2\"", false),
            ("W/\"3\"", false),
            ("3", false),
        ] {
            assert_eq!(IfMatch::parse(header).unwrap().check(3).is_ok(), matches, "{header}");
        }
        assert!(IfMatch::default().check(7).is_ok());
    }
}
