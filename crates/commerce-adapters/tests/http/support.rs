//! Routes within all layers, and a client of them.
#![allow(dead_code)] // each test uses a part of it

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use axum::{Router, middleware};
use commerce_adapters::http::{
    Buffering, Caller, TokenFault, Tokens, authenticate, buffer, correlate, idempotent, limit_time,
    method_not_allowed, not_found,
};
use commerce_core::Host;
use commerce_core::memory::MemoryStore;
use commerce_core::store::Store;
use commerce_core::testing::TestHost;
use commerce_outbox::Idempotency;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

/// Tokens of the form `NAME:ROLE,ROLE`.
struct PlainTokens;

impl Tokens for PlainTokens {
    fn verify(&self, token: &str) -> Result<Caller, TokenFault> {
        let (name, roles) = token.split_once(':').ok_or(TokenFault::Invalid)?;
        if roles == "expired" {
            return Err(TokenFault::Expired);
        }
        Ok(Caller { id: user(name), session: None, roles: roles.split(',').map(str::to_owned).collect() })
    }
}

/// The id of a user of this name.
pub(crate) fn user(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// Bodies of at most so many bytes, so fast.
pub(crate) const BUFFERING: Buffering = Buffering { largest: 1024 * 1024, patience: Duration::from_secs(10) };

/// Routes within their layers.
#[derive(Clone)]
pub(crate) struct App {
    router: Router,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) host: Arc<TestHost>,
}

impl App {
    pub(crate) fn new(routes: impl FnOnce(Arc<dyn Store>) -> Router) -> Self {
        Self::on(|host| Arc::new(MemoryStore::new(host)), routes)
    }

    pub(crate) fn on(
        store: impl FnOnce(Arc<TestHost>) -> Arc<dyn Store>,
        routes: impl FnOnce(Arc<dyn Store>) -> Router,
    ) -> Self {
        let host = Arc::new(TestHost::new());
        let store = store(host.clone());
        let keys = Idempotency::new(store.clone(), host.clone(), "test");
        let tokens: Arc<dyn Tokens> = Arc::new(PlainTokens);
        let router = routes(store.clone())
            .fallback(not_found)
            .method_not_allowed_fallback(method_not_allowed)
            .layer(middleware::from_fn_with_state((store.clone(), keys), idempotent))
            .layer(middleware::from_fn_with_state(tokens, authenticate))
            .layer(middleware::from_fn_with_state(Duration::from_secs(30), limit_time))
            .layer(middleware::from_fn_with_state(BUFFERING, buffer))
            .layer(middleware::from_fn_with_state(host.clone() as Arc<dyn Host>, correlate));
        Self { router, store, host }
    }

    pub(crate) fn get(&self, path: &str) -> Ask {
        self.ask(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, json: impl ToString) -> Ask {
        self.ask(Method::POST, path).body("application/json", json.to_string())
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Ask { router: self.router.clone(), request }
    }

    /// So many effects were committed.
    pub(crate) async fn effects(&self) -> u64 {
        self.store.last_message().await.unwrap()
    }
}

/// A request on its way.
#[must_use]
pub(crate) struct Ask {
    router: Router,
    request: Request<Body>,
}

impl Ask {
    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        self.raw_header(name, value.as_bytes())
    }

    /// One more line, of any bytes.
    pub(crate) fn raw_header(mut self, name: &str, value: &[u8]) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.request.headers_mut().append(name, HeaderValue::from_bytes(value).unwrap());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    pub(crate) fn body(self, content_type: &str, body: impl Into<Body>) -> Self {
        let mut with_type = self.without("content-type").header("content-type", content_type);
        *with_type.request.body_mut() = body.into();
        with_type
    }

    pub(crate) async fn response(self) -> Response {
        self.router.oneshot(self.request).await.unwrap()
    }

    pub(crate) async fn send(self) -> Reply {
        let (parts, body) = self.response().await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }

    pub(crate) async fn expect(self, status: u16) -> Reply {
        let reply = self.send().await;
        assert_eq!(reply.status.as_u16(), status, "{}", String::from_utf8_lossy(&reply.bytes));
        reply
    }

    /// Expects a problem, whole in its form.
    pub(crate) async fn refused(self, status: u16, code: &str) -> Reply {
        let reply = self.expect(status).await;
        reply.is_problem(status, code);
        reply
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {:?}", self.headers)).to_str().unwrap()
    }

    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:problem:{code}"));
        assert_eq!(problem["correlation_id"], self.header("x-correlation-id"));
        for member in ["title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
        }
    }
}
