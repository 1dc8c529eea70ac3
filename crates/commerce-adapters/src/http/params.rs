//! What stands in the address.

use std::str::FromStr;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use commerce_core::value::Violation;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use super::strict::Strict;
use super::text::brief;

/// The one variable of the path, such as the id of a resource. A text that is none is refused with `invalid_path`.
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|error| invalid_path(error.body_text()))?;
        read(&text).map(Self)
    }
}

/// Reads one variable of a path that has several.
pub(super) fn read<T: FromStr>(text: &str) -> Result<T, Problem> {
    if text.contains('\0') {
        return Err(invalid_path("the path must not contain the character U+0000".to_owned()));
    }
    text.parse().map_err(|_| {
        invalid_path(format!("{text:?} in the path can't be read: it is not of the form described"))
    })
}

fn invalid_path(detail: String) -> Problem {
    Problem::invalid("invalid_path", detail)
}

impl<T: FromStr> Id<T> {
    /// Reads one variable of a path that has several.
    ///
    /// # Errors
    /// 400 `invalid_path`.
    pub fn read(text: &str) -> Result<T, Problem> {
        read(text)
    }
}

/// The query string. A parameter that is unknown, missing, wrong or given twice is refused with `invalid_query`.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// For an endpoint that has no parameters: one that is given all the same is refused with `invalid_query`, as one that is
/// unknown is elsewhere.
pub struct NoParams;

/// No parameter at all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<S: Send + Sync> FromRequestParts<S> for NoParams {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Params(Nothing {}) = Params::from_request_parts(parts, state).await?;
        Ok(Self)
    }
}

pub(super) fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    if query.contains("%00") {
        return Err(Problem::invalid("invalid_query", "the query must not contain the character U+0000"));
    }
    let pairs = form_pairs(query);
    let reader = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    serde_path_to_error::deserialize(Strict::form(reader)).map_err(|error| {
        let name = error.path().to_string();
        let detail = brief(&error.inner().to_string(), 300);
        let pointer = if name == "." { String::new() } else { format!("/{}", brief(&name, 300)) };
        let violation = Violation::new(pointer, "invalid_parameter", &*detail);
        let known = pairs.join(", ");
        Problem::invalid("invalid_query", format!("the query can't be read: {violation} (it has: {known})"))
            .with("errors", serde_json::json!([violation]))
    })
}

/// The names that were given, for the sentence.
fn form_pairs(query: &str) -> Vec<String> {
    query.split('&').filter_map(|pair| pair.split('=').next()).take(10).map(str::to_owned).collect()
}
