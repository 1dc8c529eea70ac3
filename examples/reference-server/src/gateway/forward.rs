//! A request on its way to another process, and its answer on the way back.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use commerce_adapters::http::Problem;
use commerce_adapters::resilience::CallError;
use http::request::Parts;
use http::{Method, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Error;
use tower_http::timeout::TimeoutBody;

use super::passed::{drop_hop_by_hop, sent_on};
use super::upstream::Upstream;

/// Bodies were bounded before they came here.
const ANY_SIZE: usize = usize::MAX;

type Answered = http::Response<Incoming>;

/// Why an upstream has no answer, or none that speaks for it.
enum Failure {
    /// It could not be reached, or broke off before it answered.
    Unreachable(Error),
    /// It took too long.
    Silent,
    /// It answered that it can't.
    Unable(Box<Answered>),
}

/// Hands a request on. The answer is passed on as it comes.
pub(super) async fn forward(
    State(upstream): State<Arc<Upstream>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, ANY_SIZE).await.map_err(Problem::bug)?;
    match upstream.breaker.call(|| upstream.ask(&parts, &body)).await {
        Ok(answer) => Ok(pass_on(answer, upstream.patience)),
        Err(CallError::Failed(Failure::Unable(answer))) => Ok(pass_on(*answer, upstream.patience)),
        Err(CallError::Failed(Failure::Unreachable(error))) => Err(upstream.unreachable(error)),
        Err(CallError::Failed(Failure::Silent)) => Err(upstream.silent()),
        Err(CallError::Open { retry_after }) => Err(upstream.not_asked(retry_after)),
    }
}

fn pass_on(answer: Answered, patience: Duration) -> Response {
    let (mut parts, body) = answer.into_parts();
    drop_hop_by_hop(&mut parts.headers);
    Response::from_parts(parts, Body::new(TimeoutBody::new(patience, body)))
}

impl Upstream {
    async fn ask(&self, parts: &Parts, body: &Bytes) -> Result<Answered, Failure> {
        let tried = tokio::time::timeout(self.patience, self.try_to_ask(parts, body)).await;
        let answer = tried.map_err(|_| Failure::Silent)?.map_err(Failure::Unreachable)?;
        match answer.status() {
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                Err(Failure::Unable(Box::new(answer)))
            }
            _ => Ok(answer),
        }
    }

    /// Once more, if nothing can have been done by the first time: the method only reads.
    async fn try_to_ask(&self, parts: &Parts, body: &Bytes) -> Result<Answered, Error> {
        let first = self.client.request(self.outgoing(parts, body)).await;
        match first {
            Err(error) if matches!(parts.method, Method::GET | Method::HEAD) => {
                tracing::debug!(upstream = self.name, %error, "asking once more");
                self.client.request(self.outgoing(parts, body)).await
            }
            ended => ended,
        }
    }

    fn outgoing(&self, parts: &Parts, body: &Bytes) -> http::Request<Full<Bytes>> {
        let mut request = http::Request::new(Full::new(body.clone()));
        *request.method_mut() = parts.method.clone();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        // What was read as a path once is one.
        *request.uri_mut() = self.at(path).unwrap_or_default();
        *request.headers_mut() = sent_on(parts);
        request
    }

    fn unreachable(&self, error: Error) -> Problem {
        let detail = format!("the {} service can't be reached now: try again", self.name);
        Problem::unavailable("upstream_unavailable", detail, Duration::from_secs(1)).caused_by(error)
    }

    fn silent(&self) -> Problem {
        let (name, patience) = (self.name, self.patience);
        let detail = format!(
            "the {name} service did not answer within {patience:?}: ask again, with the same Idempotency-Key"
        );
        Problem::unavailable("timeout", detail, Duration::from_secs(1))
    }

    fn not_asked(&self, retry_after: Duration) -> Problem {
        let detail = format!("the {} service has failed too often, and is left alone for a while", self.name);
        Problem::unavailable("circuit_open", detail, retry_after)
    }
}
