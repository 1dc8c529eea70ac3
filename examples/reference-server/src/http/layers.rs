//! What goes around the routes of every service.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use commerce_adapters::http::{
    Buffering, Check, Problem, Readiness, Tokens, authenticate, buffer, correlate, idempotent, limit_time,
    measure, method_not_allowed, not_found, openapi,
};
use commerce_core::Host;
use commerce_core::store::Store;
use commerce_outbox::Idempotency;
use http::header::CONTENT_TYPE;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::warn;
use utoipa::openapi::{InfoBuilder, OpenApi};
use utoipa_axum::router::OpenApiRouter;

/// A request that takes longer is given up: its effects, if any, are as whole as ever.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The text format of Prometheus.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What all services share.
#[derive(Clone)]
pub struct Common {
    /// The clock, and the source of ids.
    pub host: Arc<dyn Host>,
    /// Whose tokens are whose.
    pub tokens: Arc<dyn Tokens>,
}

/// A service as HTTP.
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// Its routes, most of them under `/api/v1`, with all that they need around them.
    pub routes: Router,
    /// Its description.
    pub openapi: OpenApi,
    /// What it needs.
    pub readiness: Readiness,
}

impl Service {
    /// Puts around a service's routes what all need: idempotency keys in its own store, and callers. It needs that store.
    pub(crate) fn new(
        name: &'static str,
        common: &Common,
        store: &Arc<dyn Store>,
        routes: OpenApiRouter,
    ) -> Self {
        let (routes, mut openapi) = OpenApiRouter::new().nest("/api/v1", routes).split_for_parts();
        openapi.info =
            InfoBuilder::new().title(format!("{name} service")).version(env!("CARGO_PKG_VERSION")).build();
        openapi::complete(&mut openapi);
        let keys = Idempotency::new(store.clone(), common.host.clone(), name);
        let routes = routes
            .method_not_allowed_fallback(method_not_allowed)
            .layer(middleware::from_fn_with_state((store.clone(), keys), idempotent))
            .layer(middleware::from_fn_with_state(common.tokens.clone(), authenticate));
        Self { name, routes, openapi, readiness: Readiness::default().check(answers(name, store)) }
    }

    /// Needs this too.
    pub fn needs(mut self, check: Check) -> Self {
        self.readiness = self.readiness.check(check);
        self
    }

    /// Adds routes that are not under `/api/v1`. They are for anyone, and change nothing.
    pub(crate) fn at_root(mut self, routes: OpenApiRouter) -> Self {
        let (routes, mut openapi) = routes.split_for_parts();
        openapi::complete(&mut openapi);
        self.routes = self.routes.merge(routes.method_not_allowed_fallback(method_not_allowed));
        self.openapi.merge(openapi);
        self
    }

    /// The service on its own: with its health, its figures and its description.
    pub fn alone(
        mut self,
        common: &Common,
        metrics: impl Fn() -> String + Clone + Send + Sync + 'static,
    ) -> Router {
        self.openapi.merge(Readiness::openapi());
        let beside = self.readiness.routes().merge(about(self.openapi, metrics));
        let all = self.routes.merge(beside).fallback(not_found);
        traced(bounded(all.method_not_allowed_fallback(method_not_allowed), Some(PATIENCE)), common)
    }
}

/// That a service's store answers. What it says if it does not is for the log: it may name hosts.
fn answers(service: &'static str, store: &Arc<dyn Store>) -> Check {
    let store = store.clone();
    Check::new("store", move || {
        let store = store.clone();
        async move {
            store.now().await.map(|_| ()).map_err(|error| {
                warn!(service, %error, "the store does not answer");
                "it does not answer"
            })
        }
    })
}

/// `/metrics` and `/openapi.json`.
pub(crate) fn about(
    openapi: OpenApi,
    metrics: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> Router {
    let openapi = Arc::new(openapi);
    Router::new()
        .route("/openapi.json", get(move || async move { Json(openapi.as_ref().clone()) }))
        .merge(figures(metrics))
}

/// `/metrics`.
pub(crate) fn figures(metrics: impl Fn() -> String + Clone + Send + Sync + 'static) -> Router {
    Router::new().route("/metrics", get(move || async move { ([(CONTENT_TYPE, EXPOSITION)], metrics()) }))
}

/// Bounds of a request's size and time; a handler that panics is a problem like any other fault of this program.
pub(crate) fn bounded(routes: Router, patience: Option<Duration>) -> Router {
    let mut routes = routes.layer(CatchPanicLayer::custom(panicked));
    if let Some(patience) = patience {
        routes = routes.layer(middleware::from_fn_with_state(patience, limit_time));
    }
    routes.layer(middleware::from_fn_with_state(Buffering::default(), buffer))
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // What it says was written to the log by the hook that prints panics.
    Problem::bug("a handler panicked").into_response()
}

/// What every request goes through first, whoever answers it.
pub(crate) fn traced(routes: Router, common: &Common) -> Router {
    routes
        .layer(middleware::from_fn_with_state(common.host.clone(), correlate))
        .layer(middleware::from_fn(measure))
}
