//! One description of all services.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use futures_util::future::join_all;
use tokio::sync::Mutex;
use tokio::time::Instant;
use utoipa::openapi::OpenApi;

use super::description;
use super::upstream::{Upstream, Upstreams};

/// Services are asked for their descriptions no more often.
const FRESH: Duration = Duration::from_secs(10);

/// The descriptions of services at addresses, as they last gave them.
#[derive(Clone)]
pub(super) struct Merged {
    upstreams: Vec<Arc<Upstream>>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    at: Option<Instant>,
    descriptions: BTreeMap<&'static str, OpenApi>,
}

impl Merged {
    pub(super) fn of(upstreams: &Upstreams) -> Self {
        Self { upstreams: upstreams.0.clone(), seen: Arc::default() }
    }

    pub(super) fn routes(self) -> Router {
        let show = |State(merged): State<Self>| async move { Json(merged.show().await) };
        Router::new()
            .route("/openapi.json", get(show))
            .route("/metrics", get(|| async { String::new() }))
            .with_state(self)
    }

    async fn show(&self) -> OpenApi {
        let mut seen = self.seen.lock().await;
        if seen.at.is_none_or(|at| at.elapsed() >= FRESH) {
            let looks = self.upstreams.iter().map(|upstream| look(upstream));
            let found = join_all(looks).await.into_iter().flatten();
            seen.descriptions.extend(found);
            seen.at = Some(Instant::now());
        }
        self.merge(&seen.descriptions)
    }

    fn merge(&self, descriptions: &BTreeMap<&'static str, OpenApi>) -> OpenApi {
        let mut whole = description();
        let mut missing = Vec::new();
        for upstream in &self.upstreams {
            match descriptions.get(upstream.name) {
                Some(description) => whole.merge(description.clone()),
                None => missing.push(upstream.name),
            }
        }
        if !missing.is_empty() {
            let missing = missing.join(", ");
            whole.info.description = Some(format!("Without services that could not be reached: {missing}"));
        }
        whole
    }
}

async fn look(upstream: &Upstream) -> Option<(&'static str, OpenApi)> {
    let read = upstream.look("/openapi.json").await;
    let description =
        read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()));
    description
        .inspect_err(|error| tracing::warn!(upstream = upstream.name, error, "no description"))
        .ok()
        .map(|description| (upstream.name, description))
}
