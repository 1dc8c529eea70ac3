//! Errors as RFC 9457 problem details.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use commerce_core::error::{Kind, Refusal};
use commerce_core::value::Violation;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::correlate;
use super::text::brief;

/// A sentence may show what a client wrote, and a client may write a lot.
const LONGEST_DETAIL: usize = 1_000;
/// A client may also do a lot wrong; its answer may be kept for a day.
const MOST_ERRORS: usize = 100;

/// An answer to a request that was not fulfilled.
///
/// Any [`Refusal`] of a domain becomes one by `?`: its code stays, its kind decides the status. An error that is not
/// the caller's fault says nothing about the inside; what it was goes to the log, under the correlation id.
///
/// ```
/// use axum::response::IntoResponse;
/// use commerce_adapters::http::Problem;
///
/// let problem = Problem::conflict("insufficient_stock", "only 3 are available").with("available", 3);
/// assert_eq!(problem.into_response().status(), 409);
/// ```
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    /// Apart, so that results with a problem in them stay small.
    more: Box<More>,
}

/// What most problems don't have.
#[derive(Clone, Debug, Default)]
struct More {
    errors: Vec<Violation>,
    extensions: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem of any status.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { status, code: code.into(), detail: detail.into(), more: Box::default() }
    }

    /// 400: the request can't be right.
    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 400: these fields can't be right. The first 100 are listed, and it is said how many there are.
    pub fn violations(mut errors: Vec<Violation>) -> Self {
        let detail = match errors.as_slice() {
            [only] => only.to_string(),
            several if several.len() > MOST_ERRORS => {
                format!("{} fields are wrong: errors has the first {MOST_ERRORS}", several.len())
            }
            several => format!("{} fields are wrong: see errors", several.len()),
        };
        errors.truncate(MOST_ERRORS);
        let mut problem = Self::invalid("validation_failed", detail);
        problem.more.errors = errors;
        problem
    }

    /// 401: no token, or one that is not taken.
    pub fn unauthorized(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: known, and not allowed.
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "your roles don't allow this")
    }

    /// 404: not there, or not for this caller to know of.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    /// 409: not in this state, or someone else was faster.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 503: not now. Says after how long to come again.
    pub fn unavailable(code: &'static str, detail: impl Into<String>, after: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(after)
    }

    /// 500: this program is at fault. The source goes to the log only.
    pub fn bug(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let detail = "something went wrong here: tell the operator the correlation id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail).caused_by(source)
    }

    /// With one more member in its body.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.extensions.insert(name.to_owned(), value.into());
        self
    }

    /// With a header.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.more.headers.push((name, value));
        self
    }

    /// With `Retry-After`, in whole seconds, at least one.
    pub fn retry_after(self, after: Duration) -> Self {
        let seconds = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0));
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// What it was, for the log.
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.more.source = Some(source.into().into());
        self
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = self.more.extensions.clone();
        body.insert("type".into(), format!("urn:problem:{}", self.code).into());
        body.insert("title".into(), self.status.canonical_reason().unwrap_or("Problem").into());
        body.insert("status".into(), self.status.as_u16().into());
        body.insert("detail".into(), brief(&self.detail, LONGEST_DETAIL).into());
        body.insert("code".into(), self.code.clone().into());
        if let Some(correlation) = correlate::current() {
            body.insert("correlation_id".into(), correlation.into());
        }
        if !self.more.errors.is_empty() {
            body.insert("errors".into(), json!(self.more.errors));
        }
        Value::Object(body).to_string().into_bytes()
    }

    fn log(&self) {
        let source = self.more.source.as_ref().map(ToString::to_string);
        if self.status.is_server_error() {
            tracing::error!(status = self.status.as_u16(), code = %self.code, detail = %self.detail, source, "request failed");
        } else {
            // The detail of a refusal repeats what was sent, which may be personal.
            tracing::debug!(status = self.status.as_u16(), code = %self.code, "request refused");
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.log();
        let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
        let mut response = (self.status, content_type, self.body()).into_response();
        for (name, value) in self.more.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

impl<R: Refusal> From<R> for Problem {
    fn from(refusal: R) -> Self {
        if !refusal.violations().is_empty() {
            return Self::violations(refusal.violations().to_vec());
        }
        let (code, detail) = (refusal.code(), refusal.sentence());
        match refusal.kind() {
            Kind::Invalid => Self::invalid(code, detail),
            Kind::NotFound => Self::new(StatusCode::NOT_FOUND, code, detail),
            Kind::Conflict => Self::conflict(code, detail),
            Kind::Retryable => {
                Self::unavailable(code, detail, Duration::from_secs(1)).caused_by(refusal.to_string())
            }
            // Terminal, a bug, or a kind that is yet to come.
            _ => Self::bug(refusal.to_string()),
        }
    }
}
