//! The one door: what clients talk to.

use axum::{Router, middleware};
use commerce_adapters::http::{RateLimit, Readiness, authenticate, limit_rate, not_found};
use commerce_adapters::telemetry;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};

use crate::http::{Common, Service, about, outermost};

/// The gateway with services in its own process.
pub fn in_process(services: Vec<Service>, common: &Common, rate_limit: Option<RateLimit>) -> Router {
    let mut routes = Router::new();
    let mut openapi = description();
    let mut readiness = Readiness::default();
    for service in services {
        routes = routes.merge(service.routes);
        openapi.merge(service.openapi);
        readiness = readiness.and(&service.readiness);
    }
    if let Some(limit) = rate_limit {
        routes = routes.layer(middleware::from_fn_with_state(limit, limit_rate));
    }
    let routes = routes.layer(middleware::from_fn_with_state(common.tokens.clone(), authenticate));
    let routes = routes.merge(readiness.routes()).merge(about(openapi, telemetry::render));
    outermost(routes.fallback(not_found), common)
}

fn description() -> OpenApi {
    let info = InfoBuilder::new().title("Commerce").version(env!("CARGO_PKG_VERSION")).build();
    OpenApiBuilder::new().info(info).build()
}
