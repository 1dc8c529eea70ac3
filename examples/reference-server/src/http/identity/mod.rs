//! Identity over HTTP: signing in, users, and the keys by which tokens are verified.

mod auth;
mod bodies;
mod refused;
mod shown;
mod users;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::{Json, middleware};
use commerce_adapters::http::{NoParams, not_kept};
use http::{HeaderValue, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Common, Service};
use crate::services::identity::Identity;
use shown::JwksShown;

/// For how long verifiers may keep the keys: a key signs an hour before the one it follows is gone.
const KEYS_MAY_BE_KEPT: &str = "public, max-age=300";

/// What the routes work on.
#[derive(Clone)]
pub struct IdentityApi {
    identity: Identity,
}

impl IdentityApi {
    /// On this service.
    pub fn new(identity: Identity) -> Self {
        Self { identity }
    }

    /// The service beneath.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The service.
    pub fn service(self, common: &Common) -> Service {
        let store = self.identity.store().clone();
        let at_root = at_root().with_state(self.clone());
        Service::new("identity", common, &store, routes().with_state(self)).at_root(at_root)
    }
}

fn routes() -> OpenApiRouter<IdentityApi> {
    with_secrets()
        .routes(routes!(auth::register))
        .routes(routes!(auth::log_out))
        .routes(routes!(auth::change_password))
        .routes(routes!(auth::forgot_password))
        .routes(routes!(auth::reset_password))
        .routes(routes!(auth::confirm_email))
        .routes(routes!(users::show_me))
        .routes(routes!(users::show_user))
        .routes(routes!(users::activate_user))
        .routes(routes!(users::deactivate_user))
        .routes(routes!(users::set_roles))
}

/// Those whose answers hold tokens.
fn with_secrets() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new()
        .routes(routes!(auth::log_in))
        .routes(routes!(auth::refresh))
        .layer(middleware::from_fn(not_kept))
}

/// Those that are not under `/api/v1`.
fn at_root() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(show_keys))
}

/// The keys that verify access tokens, as a JWKS (RFC 7517).
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "identity",
    responses((status = 200, description = "the public keys, the one that signs first", body = JwksShown)),
)]
async fn show_keys(State(api): State<IdentityApi>, _: NoParams) -> impl IntoResponse {
    let kept = HeaderValue::from_static(KEYS_MAY_BE_KEPT);
    ([(header::CACHE_CONTROL, kept)], Json(api.identity.keys.jwks()))
}
