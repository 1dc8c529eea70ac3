//! Which flow a request belongs to.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use commerce_core::{Context, Host};
use commerce_outbox::trace::read_traceparent;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::caller::Caller;
use super::problem::Problem;

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

/// What goes on in a task of its own is still of the request at hand.
pub(super) fn carried_on<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let correlation = CORRELATION.try_with(Arc::clone).ok();
    async move {
        match correlation {
            Some(correlation) => CORRELATION.scope(correlation, work).await,
            None => work.await,
        }
    }
}

/// Takes over the client's `X-Correlation-Id` and `traceparent` or makes them, answers them, and makes the [`Context`] in which everything
/// the request does is written. An id that is no UUID is kept as it is towards the client, and stands in commits as the
/// UUIDv5 of it (RFC 9562). An id of more than 128 characters, or with others than printable ASCII, is replaced. The log
/// names the flow by that UUID where the client's id has more in it than letters, digits and `-_.:/`.
pub async fn correlate(State(host): State<Arc<dyn Host>>, mut request: Request, next: Next) -> Response {
    let context = host.context();
    let given = request.headers().get(CORRELATION_HEADER).and_then(|value| value.to_str().ok());
    let given = given.map(str::trim).filter(|id| is_name(id));
    let (shown, correlation) = match given {
        Some(id) => (id.to_owned(), as_uuid(id)),
        None => (context.operation().to_string(), context.operation()),
    };
    let traceparent = trace_of(&request).unwrap_or_else(|| trace_from(context.operation()));
    write(request.headers_mut(), &shown, &traceparent);
    let context = context.with_correlation(correlation).with_traceparent(traceparent.clone());
    request.extensions_mut().insert(Arc::new(context));
    let logged = if is_plain(&shown) { shown.clone() } else { correlation.to_string() };
    tracing::Span::current().record("correlation_id", logged);
    let mut response = CORRELATION.scope(shown.as_str().into(), next.run(request)).await;
    write(response.headers_mut(), &shown, &traceparent);
    response
}

/// Towards whoever the request is handed on to, and towards the client.
fn write(headers: &mut HeaderMap, correlation: &str, traceparent: &str) {
    for (name, text) in [(CORRELATION_HEADER, correlation), (TRACEPARENT, traceparent)] {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    }
}

fn is_name(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST && id.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// What can't be anybody's e-mail address or other words of a person's may stand in the log.
fn is_plain(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte))
}

fn as_uuid(id: &str) -> Uuid {
    Uuid::parse_str(id).unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()))
}

/// The trace of the span at hand, where spans are exported; otherwise what the client sent.
fn trace_of(request: &Request) -> Option<String> {
    match request.extensions().get::<Traceparent>() {
        Some(trace) => Some(trace.0.to_string()),
        None => sent_trace(request).map(|trace| trace.to_string()),
    }
}

/// What the client sent, if it is a traceparent.
pub(super) fn sent_trace(request: &Request) -> Option<Arc<str>> {
    let mut sent = request.headers().get_all(TRACEPARENT).iter();
    let only = sent.next().filter(|_| sent.next().is_none())?;
    read_traceparent(only.to_str().ok()?).map(Arc::from)
}

/// A trace that begins here. It counts as sampled: whoever takes it over decides for themselves.
fn trace_from(operation: Uuid) -> String {
    let id = operation.simple().to_string();
    format!("00-{id}-{}-01", &id[16..])
}

/// The trace that commits of this request belong to, put into the request's extensions by whoever opens its span.
#[derive(Clone, Debug)]
pub struct Traceparent(pub Arc<str>);

/// The context of a request: who asks, when, as part of what.
///
/// [`correlate`] makes it. On a router without that layer every request is a 500 `internal_error`: there is no id that is
/// unique to the request, and what is written under one that isn't would collide.
#[derive(Clone, Debug)]
pub struct Asked(pub Context);

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let context = parts.extensions.get::<Arc<Context>>();
        let context = context.ok_or_else(|| Problem::bug("the layer `correlate` is missing"))?;
        let actor = match parts.extensions.get::<Caller>() {
            Some(caller) => caller.id.to_string(),
            None => "anonymous".to_owned(),
        };
        Ok(Self(Context::clone(context).with_actor(actor)))
    }
}

#[cfg(test)]
mod tests {
    use commerce_outbox::trace::read_traceparent;
    use uuid::Uuid;

    use super::trace_from;

    #[test]
    fn a_trace_that_begins_here_is_one() {
        let made = trace_from(Uuid::from_u128(0x0190_a0a0_0000_7000_8000_0000_0000_0000));
        assert_eq!(read_traceparent(&made), Some(made));
    }
}
