//! Whether a service is alive, and whether it can do its work.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Serialize;

/// A check that has not answered by then has failed.
const PATIENCE: Duration = Duration::from_secs(2);

type Look = dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync;

/// Something that a service can't do without.
#[derive(Clone)]
pub struct Check {
    name: Arc<str>,
    look: Arc<Look>,
}

impl Check {
    /// A check that passes when `look` answers `Ok` within two seconds; what it answers otherwise is shown.
    pub fn new<F, E>(name: &str, look: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display,
    {
        let look = move || -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> {
            let looking = look();
            Box::pin(async move { looking.await.map_err(|error| error.to_string()) })
        };
        Self { name: name.into(), look: Arc::new(look) }
    }
}

/// What a service needs to do its work.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Report {
    status: &'static str,
    checks: Vec<Finding>,
}

#[derive(Serialize)]
struct Finding {
    name: Arc<str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    duration_ms: u64,
}

impl Finding {
    fn new(name: Arc<str>, detail: Option<String>, duration_ms: u64) -> Self {
        let status = if detail.is_none() { "ok" } else { "failed" };
        Self { name, status, detail, duration_ms }
    }
}

impl Readiness {
    /// Needs this too.
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Needs everything that another needs.
    pub fn and(mut self, other: &Self) -> Self {
        self.checks.extend(other.checks.iter().cloned());
        self
    }

    /// `GET /livez`, which answers as long as the process does, and `GET /readyz`, which looks at each check and answers
    /// 503 when one fails.
    pub fn routes<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        Router::new()
            .route("/livez", get(|| async { Json(serde_json::json!({"status": "ok"})) }))
            .route("/readyz", get(readyz).with_state(self))
    }

    async fn report(&self) -> Report {
        let looks = self.checks.iter().map(|check| (check.name.clone(), tokio::spawn(find(check.clone()))));
        let mut checks = Vec::new();
        for (name, look) in looks.collect::<Vec<_>>() {
            checks.push(look.await.unwrap_or_else(|_| Finding::new(name, Some("it panicked".to_owned()), 0)));
        }
        let ok = checks.iter().all(|finding| finding.detail.is_none());
        Report { status: if ok { "ok" } else { "failed" }, checks }
    }
}

async fn find(check: Check) -> Finding {
    let began = Instant::now();
    let found = tokio::time::timeout(PATIENCE, (check.look)()).await;
    let detail = match found {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(_) => Some(format!("no answer within {PATIENCE:?}")),
    };
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Finding::new(check.name, detail, duration_ms)
}

async fn readyz(State(readiness): State<Readiness>) -> Response {
    let report = readiness.report().await;
    let status = if report.status == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}
