//! The whole platform in a test's process, and a client of it.
#![allow(dead_code)] // each test uses a part of it

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use commerce_adapters::http::{Caller, TokenFault, Tokens};
use commerce_adapters::stripe::webhook::WebhookSecrets;
use commerce_core::Host;
use commerce_outbox::SystemHost;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use reference_server::gateway::GatewayOptions;
use reference_server::platform::{Platform, PlatformOptions};
use reference_server::services::identity::IdentityOptions;
use reference_server::services::notification::NotificationOptions;
use reference_server::shop::ShopOptions;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

use crate::backend::Backend;

/// By which webhooks are signed.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_test";

/// Tokens that say themselves who bears them: `USER:ROLE,ROLE`. The real ones have tests of their own.
struct PlainTokens;

impl Tokens for PlainTokens {
    fn verify(&self, token: &str) -> Result<Caller, TokenFault> {
        let (id, roles) = token.split_once(':').ok_or(TokenFault::Invalid)?;
        if roles == "expired" {
            return Err(TokenFault::Expired);
        }
        let id = Uuid::parse_str(id).map_err(|_| TokenFault::Invalid)?;
        Ok(Caller { id, roles: roles.split(',').map(str::to_owned).collect(), session: None })
    }
}

/// The platform, running.
pub(crate) struct App {
    router: Router,
    pub(crate) platform: Arc<Platform>,
    shutdown: CancellationToken,
    running: Option<JoinHandle<()>>,
    // The last to go: it takes the stores away.
    backend: Option<Backend>,
}

impl App {
    /// With tokens that say themselves who bears them.
    pub(crate) async fn on(backend: Backend) -> Self {
        Self::with(backend, |_| {}).await
    }

    /// With the tokens that the identity service signs.
    pub(crate) async fn signing_in(backend: Backend) -> Self {
        Self::made(backend, None, NotificationOptions::default(), |_| {}).await
    }

    /// One whose notifications reach people so.
    pub(crate) async fn notifying(backend: Backend, notification: NotificationOptions) -> Self {
        Self::made(backend, Some(Arc::new(PlainTokens)), notification, |_| {}).await
    }

    /// With other options of the shop than those of most tests.
    pub(crate) async fn with(backend: Backend, change: impl FnOnce(&mut ShopOptions)) -> Self {
        let tokens: Arc<dyn Tokens> = Arc::new(PlainTokens);
        Self::made(backend, Some(tokens), NotificationOptions::default(), change).await
    }

    async fn made(
        backend: Backend,
        tokens: Option<Arc<dyn Tokens>>,
        notification: NotificationOptions,
        change: impl FnOnce(&mut ShopOptions),
    ) -> Self {
        let host: Arc<dyn Host> = Arc::new(SystemHost);
        // What was aborted may hold the stores for a moment.
        let stores = eventually("the stores are free", async || backend.open(&host).await).await;
        let stripe_webhook_secrets = WebhookSecrets::new([WEBHOOK_SECRET.to_owned().into()]);
        let mut shop = ShopOptions { host, stripe_webhook_secrets, ..ShopOptions::default() };
        change(&mut shop);
        let options = PlatformOptions {
            shop,
            identity: IdentityOptions::default(),
            tokens,
            notification,
            gateway: GatewayOptions::default(),
        };
        let platform = Arc::new(Platform::new(stores, &options).await.unwrap());
        let router = platform.router();
        let shutdown = CancellationToken::new();
        let (running, token) = (platform.clone(), shutdown.clone());
        let running = tokio::spawn(async move { running.run(token).await.unwrap() });
        Self { router, platform, shutdown, running: Some(running), backend: Some(backend) }
    }

    /// Stops the services, and sees that they end well.
    pub(crate) async fn close(mut self) {
        self.shutdown.cancel();
        self.running.take().unwrap().await.unwrap();
    }

    /// Ends as a crash does, wherever the services are, and is there again.
    pub(crate) async fn crash(self) -> Self {
        self.broken_off().await.restarted().await
    }

    /// There again, after all was [broken off](Self::broken_off).
    pub(crate) async fn restarted(mut self) -> Self {
        assert!(self.running.is_none());
        let backend = self.backend.take().unwrap();
        drop(self);
        Self::on(backend).await
    }

    /// Whether this text is anywhere in the stores.
    pub(crate) async fn keeps(&self, text: &str) -> bool {
        self.backend.as_ref().unwrap().holds(text).await
    }

    /// What the services do by themselves is broken off; they are still asked.
    pub(crate) async fn broken_off(mut self) -> Self {
        let running = self.running.take().unwrap();
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
        self
    }

    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Ask<'_> {
        self.ask(Method::POST, path).json(&body)
    }

    pub(crate) fn put(&self, path: &str, body: Value) -> Ask<'_> {
        self.ask(Method::PUT, path).json(&body)
    }

    pub(crate) fn patch(&self, path: &str) -> Ask<'_> {
        self.ask(Method::PATCH, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Ask<'_> {
        self.ask(Method::DELETE, path)
    }

    /// A request; paths are below `/api/v1` unless they begin with `//`.
    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        let uri = path
            .strip_prefix('/')
            .filter(|path| path.starts_with('/'))
            .map_or_else(|| format!("/api/v1{path}"), str::to_owned);
        Ask { app: self, method, uri, headers: HeaderMap::new(), body: Vec::new() }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// A request on its way.
#[must_use]
pub(crate) struct Ask<'a> {
    app: &'a App,
    method: Method,
    uri: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Ask<'_> {
    /// As someone with these roles; the same user for the same roles.
    pub(crate) fn role(self, roles: &str) -> Self {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, roles.as_bytes());
        self.user(id, roles)
    }

    pub(crate) fn admin(self) -> Self {
        self.role("admin")
    }

    pub(crate) fn user(self, id: Uuid, roles: &str) -> Self {
        self.header("authorization", &format!("Bearer {id}:{roles}"))
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string().into_bytes())
    }

    pub(crate) fn raw(mut self, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header(header::CONTENT_TYPE.as_str().to_owned().leak(), content_type)
    }

    pub(crate) async fn send(self) -> Reply {
        let mut request =
            Request::builder().method(self.method).uri(self.uri).body(Body::from(self.body)).unwrap();
        *request.headers_mut() = self.headers;
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }

    /// Sends it, and expects this status.
    pub(crate) async fn expect(self, status: u16) -> Reply {
        let what = format!("{} {}", self.method, self.uri);
        let reply = self.send().await;
        assert_eq!(reply.status.as_u16(), status, "{what}: {}", String::from_utf8_lossy(&reply.bytes));
        reply
    }

    /// Sends it, and expects a problem of this status and code, complete.
    pub(crate) async fn refused(self, status: u16, code: &str) -> Value {
        let what = format!("{} {}", self.method, self.uri);
        let reply = self.expect(status).await;
        assert_eq!(reply.headers[header::CONTENT_TYPE], "application/problem+json", "{what}");
        let problem = reply.json();
        assert_eq!(problem["code"], code, "{what}: {problem}");
        assert_eq!(problem["status"], json!(status));
        for member in ["type", "title", "detail", "correlation_id"] {
            assert!(problem[member].is_string(), "{what} has no {member}: {problem}");
        }
        problem
    }
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// Looks until something is so, for a minute: what a process held that crashed is free after ten seconds.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_200 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}: not within a minute");
}
