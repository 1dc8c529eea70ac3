//! Request bodies.

use std::fmt::Write;

use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use commerce_core::value::Violation;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use utoipa::ToSchema;

use super::buffer::{self, LARGEST_BODY};
use super::problem::Problem;
use super::shape;
use super::strict::Strict;
use super::text::{brief, escaped, without_nul};

/// A body of JSON, of at most 1 MiB. Types that `deny_unknown_fields` keep a misspelt field from being dropped.
///
/// Refused with a clear answer: another content type (415), no body, JSON that is broken, of the wrong shape, or with
/// U+0000 in a text (400 `invalid_body`, with a pointer to each place that differs from the type's description), and a
/// body that is too large (413).
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + ToSchema> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        // Nothing at all has no type either: the fault is that there is nothing.
        if !body.is_end_stream() || parts.headers.contains_key(header::CONTENT_TYPE) {
            must_be_json(&parts.headers)?;
        }
        parse(&buffer::read(body, LARGEST_BODY).await?).map(Self)
    }
}

fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"));
    if is_json {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "send the body as application/json, with that Content-Type",
    ))
}

pub(super) fn parse<T: DeserializeOwned + ToSchema>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.is_empty() {
        return Err(Problem::invalid("invalid_body", "the body is empty: send a JSON object"));
    }
    let value: serde_json::Value = serde_json::from_slice(bytes)
        .map_err(|error| Problem::invalid("invalid_body", format!("the body is not JSON: {error}")))?;
    without_nul(&value).map_err(|violation| invalid_body(vec![violation]))?;
    // Read from the text again: it alone knows of members that come twice.
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(Strict::json(&mut reader)).map_err(|error| {
        let (pointer, detail) = (pointer(error.path()), brief(&error.inner().to_string(), 300));
        let first = Violation::new(pointer, code_of(&detail), detail);
        invalid_body(with_all_others(first, shape::faults::<T>(&value)))
    })
}

/// What stopped the reading comes first, unless the description says the same more exactly.
fn with_all_others(first: Violation, faults: Vec<Violation>) -> Vec<Violation> {
    let below = format!("{}/", first.pointer);
    let is_among = |fault: &Violation| fault.pointer == first.pointer || fault.pointer.starts_with(&below);
    // A member that comes twice is nowhere in what was read.
    if first.code != "duplicate_field" && faults.iter().any(is_among) {
        return faults;
    }
    std::iter::once(first).chain(faults).collect()
}

fn invalid_body(mut violations: Vec<Violation>) -> Problem {
    for violation in &mut violations {
        violation.pointer = brief(&violation.pointer, 300);
    }
    let mut detail = "the body can't be read".to_owned();
    if let Some(first) = violations.first() {
        let _ = write!(detail, " at {:?}: {}", first.pointer, first.detail);
    }
    if violations.len() > 1 {
        let _ = write!(detail, " (and {} more)", violations.len() - 1);
    }
    Problem::invalid("invalid_body", detail).with("errors", serde_json::json!(violations))
}

fn pointer(path: &Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escaped(key)),
            Segment::Enum { variant } => format!("/{}", escaped(variant)),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// serde says what is wrong by a sentence alone; it begins alike for each kind of fault.
fn code_of(detail: &str) -> &'static str {
    let known = [
        ("unknown field", "unknown_field"),
        ("missing field", "missing_field"),
        ("duplicate field", "duplicate_field"),
        ("unknown variant", "unknown_value"),
        ("invalid type", "wrong_type"),
    ];
    known.iter().find(|(start, _)| detail.starts_with(start)).map_or("invalid_value", |(_, code)| code)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[allow(dead_code)]
        quantity: u32,
    }

    #[derive(Debug, Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    struct Basket {
        #[allow(dead_code)]
        lines: Vec<Line>,
    }

    fn fault(body: &str) -> (String, String) {
        let problem = parse::<Basket>(body.as_bytes()).unwrap_err();
        assert_eq!((problem.status(), problem.code()), (StatusCode::BAD_REQUEST, "invalid_body"));
        let body = format!("{problem:?}");
        (body.clone(), body)
    }

    #[test]
    fn every_fault_is_pointed_at() {
        for (body, pointer, code) in [
            (r#"{"lines":[{"quantity":1},{"quantity":"two"}]}"#, "/lines/1/quantity", "wrong_type"),
            (r#"{"lines":[{"quantity":-1}]}"#, "/lines/0/quantity", "too_small"),
            (r#"{"lines":[{"quantity":1e99}]}"#, "/lines/0/quantity", "wrong_type"),
            (r#"{"lines":[{"quantity":1,"x":1}]}"#, "/lines/0/x", "unknown_field"),
            (r#"{"lines":[{}]}"#, "/lines/0/quantity", "missing_field"),
            (r#"{"lines":[{"quantity":1,"quantity":2}]}"#, "/lines/0", "duplicate_field"),
            (r#"{"lines":["\u0000"]}"#, "/lines/0", "contains_nul"),
        ] {
            let (shown, _) = fault(body);
            assert!(shown.contains(pointer) && shown.contains(code), "{body}: {shown}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for body in ["", "{", "nul", "\"\\ud800\"", "[1,]", "{\"lines\":[]} x", "\u{feff}{}"] {
            fault(body);
        }
    }
}
