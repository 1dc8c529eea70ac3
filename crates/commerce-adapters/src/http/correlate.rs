//! Which flow a request belongs to.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use commerce_core::{Context, Host};
use commerce_outbox::trace::is_traceparent;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use uuid::Uuid;

use super::caller::Caller;

/// Carries the correlation id, both ways.
pub const CORRELATION_HEADER: HeaderName = HeaderName::from_static("x-correlation-id");
/// Carries the W3C trace context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What a client may call its flow.
const LONGEST: usize = 128;

tokio::task_local! {
    /// The correlation id of the request at hand, as the client knows it.
    static CORRELATION: Arc<str>;
}

/// The correlation id of the request at hand.
pub(super) fn current() -> Option<String> {
    CORRELATION.try_with(|correlation| correlation.to_string()).ok()
}

/// Takes over the client's `X-Correlation-Id` or makes one, answers it, and makes the [`Context`] in which everything
/// the request does is written. An id that is no UUID is kept as it is towards the client, and stands in commits as the
/// UUIDv5 of it (RFC 9562). An id of more than 128 characters, or with others than printable ASCII, is replaced.
pub async fn correlate(State(host): State<Arc<dyn Host>>, mut request: Request, next: Next) -> Response {
    let context = host.context();
    let given = request.headers().get(CORRELATION_HEADER).and_then(|value| value.to_str().ok());
    let given = given.map(str::trim).filter(|id| !id.is_empty() && id.len() <= LONGEST);
    let (shown, correlation) = match given {
        Some(id) => (id.to_owned(), as_uuid(id)),
        None => (context.operation().to_string(), context.operation()),
    };
    let mut context = context.with_correlation(correlation);
    if let Some(traceparent) = trace_of(&request) {
        context = context.with_traceparent(traceparent);
    }
    if let Ok(value) = HeaderValue::from_str(&shown) {
        request.headers_mut().insert(CORRELATION_HEADER, value);
    }
    request.extensions_mut().insert(Arc::new(context));
    tracing::Span::current().record("correlation_id", &*shown);
    let shown: Arc<str> = shown.into();
    let mut response = CORRELATION.scope(shown.clone(), next.run(request)).await;
    if let Ok(value) = HeaderValue::from_str(&shown) {
        response.headers_mut().insert(CORRELATION_HEADER, value);
    }
    response
}

fn as_uuid(id: &str) -> Uuid {
    Uuid::parse_str(id).unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()))
}

/// The trace of the span at hand, where spans are exported; otherwise what the client sent.
fn trace_of(request: &Request) -> Option<Arc<str>> {
    request.extensions().get::<Traceparent>().map(|trace| trace.0.clone()).or_else(|| sent_trace(request))
}

/// What the client sent, if it is a traceparent.
pub(super) fn sent_trace(request: &Request) -> Option<Arc<str>> {
    let sent = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    sent.filter(|text| is_traceparent(text)).map(Arc::from)
}

/// The trace that commits of this request belong to, put into the request's extensions by whoever opens its span.
#[derive(Clone, Debug)]
pub struct Traceparent(pub Arc<str>);

/// The context of a request: who asks, when, as part of what.
#[derive(Clone, Debug)]
pub struct Asked(pub Context);

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let context = parts.extensions.get::<Arc<Context>>().map(|context| (**context).clone());
        // A router without the layer has no clock to ask; what is written then shows that by its time.
        let context =
            context.unwrap_or_else(|| Context::new(commerce_core::Timestamp::default(), Uuid::nil()));
        Ok(Self(match parts.extensions.get::<Caller>() {
            Some(caller) => context.with_actor(caller.id.to_string()),
            None => context.with_actor("anonymous"),
        }))
    }
}
