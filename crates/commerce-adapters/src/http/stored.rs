//! Answers as they are kept under an idempotency key.

use axum::body::{Body, Bytes};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, StatusCode, header, response};
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// `true` on an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The headers that belong to the answer itself; the others are the connection's or the request's.
const KEPT: [HeaderName; 8] = [
    header::CACHE_CONTROL,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    header::ETAG,
    header::LINK,
    header::LOCATION,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
];

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    status: u16,
    headers: Vec<(String, Text)>,
    body: Text,
}

/// Bytes, as readable text where they are text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Coded { base64: String },
}

impl Text {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Plain(text.to_owned()),
            Err(_) => Self::Coded { base64: STANDARD.encode(bytes) },
        }
    }

    fn into_bytes(self) -> Result<Bytes, Problem> {
        match self {
            Self::Plain(text) => Ok(text.into()),
            Self::Coded { base64 } => STANDARD.decode(base64).map(Bytes::from).map_err(Problem::bug),
        }
    }
}

impl Stored {
    pub(super) fn of(parts: &response::Parts, body: &[u8]) -> Self {
        let kept = parts.headers.iter().filter(|(name, _)| KEPT.contains(name));
        let headers = kept.map(|(name, value)| (name.to_string(), Text::of(value.as_bytes()))).collect();
        Self { status: parts.status.as_u16(), headers, body: Text::of(body) }
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Problem> {
        serde_json::to_vec(self).map_err(Problem::bug)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(bytes).map_err(Problem::bug)
    }

    pub(super) fn replay(self) -> Result<Response, Problem> {
        let mut response = Response::new(Body::from(self.body.into_bytes()?));
        *response.status_mut() = StatusCode::from_u16(self.status).map_err(Problem::bug)?;
        for (name, value) in self.headers {
            let name = name.parse::<HeaderName>().map_err(Problem::bug)?;
            let value = HeaderValue::from_maybe_shared(value.into_bytes()?).map_err(Problem::bug)?;
            response.headers_mut().append(name, value);
        }
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(response)
    }
}
