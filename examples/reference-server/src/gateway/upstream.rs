//! Services at addresses.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::any;
use commerce_adapters::http::{Check, Readiness};
use commerce_adapters::resilience::{BreakerOptions, CircuitBreaker};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;

use super::forward::forward;
use crate::http::PATIENCE;
use crate::serve::HEADERS_WITHIN;

/// What each service answers, below `/api/v1/`.
const PREFIXES: [(&str, &[&str]); 8] = [
    ("identity", &["auth", "users"]),
    ("catalog", &["catalog"]),
    ("inventory", &["inventory"]),
    ("order", &["orders"]),
    ("payment", &["payments", "webhooks"]),
    ("shipping", &["shipments"]),
    ("notification", &["notifications", "templates"]),
    ("analytics", &["analytics"]),
];

/// A connection that is not used is kept so long. Shorter than services keep it, or else one that they are closing just now
/// would be asked, and a POST is not sent twice.
const KEPT_UNUSED: Duration = Duration::from_secs(5);
const _: () = assert!(KEPT_UNUSED.as_secs() < HEADERS_WITHIN.as_secs());

/// A look at a service's health or description takes no longer, and brings no more than 8 MiB.
const LOOK: Duration = Duration::from_secs(2);
const LARGEST_LOOK: usize = 8 * 1024 * 1024;
/// So many checks that failed are named: two for each service of a program.
const CHECKS_NAMED: usize = 16;

/// Why an upstream is none. The configuration is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUpstream {
    /// No service is called that.
    #[error(
        "{0:?} is no service: they are identity, catalog, inventory, order, payment, shipping, notification and analytics"
    )]
    UnknownService(String),
    /// A service is named twice.
    #[error("the service {0} is named twice")]
    Twice(String),
    /// Not an address. What was written is not shown: there may be a password in it.
    #[error("the address of the service {0} can't be used: write http://HOST:PORT")]
    Address(&'static str),
}

/// How long an upstream is waited for, and when it isn't asked any more.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamOptions {
    /// For the head of an answer, and then for each piece of its body. Default: 30 s.
    pub patience: Duration,
    /// For a connection. Default: 2 s.
    pub connect: Duration,
    /// When its circuit opens, and for how long.
    pub breaker: BreakerOptions,
}

impl Default for UpstreamOptions {
    fn default() -> Self {
        Self { patience: PATIENCE, connect: Duration::from_secs(2), breaker: BreakerOptions::default() }
    }
}

/// One service.
pub(super) struct Upstream {
    pub(super) name: &'static str,
    pub(super) patience: Duration,
    pub(super) breaker: CircuitBreaker,
    pub(super) client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    prefixes: &'static [&'static str],
}

/// Which services are where.
#[derive(Clone)]
pub struct Upstreams(pub(super) Vec<Arc<Upstream>>);

impl Upstreams {
    /// Services by name, each at its `http://HOST:PORT`. A service that isn't named is not there.
    ///
    /// # Errors
    /// When a name is no service's, comes twice, or its address is none.
    pub fn new<'a>(
        at: impl IntoIterator<Item = (&'a str, &'a str)>,
        options: UpstreamOptions,
    ) -> Result<Self, InvalidUpstream> {
        let mut upstreams: Vec<Arc<Upstream>> = Vec::new();
        for (service, url) in at {
            let found = PREFIXES.iter().find(|(name, _)| *name == service);
            let (name, prefixes) =
                found.ok_or_else(|| InvalidUpstream::UnknownService(service.to_owned()))?;
            if upstreams.iter().any(|upstream| upstream.name == *name) {
                return Err(InvalidUpstream::Twice(service.to_owned()));
            }
            let base = base(url).ok_or(InvalidUpstream::Address(name))?;
            upstreams.push(Arc::new(Upstream {
                name,
                patience: options.patience,
                breaker: CircuitBreaker::new(options.breaker),
                client: client(options.connect),
                base,
                prefixes,
            }));
        }
        Ok(Self(upstreams))
    }

    pub(super) fn routes(&self) -> Router {
        let mut routes = Router::new();
        for upstream in &self.0 {
            for path in upstream.paths() {
                routes = routes.route(&path, any(forward).with_state(upstream.clone()));
            }
        }
        routes
    }

    /// Each service's own readiness.
    pub(super) fn readiness(&self) -> Readiness {
        self.0.iter().fold(Readiness::default(), |readiness, upstream| {
            let looked_at = upstream.clone();
            readiness.check(Check::new(upstream.name, move || {
                let upstream = looked_at.clone();
                async move { upstream.look("/readyz").await.map(|_| ()) }
            }))
        })
    }
}

/// `http://HOST:PORT`, with nothing behind but perhaps a slash.
fn base(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority()?.as_str();
    let is_plain = uri.scheme_str() == Some("http") && uri.path() == "/" && uri.query().is_none();
    (is_plain && !authority.contains('@')).then(|| format!("http://{authority}"))
}

fn client(connect: Duration) -> Client<HttpConnector, Full<Bytes>> {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(connect));
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(KEPT_UNUSED)
        .build(connector)
}

impl Upstream {
    fn paths(&self) -> Vec<String> {
        let below = self
            .prefixes
            .iter()
            .flat_map(|prefix| [format!("/api/v1/{prefix}"), format!("/api/v1/{prefix}/{{*rest}}")]);
        let known = (self.name == "identity").then(|| "/.well-known/{*rest}".to_owned());
        below.chain(known).collect()
    }

    /// The address of a path here.
    pub(super) fn at(&self, path_and_query: &str) -> Result<Uri, http::uri::InvalidUri> {
        format!("{}{path_and_query}", self.base).parse()
    }

    /// What it answers at one of its own paths, past the breaker: whoever looks wants to know how it is.
    pub(super) async fn look(&self, path: &str) -> Result<Bytes, String> {
        let read = async {
            let uri = self.at(path).map_err(|error| error.to_string())?;
            let request = Request::builder().method(Method::GET).uri(uri).body(Full::default());
            let request = request.map_err(|error| error.to_string())?;
            let response =
                self.client.request(request).await.map_err(|_| "it can't be reached".to_owned())?;
            let status = response.status();
            let body = Limited::new(Body::new(response.into_body()), LARGEST_LOOK).collect().await;
            let body = body.map_err(|_| "its answer broke off".to_owned())?.to_bytes();
            if status == StatusCode::OK {
                return Ok(body);
            }
            Err(format!("{path} answers {}{}", status.as_u16(), failed_checks(&body)))
        };
        tokio::time::timeout(LOOK, read).await.unwrap_or_else(|_| Err(format!("no answer within {LOOK:?}")))
    }
}

/// The checks that failed, if that is what the answer is about: `: order bus, order store`.
fn failed_checks(body: &[u8]) -> String {
    let report: Value = serde_json::from_slice(body).unwrap_or_default();
    let checks = report["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let failed = checks.iter().filter(|check| check["status"] == "failed");
    let names: Vec<&str> = failed.filter_map(|check| check["name"].as_str()).take(CHECKS_NAMED).collect();
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(at: &[(&str, &str)]) -> InvalidUpstream {
        Upstreams::new(at.iter().copied(), UpstreamOptions::default()).err().unwrap()
    }

    #[test]
    fn each_service_is_at_one_plain_address() {
        let good = [("catalog", "http://127.0.0.1:1"), ("order", "http://order.internal:8080/")];
        assert!(Upstreams::new(good, UpstreamOptions::default()).is_ok());
        assert!(matches!(refused(&[("orders", "http://a:1")]), InvalidUpstream::UnknownService(_)));
        assert!(matches!(
            refused(&[("order", "http://a:1"), ("order", "http://b:1")]),
            InvalidUpstream::Twice(_)
        ));
        for wrong in ["", "a:1", "https://a:1", "http://a:1/api", "http://a:1?x", "http://u:p@a:1", "http://"]
        {
            assert!(matches!(refused(&[("order", wrong)]), InvalidUpstream::Address(_)), "{wrong}");
        }
    }

    #[test]
    fn no_prefix_is_two_services() {
        let mut all: Vec<_> = PREFIXES.iter().flat_map(|(_, prefixes)| *prefixes).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
