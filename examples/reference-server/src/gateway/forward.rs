//! A request on its way to another process, and its answer on the way back.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use commerce_adapters::http::Problem;
use commerce_adapters::resilience::CallError;
use http::request::Parts;
use http::{Method, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Error;
use serde_json::Value;
use tower_http::timeout::TimeoutBody;

use super::passed::{drop_hop_by_hop, sent_on};
use super::upstream::Upstream;
use crate::serve::MOST_HEADERS;

/// Bodies were bounded before they came here.
const ANY_SIZE: usize = usize::MAX;
/// No problem document of a service is larger.
const LARGEST_PROBLEM: usize = 64 * 1024;
/// `Host` and `Content-Length`, which stand in a request only when it is written.
const WRITTEN_LATER: usize = 2;

type Outgoing = http::Request<Full<Bytes>>;
type Answered = http::Response<Incoming>;

/// Why an upstream has no answer, or none that speaks for it.
enum Failure {
    /// It could not be reached, or broke off before it answered.
    Unreachable(Error),
    /// It took too long.
    Silent,
    /// It broke off within the document that says why it can't.
    BrokenOff,
    /// It, or a proxy before it, answered that it can't.
    Unable(Box<Response>),
}

fn too_long() -> Problem {
    Problem::new(
        StatusCode::URI_TOO_LONG,
        "uri_too_long",
        "the path and the query are too long to be handed on",
    )
}

fn too_many_headers() -> Problem {
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    Problem::new(status, "too_many_headers", "there are too many headers to be handed on")
}

/// Hands a request on. The answer is passed on as it comes.
pub(super) async fn forward(
    State(upstream): State<Arc<Upstream>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, ANY_SIZE).await.map_err(Problem::bug)?;
    // Made before the circuit hears of it: what can't be sent says nothing about the service.
    let outgoing = upstream.outgoing(&parts, body)?;
    match upstream.breaker.call(|| upstream.ask(&outgoing)).await {
        Ok(answer) => Ok(answer),
        Err(CallError::Failed(Failure::Unable(answer))) => Ok(*answer),
        Err(CallError::Failed(Failure::Unreachable(error))) => Err(upstream.unreachable().caused_by(error)),
        Err(CallError::Failed(Failure::BrokenOff)) => Err(upstream.unreachable()),
        Err(CallError::Failed(Failure::Silent)) => Err(upstream.silent()),
        Err(CallError::Open { retry_after }) => Err(upstream.not_asked(retry_after)),
    }
}

fn pass_on(answer: Answered, patience: Duration) -> Response {
    let (mut parts, body) = answer.into_parts();
    drop_hop_by_hop(&mut parts.headers);
    Response::from_parts(parts, Body::new(TimeoutBody::new(patience, body)))
}

/// Whether a problem document is a service's own, and not about all of it: `timeout` is silence that it noticed itself.
fn is_in_good_order(document: &[u8]) -> bool {
    let problem: Value = serde_json::from_slice(document).unwrap_or_default();
    problem["code"].as_str().is_some_and(|code| code != "timeout")
}

impl Upstream {
    async fn ask(&self, outgoing: &Outgoing) -> Result<Response, Failure> {
        let tried = tokio::time::timeout(self.patience, self.try_to_ask(outgoing)).await;
        let answer = tried.map_err(|_| Failure::Silent)?.map_err(Failure::Unreachable)?;
        let answer = pass_on(answer, self.patience);
        match answer.status() {
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                self.unable(answer).await
            }
            _ => Ok(answer),
        }
    }

    /// A refusal in the service's own words is no failure of it: what it needs for this one request is not there, such as
    /// a payment provider, and whoever asks for that again and again must not close the whole service to others.
    async fn unable(&self, answer: Response) -> Result<Response, Failure> {
        let content_type = answer.headers().get(header::CONTENT_TYPE);
        if content_type.is_none_or(|found| found != "application/problem+json") {
            return Err(Failure::Unable(Box::new(answer)));
        }
        // The answer to a HEAD has its head alone to tell.
        if answer.body().is_end_stream() {
            return Ok(answer);
        }
        let (parts, body) = answer.into_parts();
        let read = tokio::time::timeout(self.patience, to_bytes(body, LARGEST_PROBLEM)).await;
        let body = read.map_err(|_| Failure::Silent)?.map_err(|_| Failure::BrokenOff)?;
        let in_good_order = is_in_good_order(&body);
        let answer = Response::from_parts(parts, Body::from(body));
        if in_good_order { Ok(answer) } else { Err(Failure::Unable(Box::new(answer))) }
    }

    /// Once more, if nothing can have been done by the first time: the method only reads.
    async fn try_to_ask(&self, outgoing: &Outgoing) -> Result<Answered, Error> {
        let first = self.client.request(outgoing.clone()).await;
        match first {
            Err(error) if matches!(*outgoing.method(), Method::GET | Method::HEAD) => {
                tracing::debug!(upstream = self.name, %error, "asking once more");
                self.client.request(outgoing.clone()).await
            }
            ended => ended,
        }
    }

    /// A request as the service is asked. With the service's address before it a path is longer than it was, and with what
    /// is said about the client there are more headers: both may be too much now.
    fn outgoing(&self, parts: &Parts, body: Bytes) -> Result<Outgoing, Problem> {
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = parts.method.clone();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = self.at(path).map_err(|_| too_long())?;
        *request.headers_mut() = sent_on(parts);
        if request.headers().len() + WRITTEN_LATER > MOST_HEADERS {
            Err(too_many_headers())
        } else {
            Ok(request)
        }
    }

    fn unreachable(&self) -> Problem {
        let detail = format!("the {} service can't be reached now: try again", self.name);
        Problem::unavailable("upstream_unavailable", detail, Duration::from_secs(1))
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
