//! One description of all services.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

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
    descriptions: BTreeMap<&'static str, Value>,
}

impl Merged {
    pub(super) fn of(upstreams: &Upstreams) -> Self {
        Self { upstreams: upstreams.0.clone(), seen: Arc::default() }
    }

    pub(super) fn routes(self) -> Router {
        let show = |State(merged): State<Self>| async move { Json(merged.show().await) };
        Router::new().route("/openapi.json", get(show)).with_state(self)
    }

    async fn show(&self) -> Value {
        let mut seen = self.seen.lock().await;
        if seen.at.is_none_or(|at| at.elapsed() >= FRESH) {
            let looks = self.upstreams.iter().map(|upstream| look(upstream));
            let found = join_all(looks).await.into_iter().flatten();
            seen.descriptions.extend(found);
            seen.at = Some(Instant::now());
        }
        self.merge(&seen.descriptions)
    }

    fn merge(&self, descriptions: &BTreeMap<&'static str, Value>) -> Value {
        let mut whole = json!(description());
        let mut missing = Vec::new();
        for upstream in &self.upstreams {
            match descriptions.get(upstream.name) {
                Some(description) => add(&mut whole, description),
                None => missing.push(upstream.name),
            }
        }
        if !missing.is_empty() {
            let missing = missing.join(", ");
            whole["info"]["description"] =
                json!(format!("Without services that could not be reached: {missing}"));
        }
        whole
    }
}

/// Adds the paths and the components that are not there yet. What a service says of them is passed on as it is.
fn add(whole: &mut Value, description: &Value) {
    add_members(&mut whole["paths"], &description["paths"]);
    for (kind, components) in description["components"].as_object().unwrap_or(&Map::new()) {
        add_members(&mut whole["components"][kind], components);
    }
}

fn add_members(to: &mut Value, from: &Value) {
    if !to.is_object() {
        *to = json!({});
    }
    for (name, member) in from.as_object().unwrap_or(&Map::new()) {
        if to.get(name).is_none() {
            to[name] = member.clone();
        }
    }
}

async fn look(upstream: &Upstream) -> Option<(&'static str, Value)> {
    let read = upstream.look("/openapi.json").await;
    let description =
        read.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).map_err(|error| error.to_string()));
    description
        .inspect_err(|error| tracing::warn!(upstream = upstream.name, error, "no description"))
        .ok()
        .map(|description| (upstream.name, description))
}
