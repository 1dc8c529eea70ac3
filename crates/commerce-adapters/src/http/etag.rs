//! Entity tags: which version of a resource is shown, and which one is meant.

use std::fmt;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use commerce_core::stream::Version;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::problem::Problem;

/// A resource, with its version as `ETag`.
pub struct Resource<T>(pub Version, pub T);

impl<T> fmt::Debug for Resource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resource").field(&self.0).finish_non_exhaustive()
    }
}

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

    fn parse(text: &str) -> Self {
        if text.trim() == "*" {
            return Self(None);
        }
        let version = |tag: &str| {
            let text = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
            // Only as it is written in `ETag`: "+3" and "03" are other tags.
            text.parse().ok().filter(|version: &Version| version.to_string() == text)
        };
        // A weak tag never matches strongly, and a tag of another form is none of ours: both match nothing.
        Self(Some(text.split(',').filter_map(version).collect()))
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if !parts.headers.contains_key(header::IF_MATCH) {
            return Ok(Self(None));
        }
        // A list may come in several lines.
        let lines = parts.headers.get_all(header::IF_MATCH).iter().map(HeaderValue::to_str);
        match lines.collect::<Result<Vec<_>, _>>() {
            Ok(lines) => Ok(Self::parse(&lines.join(","))),
            Err(_) => Err(Problem::invalid("invalid_header", "If-Match can't be read")),
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
            ("\"+3\"", false),
            ("\"03\"", false),
            ("", false),
        ] {
            assert_eq!(IfMatch::parse(header).check(3).is_ok(), matches, "{header}");
        }
        assert!(IfMatch::default().check(7).is_ok());
    }
}
