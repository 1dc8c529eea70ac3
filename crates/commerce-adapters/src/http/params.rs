//! What stands in the address.

use std::fmt::{self, Write};
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

/// More parameters that are wrong are not listed.
const MOST: usize = 100;

/// The one variable of the path, such as the id of a resource. A text that is none is refused with `invalid_path`.
#[derive(Debug)]
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

/// The query string. Parameters that are unknown, missing, wrong or given twice are refused with `invalid_query`, which names
/// each.
pub struct Params<T>(pub T);

impl<T> fmt::Debug for Params<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is searched for may name people.
        f.debug_tuple("Params").finish_non_exhaustive()
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// For an endpoint that has no parameters: one that is given all the same is refused with `invalid_query`, as one that is
/// unknown is elsewhere.
#[derive(Debug)]
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
    if !is_utf8(query) {
        return Err(Problem::invalid("invalid_query", "the query must be UTF-8, percent-encoded"));
    }
    read_from(query).map_err(|first| {
        let violations = with_all_others(first, query.split('&').filter_map(|pair| fault_of::<T>(pair)));
        let mut detail = "the query can't be read".to_owned();
        if let Some(first) = violations.first() {
            let _ = write!(detail, ": {first} (it has: {})", names(query));
        }
        Problem::invalid("invalid_query", detail).with("errors", serde_json::json!(violations))
    })
}

/// Whether what is percent-encoded is text. The reader would put a replacement for what is none, and so ask for something
/// else.
fn is_utf8(query: &str) -> bool {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = query.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    while let Some((first, rest)) = bytes.split_first() {
        let encoded = digit(rest.first()).zip(digit(rest.get(1))).filter(|_| *first == b'%');
        let encoded = encoded.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        text.push(encoded.unwrap_or(*first));
        bytes = if encoded.is_some() { rest.get(2..).unwrap_or_default() } else { rest };
    }
    std::str::from_utf8(&text).is_ok()
}

fn read_from<T: DeserializeOwned>(query: &str) -> Result<T, Violation> {
    let reader = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    serde_path_to_error::deserialize(Strict::form(reader)).map_err(|error| {
        let name = error.path().to_string();
        let pointer = if name == "." { String::new() } else { format!("/{}", brief(&name, 300)) };
        Violation::new(pointer, "invalid_parameter", brief(&error.inner().to_string(), 300))
    })
}

/// What is wrong with one parameter by itself: that others are missing isn't.
fn fault_of<T: DeserializeOwned>(pair: &str) -> Option<Violation> {
    read_from::<T>(pair).err().filter(|fault| !fault.pointer.is_empty())
}

/// What stopped the reading, and what else is wrong.
fn with_all_others(first: Violation, others: impl Iterator<Item = Violation>) -> Vec<Violation> {
    let mut violations = vec![first];
    for other in others.take(MOST) {
        if violations.iter().all(|known| known.pointer != other.pointer) {
            violations.push(other);
        }
    }
    violations
}

/// The names that were given, for the sentence.
fn names(query: &str) -> String {
    let names: Vec<_> = query.split('&').filter_map(|pair| pair.split('=').next()).take(10).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Asked {
        day: u32,
        month: Option<u32>,
        year: Option<u32>,
    }

    fn pointers(query: &str) -> Vec<String> {
        let problem: serde_json::Value =
            serde_json::from_slice(&parse::<Asked>(query).unwrap_err().body()).unwrap();
        assert_eq!(problem["code"], "invalid_query");
        let errors = problem["errors"].as_array().unwrap().iter();
        errors.map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_parameter_that_is_wrong_is_named() {
        assert!(parse::<Asked>("day=1&year=2020").is_ok());
        assert_eq!(pointers("day=1&month=x&hour=3&year=-1"), ["/month", "/hour", "/year"]);
        assert_eq!(pointers("day=x"), ["/day"]);
    }

    #[test]
    fn what_is_percent_encoded_is_text() {
        for query in ["day=1&year=%32", "day=%31", "month=1&day=2%"] {
            assert!(is_utf8(query), "{query}");
        }
        assert!(is_utf8("q=cr%C3%A8me%20br%C3%BBl%C3%A9e"));
        for query in ["day=1&q=%ff", "day=1&%ff=1", "q=%C3", "q=%C3x%A8", "q=%ed%a0%80"] {
            let problem: serde_json::Value =
                serde_json::from_slice(&parse::<Asked>(query).unwrap_err().body()).unwrap();
            assert_eq!(problem["code"], "invalid_query", "{query}");
            assert!(problem["detail"].as_str().unwrap().contains("UTF-8"), "{query}: {problem}");
        }
    }

    #[test]
    fn what_is_missing_or_given_twice_is_said() {
        assert_eq!(pointers("month=1").len(), 1);
        assert_eq!(pointers("day=1&day=2").len(), 1);
    }
}
