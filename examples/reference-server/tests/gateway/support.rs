//! A gateway, services behind it, and a client of it.
#![allow(dead_code)] // each test uses a part of it

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use axum::{Extension, Router};
use commerce_adapters::http::{Caller, Readiness, TokenFault, Tokens};
use commerce_adapters::resilience::BreakerOptions;
use commerce_core::memory::MemoryStore;
use commerce_outbox::SystemHost;
use http::{HeaderMap, HeaderName, Method, Request, StatusCode};
use http_body_util::BodyExt;
use reference_server::gateway::{self, GatewayOptions, UpstreamOptions, Upstreams};
use reference_server::http::catalog::CatalogApi;
use reference_server::http::{Common, Service};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tower::ServiceExt;
use utoipa::openapi::OpenApiBuilder;
use uuid::Uuid;

/// Tokens of the form `NAME:ROLE,ROLE`.
struct PlainTokens;

impl Tokens for PlainTokens {
    fn verify(&self, token: &str) -> Result<Caller, TokenFault> {
        let (name, roles) = token.split_once(':').ok_or(TokenFault::Invalid)?;
        Ok(Caller { id: user(name), session: None, roles: roles.split(',').map(str::to_owned).collect() })
    }
}

pub(crate) fn user(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

pub(crate) fn common() -> Common {
    Common { host: Arc::new(SystemHost), tokens: Arc::new(PlainTokens) }
}

/// A real service, on a store of its own.
pub(crate) fn catalog() -> Service {
    let store = Arc::new(MemoryStore::new(Arc::new(SystemHost)));
    CatalogApi::new(store).service(&common())
}

/// A service of these routes.
pub(crate) fn service(routes: Router) -> Service {
    let openapi = OpenApiBuilder::new().build();
    Service { name: "order", routes, openapi, readiness: Readiness::default() }
}

/// A program that listens, until it is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    running: AbortHandle,
}

impl Served {
    pub(crate) async fn router(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let running =
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }).abort_handle();
        Self { address, running }
    }

    pub(crate) async fn service(service: Service) -> Self {
        Self::router(service.alone(&common(), String::new)).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Short enough for a test.
pub(crate) fn short() -> UpstreamOptions {
    let breaker = BreakerOptions { failures: 3, cool_down: Duration::from_millis(1_500) };
    UpstreamOptions { patience: Duration::from_millis(400), connect: Duration::from_millis(400), breaker }
}

pub(crate) fn in_process(services: Vec<Service>, options: &GatewayOptions) -> Gateway {
    Gateway::of(gateway::in_process(services, &common(), options))
}

pub(crate) fn in_front(at: &[(&str, &str)], upstream: UpstreamOptions, options: &GatewayOptions) -> Gateway {
    let upstreams = Upstreams::new(at.iter().copied(), upstream).unwrap();
    Gateway::of(gateway::in_front(&upstreams, &common(), options))
}

/// A gateway in front of one program, which answers for the order service.
pub(crate) fn before(served: &Served) -> Gateway {
    in_front(&[("order", &served.url())], UpstreamOptions::default(), &GatewayOptions::default())
}

#[derive(Clone)]
pub(crate) struct Gateway(Router);

impl Gateway {
    fn of(router: Router) -> Self {
        let client: SocketAddr = "192.0.2.7:4711".parse().unwrap();
        Self(router.layer(Extension(ConnectInfo(client))))
    }

    pub(crate) fn get(&self, path: &str) -> Ask {
        self.ask(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, json: impl ToString) -> Ask {
        let mut ask = self.ask(Method::POST, path).header("content-type", "application/json");
        *ask.request.body_mut() = Body::from(json.to_string());
        ask
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Ask { router: self.0.clone(), request }
    }
}

#[must_use]
pub(crate) struct Ask {
    router: Router,
    request: Request<Body>,
}

impl Ask {
    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
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

    pub(crate) async fn refused(self, status: u16, code: &str) -> Reply {
        let reply = self.expect(status).await;
        assert_eq!(reply.header("content-type"), "application/problem+json");
        let problem = reply.json();
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()), "{problem}");
        assert_eq!(problem["correlation_id"], reply.header("x-correlation-id"));
        reply
    }
}

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
}
