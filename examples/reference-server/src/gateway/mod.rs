//! The one door: what clients talk to.
//!
//! ```text
//! client ─▶ arrive ─▶ measure ─▶ correlate ─▶ security headers ─▶ CORS ─▶ bounds ─▶ authenticate ─▶ rate limit ─▶ identify ─▶ routes
//! ```
//!
//! The routes lead to services in this process ([`in_process`]) or to addresses ([`in_front`]). Whatever a client sends,
//! behind `identify` the identity headers say what the token says. The services verify the token themselves all the same.
//!
//! What a client sees when a service can't answer: 503 `upstream_unavailable` (not reached, or it broke off), 503
//! `timeout` (no answer within 30 s), 503 `circuit_open` (it failed so often that it isn't asked), each with `Retry-After`.
//! A failure is no answer, a broken one, a service's own `timeout`, or a 502, 503 or 504 without a problem document, as of
//! a proxy in between. Any other refusal by a service is passed on and is none.

mod cors;
mod docs;
mod forward;
mod identity;
mod keys;
mod merged;
mod passed;
mod security;
mod upstream;

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::{Router, middleware};
use commerce_adapters::http::{
    RateLimit, Readiness, authenticate, limit_rate, method_not_allowed, not_found,
};
use commerce_adapters::telemetry;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};

pub use cors::{InvalidOrigin, Origins};
pub use keys::PublishedKeys;
pub use upstream::{InvalidUpstream, UpstreamOptions, Upstreams};

use crate::http::{Common, PATIENCE, Service, about, bounded, figures, traced};
use merged::Merged;

/// Where a payment provider tells what has happened.
const WEBHOOKS: &str = "/api/v1/webhooks/stripe";

/// How the gateway works.
#[derive(Clone, Default)]
pub struct GatewayOptions {
    /// What each client may ask; everything, if there is none.
    pub rate_limit: Option<RateLimit>,
    /// Whose pages' scripts may ask; nobody's, unless it is said.
    pub origins: Origins,
}

/// The gateway with services in its own process.
pub fn in_process(services: Vec<Service>, common: &Common, options: &GatewayOptions) -> Router {
    let mut routes = Router::new();
    let mut openapi = description();
    let mut readiness = Readiness::default();
    for service in services {
        routes = routes.merge(service.routes);
        openapi.merge(service.openapi);
        readiness = readiness.and(service.name, &service.readiness);
    }
    let beside = readiness.routes().merge(about(openapi, telemetry::render));
    door(routes, beside, Some(PATIENCE), common, options)
}

/// The gateway in front of services at addresses.
pub fn in_front(upstreams: &Upstreams, common: &Common, options: &GatewayOptions) -> Router {
    let about = Merged::of(upstreams).routes().merge(figures(telemetry::render));
    let beside = upstreams.readiness().routes().merge(about);
    // The time limit is the upstream's, so that its circuit breaker hears of it.
    door(upstreams.routes(), beside, None, common, options)
}

/// What is around all routes; `beside` are those that no client is known or counted at.
fn door(
    routes: Router,
    beside: Router,
    patience: Option<Duration>,
    common: &Common,
    options: &GatewayOptions,
) -> Router {
    let mut routes = routes.layer(middleware::from_fn(identity::identify));
    if let Some(limit) = options.rate_limit.clone() {
        routes = routes.layer(middleware::from_fn_with_state(limit, limit_clients));
    }
    let routes = routes.layer(middleware::from_fn_with_state(common.tokens.clone(), authenticate));
    let all = routes.merge(beside).merge(docs::routes()).fallback(not_found);
    let mut all = bounded(all.method_not_allowed_fallback(method_not_allowed), patience);
    if let Some(cors) = options.origins.layer() {
        all = all.layer(cors);
    }
    let all = traced(all.layer(middleware::from_fn(security::secure)), common);
    all.layer(middleware::from_fn(passed::arrive))
}

/// What a client may ask. Events of a payment provider are not counted: they are signed and small, many come from one
/// address at once, and one that is refused is told late.
async fn limit_clients(State(limit): State<RateLimit>, request: Request, next: Next) -> Response {
    if request.uri().path() == WEBHOOKS {
        return next.run(request).await;
    }
    limit_rate(State(limit), request, next).await
}

fn description() -> OpenApi {
    let info = InfoBuilder::new().title("Commerce").version(env!("CARGO_PKG_VERSION")).build();
    let mut openapi = OpenApiBuilder::new().info(info).build();
    openapi.merge(Readiness::openapi());
    openapi
}
