//! Which web pages' scripts may ask.

use std::str::FromStr;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Uri, header};
use tower_http::cors::CorsLayer;

/// Origins whose scripts may ask; by default none. They are never let send cookies: who asks is told by a token.
///
/// ```
/// use reference_server::gateway::Origins;
///
/// let origins: Origins = "https://shop.example, http://localhost:3000".parse()?;
/// assert!("shop.example".parse::<Origins>().is_err());
/// # let _ = origins;
/// # Ok::<_, reference_server::gateway::InvalidOrigin>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<HeaderValue>);

/// What is no origin. The configuration is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin: write SCHEME://HOST or SCHEME://HOST:PORT")]
pub struct InvalidOrigin(String);

impl FromStr for Origins {
    type Err = InvalidOrigin;

    /// `off`, or origins between commas.
    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        if text == "off" {
            return Ok(Self::default());
        }
        let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        origins.map(origin).collect::<Result<_, _>>().map(Self)
    }
}

/// As browsers write it: a scheme and a host, nothing behind, and no port that goes without saying.
fn origin(text: &str) -> Result<HeaderValue, InvalidOrigin> {
    let wrong = || InvalidOrigin(text.to_owned());
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
    if !format!("{scheme}://{authority}").eq_ignore_ascii_case(text) || authority.as_str().contains('@') {
        return Err(wrong());
    }
    let shown = text.to_ascii_lowercase();
    let unsaid = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    HeaderValue::from_str(shown.strip_suffix(unsaid).unwrap_or(&shown)).map_err(|_| wrong())
}

/// What a script may read of an answer, besides the body.
const EXPOSED: [HeaderName; 8] = [
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    HeaderName::from_static("idempotency-replayed"),
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
    HeaderName::from_static("x-correlation-id"),
];

/// What a script may say.
const ALLOWED: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("x-correlation-id"),
];

impl Origins {
    pub(super) fn layer(&self) -> Option<CorsLayer> {
        if self.0.is_empty() {
            return None;
        }
        let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        let layer = CorsLayer::new().allow_origin(self.0.clone()).allow_methods(methods);
        Some(layer.allow_headers(ALLOWED).expose_headers(EXPOSED).max_age(Duration::from_secs(600)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for good in ["https://shop.example", "http://localhost:3000", "https://a.example,https://b.example"] {
            assert!(good.parse::<Origins>().unwrap().layer().is_some(), "{good}");
        }
        for (given, sent) in [
            ("https://Shop.example:443", "https://shop.example"),
            ("http://shop.example:80", "http://shop.example"),
            ("https://shop.example:80", "https://shop.example:80"),
        ] {
            assert_eq!(given.parse::<Origins>().unwrap().0, [sent]);
        }
        for none in ["off", "", " , "] {
            assert!(none.parse::<Origins>().unwrap().layer().is_none(), "{none}");
        }
        for wrong in
            ["*", "shop.example", "https://shop.example/", "https://a@shop.example", "https://a.example b"]
        {
            assert!(wrong.parse::<Origins>().is_err(), "{wrong}");
        }
    }
}
