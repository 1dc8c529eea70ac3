//! `Idempotency-Key`: the same request twice has one effect and one answer
//! ([draft-ietf-httpapi-idempotency-key-header](https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/)).

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use commerce_core::Context;
use commerce_core::commit::Commit;
use commerce_core::id::Tenant;
use commerce_outbox::{Begin, Idempotency, Ticket};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tracing::Instrument;
use tracing::instrument::WithSubscriber;

use super::answer::Answer;
use super::buffer::{self, LARGEST_BODY};
use super::caller::Caller;
use super::correlate;
use super::problem::Problem;
use super::stored::Stored;
use super::time_limit::TimeLimit;

/// Names a request, so that it can be sent again.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest key.
const LONGEST: usize = 255;

/// Gives a POST with an `Idempotency-Key` one effect and one answer, kept as long as `keys` say. The key counts within
/// the caller and the route. The same key with another request, be it that another version or type is meant, is a 422; while
/// the first request is under way, a second is a 409.
/// Answers of 500 and above are not kept, nor are those that ask to come again (`Retry-After`) or are marked [`NotKept`]: the
/// same request is done again then.
/// A request under a key goes on when its client hangs up: whoever asks again gets its answer. It ends when its time is up
/// ([`limit_time`](super::limit_time), outside this), and gives its key back. It runs in a task of its own; task-locals of
/// layers outside this don't reach its handler.
///
/// A POST with a key and a body of more than 1 MiB is a 413, whatever [`Buffering`](super::Buffering) allows.
///
/// Callers without a token share one scope. That gives nobody another's answer, as the same body is asked for too.
pub async fn idempotent(
    State((store, keys)): State<(Arc<dyn commerce_core::store::Store>, Idempotency)>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    match Keyed::read(request).await {
        Ok(keyed) => to_its_end(keyed.answered(store, keys, next)).await,
        Err(problem) => problem.into_response(),
    }
}

/// In a task of its own, which goes on when whoever waits for it leaves: cut off in the middle of a commit it would leave
/// its effect without an answer, or a key locked that nothing is done under.
async fn to_its_end(work: impl Future<Output = Result<Response, Problem>> + Send + 'static) -> Response {
    let work = correlate::carried_on(async { work.await.unwrap_or_else(IntoResponse::into_response) });
    match tokio::spawn(work.in_current_span().with_current_subscriber()).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(error) => Problem::bug(error).into_response(),
        },
    }
}

/// A request that was read whole.
struct Keyed {
    tenant: Tenant,
    key: String,
    fingerprint: String,
    parts: Parts,
    bytes: Bytes,
}

impl Keyed {
    async fn read(request: Request) -> Result<Self, Problem> {
        let (key, given) = key_of(&request)?;
        let context = request.extensions().get::<Arc<Context>>();
        let tenant = context.map(|context| context.tenant().clone()).unwrap_or_default();
        let (parts, body) = request.into_parts();
        let bytes = buffer::read(body, LARGEST_BODY).await?;
        // The client's key is kept nowhere else. With it in the digest, nobody who reads the store can find out by trying
        // what was in a body, such as a password.
        let header = |name| parts.headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
        let fingerprint = digest(&[
            given.as_bytes(),
            parts.uri.query().unwrap_or_default().as_bytes(),
            header(header::IF_MATCH),
            header(header::CONTENT_TYPE),
            header(header::CONTENT_ENCODING),
            &bytes,
        ]);
        Ok(Self { tenant, key, fingerprint, parts, bytes })
    }

    async fn answered(
        self,
        store: Arc<dyn commerce_core::store::Store>,
        keys: Idempotency,
        next: Next,
    ) -> Result<Response, Problem> {
        match keys.begin(&self.tenant, &self.key, &self.fingerprint).await.map_err(unavailable)? {
            Begin::Fresh(ticket) => self.fresh(store, Answer::holding(ticket), next).await,
            Begin::Replay(stored) => Stored::from_bytes(&stored)?.replay(),
            Begin::InProgress => {
                let detail = "a request with this Idempotency-Key is under way: ask again for its answer";
                Err(Problem::conflict("idempotency_in_progress", detail).retry_after(Duration::from_secs(1)))
            }
            Begin::Mismatch => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "this Idempotency-Key was used for another request: choose another key",
            )),
        }
    }

    async fn fresh(
        self,
        store: Arc<dyn commerce_core::store::Store>,
        answer: Answer,
        next: Next,
    ) -> Result<Response, Problem> {
        let Self { tenant, mut parts, bytes, .. } = self;
        let _unfinished = Unfinished(answer.clone());
        parts.extensions.insert(answer.clone());
        let limit = parts.extensions.get::<TimeLimit>().copied();
        let run = next.run(Request::from_parts(parts, Body::from(bytes)));
        let ran = match limit {
            Some(limit) => limit.within(run).await,
            None => Ok(run.await),
        };
        match ran {
            Ok(response) => settle(&store, &tenant, answer, response).await,
            Err(problem) => {
                if let Some(ticket) = answer.take() {
                    give_back(ticket).await;
                }
                Err(problem)
            }
        }
    }
}

/// The client's key within the caller and the route, as it is kept, and as it was given.
fn key_of(request: &Request) -> Result<(String, String), Problem> {
    let mut lines = request.headers().get_all(IDEMPOTENCY_KEY).iter();
    let only = lines.next().filter(|_| lines.next().is_none());
    let given = only.and_then(|value| value.to_str().ok()).map(str::trim);
    let key = given.filter(|key| is_key(key)).ok_or_else(|| {
        Problem::invalid(
            "invalid_header",
            format!("Idempotency-Key must come once, and be 1 to {LONGEST} printable ASCII characters"),
        )
    })?;
    let caller = request
        .extensions()
        .get::<Caller>()
        .map_or_else(|| "anonymous".to_owned(), |caller| caller.id.to_string());
    let kept = digest(&[
        caller.as_bytes(),
        request.method().as_str().as_bytes(),
        request.uri().path().as_bytes(),
        key.as_bytes(),
    ]);
    Ok((kept, key.to_owned()))
}

/// Marks an answer, by its extensions, as one that must not be kept under an idempotency key, because there is a secret
/// in it. The same request with the same key is done again.
///
/// Mark every answer of such a route by [`not_kept`], and its description by [`openapi::NOT_KEPT`](super::openapi::NOT_KEPT).
#[derive(Clone, Copy, Debug)]
pub struct NotKept;

/// A layer for routes whose answers hold secrets: [`NotKept`], and `Cache-Control: no-store`.
pub async fn not_kept(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(NotKept);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Stores an answer that the handler has not stored with its commit.
async fn settle(
    store: &Arc<dyn commerce_core::store::Store>,
    tenant: &Tenant,
    answer: Answer,
    response: Response,
) -> Result<Response, Problem> {
    let Some(ticket) = answer.take() else { return Ok(response) };
    if !is_kept(&response) {
        give_back(ticket).await;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(Problem::bug)?.to_bytes();
    let stored = Stored::of(&parts, &bytes).to_bytes()?;
    let commit = Commit { tenant: tenant.clone(), ..Commit::new() };
    let commit = ticket.complete(commit, stored).map_err(Problem::bug)?;
    if let Err(error) = store.commit(commit).await {
        // What was asked is done; only its answer will not be given again.
        tracing::warn!(%error, "an answer could not be stored under its idempotency key");
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// Whether an answer is the last word. One that asks to come again is none.
fn is_kept(response: &Response) -> bool {
    !response.status().is_server_error()
        && !response.headers().contains_key(header::RETRY_AFTER)
        && response.extensions().get::<NotKept>().is_none()
}

/// A request that has no answer yet. It is left so when its handler panics.
struct Unfinished(Answer);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let ticket = self.0.take();
        // Should its commit be under way still: whichever of the two is first makes the other void.
        if let (Some(ticket), Ok(runtime)) = (ticket, Handle::try_current()) {
            runtime.spawn(give_back(ticket));
        }
    }
}

async fn give_back(ticket: Ticket) {
    if let Err(error) = ticket.abandon().await {
        tracing::warn!(%error, "an idempotency key stays locked for a minute");
    }
}

fn unavailable(error: commerce_outbox::IdempotencyError) -> Problem {
    let detail = "the data can't be reached now: try again";
    Problem::unavailable("store_unavailable", detail, Duration::from_secs(1)).caused_by(error)
}

/// SHA-256 over the parts, each behind its length, in hexadecimal digits.
fn digest(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
