//! Whether a service is alive, and whether it can do its work.

use std::fmt;
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
use utoipa::{OpenApi, ToSchema};

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

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a service needs to do its work.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    checks: Vec<Check>,
}

/// Whether a service can do its work.
#[derive(Serialize, ToSchema)]
#[schema(as = Readiness)]
struct Report {
    /// `ok` if every check is.
    status: Status,
    /// What the service needs.
    checks: Vec<Finding>,
}

/// One thing that a service needs.
#[derive(Serialize, ToSchema)]
#[schema(as = ReadinessCheck)]
struct Finding {
    /// What it is: `store`, `bus`; the gateway says whose: `order bus`.
    #[schema(value_type = String)]
    name: Arc<str>,
    /// Whether it is well.
    status: Status,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// How long the look at it took.
    duration_ms: u64,
}

/// Whether something is well.
#[derive(Clone, Copy, PartialEq, Serialize, ToSchema)]
#[schema(as = ReadinessStatus)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Failed,
}

/// That a process is alive.
#[derive(Serialize, ToSchema)]
struct Liveness {
    /// `ok`
    status: Status,
}

impl Status {
    fn of(well: bool) -> Self {
        if well { Self::Ok } else { Self::Failed }
    }
}

impl Finding {
    fn new(name: Arc<str>, detail: Option<String>, duration_ms: u64) -> Self {
        Self { name, status: Status::of(detail.is_none()), detail, duration_ms }
    }
}

impl Readiness {
    /// Needs this too.
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Needs everything that a part needs: what is `bus` there is `order bus` here.
    pub fn and(mut self, part: &str, other: &Self) -> Self {
        let named = |check: &Check| Check { name: format!("{part} {}", check.name).into(), ..check.clone() };
        self.checks.extend(other.checks.iter().map(named));
        self
    }

    /// `GET /livez`, which answers as long as the process does, and `GET /readyz`, which looks at each check and answers
    /// 503 when one fails.
    pub fn routes<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        Router::new().route("/livez", get(livez)).route("/readyz", get(readyz).with_state(self))
    }

    /// The description of [`routes`](Self::routes), to be merged into that of the service.
    pub fn openapi() -> utoipa::openapi::OpenApi {
        Described::openapi()
    }

    async fn report(&self) -> Report {
        let looks = self.checks.iter().map(|check| (check.name.clone(), tokio::spawn(find(check.clone()))));
        let mut checks = Vec::new();
        for (name, look) in looks.collect::<Vec<_>>() {
            checks.push(look.await.unwrap_or_else(|_| Finding::new(name, Some("it panicked".to_owned()), 0)));
        }
        let well = checks.iter().all(|finding| finding.status == Status::Ok);
        Report { status: Status::of(well), checks }
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

#[derive(OpenApi)]
#[openapi(paths(livez, readyz))]
struct Described;

/// Whether the process is alive.
#[utoipa::path(
    get, path = "/livez", tag = "health",
    responses((status = 200, description = "it is", body = Liveness)),
)]
async fn livez() -> Json<Liveness> {
    Json(Liveness { status: Status::Ok })
}

/// Whether the service can do its work: its store answers, and its bus carries messages.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses(
        (status = 200, description = "it can", body = Report),
        (status = 503, description = "a check failed", body = Report),
    ),
)]
async fn readyz(State(readiness): State<Readiness>) -> Response {
    let report = readiness.report().await;
    let status = if report.status == Status::Ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}
