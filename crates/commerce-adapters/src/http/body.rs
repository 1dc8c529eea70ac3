//! Request bodies.

use std::fmt::{self, Write};

use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use commerce_core::value::Violation;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use utoipa::ToSchema;

use super::buffer::{self, LARGEST_BODY};
use super::problem::Problem;
use super::shape;
use super::strict::Strict;
use super::text::{LONGEST_POINTER, brief, escaped, with_nul};

/// A body of JSON, of at most 1 MiB, whatever [`Buffering`](super::Buffering) allows. Types that `deny_unknown_fields`
/// keep a misspelt field from being dropped.
///
/// Refused with a clear answer: another content type, charset or encoding (415), no body, JSON that is broken, of the wrong
/// shape, or with U+0000 in a text (400 `invalid_body`, with a pointer to each place that differs from the type's
/// description), and a body that is too large (413).
pub struct Body<T>(pub T);

impl<T> fmt::Debug for Body<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A password may be in it.
        f.debug_tuple("Body").finish_non_exhaustive()
    }
}

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

/// For an endpoint that takes no body: what is sent all the same is refused, as an unknown field is elsewhere. An empty
/// object is as good as nothing, and more than 1 MiB is a 413.
#[derive(Debug)]
pub struct NoBody;

/// No member at all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = buffer::read(body, LARGEST_BODY).await?;
        if !bytes.is_empty() {
            must_be_json(&parts.headers)?;
            let Nothing {} = parse(&bytes)?;
        }
        Ok(Self)
    }
}

fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = text(header::CONTENT_TYPE).to_ascii_lowercase();
    let (media_type, parameters) = given.split_once(';').unwrap_or((&given, ""));
    let media_type = media_type.trim();
    let is_json = media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"));
    let charset = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("charset="));
    let is_utf8 = charset.is_none_or(|charset| ["utf-8", "utf8"].contains(&charset.trim_matches('"')));
    let is_plain = ["", "identity"].contains(&text(header::CONTENT_ENCODING));
    if is_json && is_utf8 && is_plain {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "send the body as application/json in UTF-8, with that Content-Type, and without a Content-Encoding",
    ))
}

pub(super) fn parse<T: DeserializeOwned + ToSchema>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.is_empty() {
        return Err(Problem::invalid("invalid_body", "the body is empty: send a JSON object"));
    }
    let value: serde_json::Value = serde_json::from_slice(bytes)
        .map_err(|error| Problem::invalid("invalid_body", format!("the body is not JSON: {error}")))?;
    let with_nul = with_nul(&value, shape::MOST);
    if !with_nul.is_empty() {
        return Err(invalid_body(and_others(with_nul, shape::faults::<T>(&value))));
    }
    // Read from the text again: it alone knows of members that come twice.
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(Strict::json(&mut reader)).map_err(|error| {
        let (pointer, detail) = (pointer(error.path()), brief(&error.inner().to_string(), 300));
        let first = Violation::new(pointer, code_of(&detail), detail);
        invalid_body(with_all_others(first, shape::faults::<T>(&value)))
    })
}

/// One violation for each place, the first that is known of it.
fn and_others(mut known: Vec<Violation>, others: Vec<Violation>) -> Vec<Violation> {
    for other in others {
        if known.iter().all(|violation| violation.pointer != other.pointer) {
            known.push(other);
        }
    }
    known
}

/// What stopped the reading comes first, unless the description says the same more exactly. Of a form that is not kept to,
/// the type says more.
fn with_all_others(first: Violation, faults: Vec<Violation>) -> Vec<Violation> {
    if faults.iter().any(|fault| fault.pointer == first.pointer && fault.code == shape::FORM) {
        return and_others(vec![first], faults);
    }
    let below = format!("{}/", first.pointer);
    let is_among = |fault: &Violation| fault.pointer == first.pointer || fault.pointer.starts_with(&below);
    // A member that comes twice is nowhere in what was read.
    if first.code != "duplicate_field" && faults.iter().any(is_among) {
        return faults;
    }
    std::iter::once(first).chain(faults).collect()
}

fn invalid_body(violations: Vec<Violation>) -> Problem {
    let mut detail = "the body can't be read".to_owned();
    if let Some(first) = violations.first() {
        let _ = write!(detail, " at {:?}: {}", first.pointer, first.detail);
    }
    if violations.len() > 1 {
        let at_least = if violations.len() >= shape::MOST { "at least " } else { "" };
        let _ = write!(detail, " (and {at_least}{} more)", violations.len() - 1);
    }
    Problem::invalid("invalid_body", detail).with("errors", serde_json::json!(violations))
}

fn pointer(path: &Path) -> String {
    let whole: String = path
        .iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escaped(key)),
            Segment::Enum { variant } => format!("/{}", escaped(variant)),
            Segment::Unknown => String::new(),
        })
        .collect();
    brief(&whole, LONGEST_POINTER)
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
            (r#"{"lines":["\u0000"],"x":"\u0000","y":1}"#, "/x", "contains_nul"),
            (r#"{"lines":["\u0000"],"x":"\u0000","y":1}"#, "/y", "unknown_field"),
        ] {
            let (shown, _) = fault(body);
            assert!(shown.contains(pointer) && shown.contains(code), "{body}: {shown}");
        }
    }

    #[derive(Debug, Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Parcel {
        #[schema(value_type = String, format = Uuid)]
        id: uuid::Uuid,
        #[schema(pattern = "^[a-z]{3}$", example = "abc")]
        code: String,
        weight: u32,
    }

    #[test]
    fn forms_are_looked_at_where_the_reading_stopped_elsewhere() {
        let problem = parse::<Parcel>(br#"{"id":"x","code":"ABCD","weight":"much"}"#).unwrap_err();
        let shown: serde_json::Value = serde_json::from_slice(&problem.body()).unwrap();
        let errors: Vec<(&str, &str)> = (shown["errors"].as_array().unwrap().iter())
            .map(|error| (error["pointer"].as_str().unwrap(), error["detail"].as_str().unwrap()))
            .collect();
        for (pointer, words) in [("/id", "UUID"), ("/code", "abc"), ("/weight", "a whole number")] {
            assert!(errors.iter().any(|(at, detail)| *at == pointer && detail.contains(words)), "{errors:?}");
        }
        // Alone, a form is the domain's to judge, in its own words.
        let id = "018f0000-0000-7000-8000-000000000000";
        assert!(parse::<Parcel>(format!(r#"{{"id":"{id}","code":"ABCD","weight":1}}"#).as_bytes()).is_ok());
    }

    #[test]
    fn json_comes_in_utf8_and_as_it_is() {
        let given = |name, value: &'static str| {
            let json = http::HeaderValue::from_static("application/json");
            let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
            headers.insert(name, http::HeaderValue::from_static(value));
            must_be_json(&headers)
        };
        for value in ["application/json", "application/json; charset=UTF-8", "application/x+json;a=b"] {
            assert!(given(header::CONTENT_TYPE, value).is_ok(), "{value}");
        }
        for value in ["", "text/plain", "application/json; charset=latin1"] {
            assert!(given(header::CONTENT_TYPE, value).is_err(), "{value}");
        }
        assert!(given(header::CONTENT_ENCODING, "identity").is_ok());
        assert!(given(header::CONTENT_ENCODING, "gzip").is_err());
    }

    #[test]
    fn an_answer_is_not_as_long_as_what_it_answers() {
        let texts = vec!["\0"; 10_000];
        let body = serde_json::to_vec(&serde_json::json!({"lines": texts})).unwrap();
        let problem: serde_json::Value =
            serde_json::from_slice(&parse::<Basket>(&body).unwrap_err().body()).unwrap();
        assert!(problem["errors"].as_array().unwrap().len() <= 2 * shape::MOST);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for body in ["", "{", "nul", "\"\\ud800\"", "[1,]", "{\"lines\":[]} x", "\u{feff}{}"] {
            fault(body);
        }
    }

    #[test]
    fn a_body_is_shown_without_what_is_in_it() {
        assert_eq!(format!("{:?}", Body("secret")), "Body(..)");
    }
}
