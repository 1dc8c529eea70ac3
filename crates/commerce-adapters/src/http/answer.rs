//! An answer that is stored with what it answers for.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task;

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::response::Response;
use commerce_core::commit::{Commit, CommitError, Committed};
use commerce_core::store::Store;
use commerce_outbox::Ticket;
use http::request::Parts;
use http_body_util::BodyExt;

use super::problem::Problem;
use super::stored::Stored;

/// Makes the commit that a request asks for, with the request's answer in it if the client gave an `Idempotency-Key`:
/// either both are there or neither, however the process ends.
///
/// A handler that doesn't use it is answered for all the same: its answer is stored right after it, in a commit of its
/// own. If the process dies between the two, the request is done again when it is asked again.
#[derive(Clone, Default)]
pub struct Answer(Arc<Mutex<Option<Ticket>>>);

impl Answer {
    pub(super) fn holding(ticket: Ticket) -> Self {
        Self(Arc::new(Mutex::new(Some(ticket))))
    }

    pub(super) fn take(&self) -> Option<Ticket> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Adds this answer to a commit that another makes, such as an owner of aggregates in memory; as often as it is
    /// decided anew. Call [`settled`](Self::settled) once one of them is durable.
    ///
    /// # Errors
    /// When the answer can't be stored.
    pub fn add_to(&self, commit: Commit, response: Response) -> Result<(Commit, Response), Problem> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ticket) = held.as_ref() else { return Ok((commit, response)) };
        let (parts, body) = response.into_parts();
        let bytes = at_once(body)?;
        let stored = Stored::of(&parts, &bytes).to_bytes()?;
        let commit = ticket.complete(commit, stored).map_err(Problem::bug)?;
        Ok((commit, Response::from_parts(parts, Body::from(bytes))))
    }

    /// A commit that has this answer in it is durable.
    pub fn settled(&self) {
        self.take();
    }

    fn lend(&self) -> Loan<'_> {
        Loan { answer: self, ticket: self.take() }
    }

    /// Commits, with this answer. The caller may decide again after a conflict, with another answer.
    ///
    /// # Errors
    /// Outside, when the answer can't be stored; inside, what the store says.
    pub async fn commit(
        &self,
        store: &Arc<dyn Store>,
        commit: Commit,
        response: Response,
    ) -> Result<Result<(Response, Option<Committed>), CommitError>, Problem> {
        let mut loan = self.lend();
        let Some(ticket) = &loan.ticket else {
            let committed = if commit.is_empty() { Ok(None) } else { store.commit(commit).await.map(Some) };
            return Ok(committed.map(|committed| (response, committed)));
        };
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(Problem::bug)?.to_bytes();
        let stored = Stored::of(&parts, &bytes).to_bytes()?;
        let commit = ticket.complete(commit, stored).map_err(Problem::bug)?;
        match store.commit(commit).await {
            Ok(committed) => {
                loan.ticket = None;
                Ok(Ok((Response::from_parts(parts, Body::from(bytes)), Some(committed))))
            }
            Err(error) => Ok(Err(error)),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Answer").finish_non_exhaustive()
    }
}

/// A ticket in the hands of a commit. Unless it is used it goes back, also when the request is dropped meanwhile: should
/// the commit come through all the same, the ticket is worth nothing any more.
struct Loan<'a> {
    answer: &'a Answer,
    ticket: Option<Ticket>,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            *self.answer.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(ticket);
        }
    }
}

/// A body that was written from a value is there without waiting.
fn at_once(body: Body) -> Result<Bytes, Problem> {
    let mut collecting = pin!(body.collect());
    match collecting.as_mut().poll(&mut task::Context::from_waker(task::Waker::noop())) {
        task::Poll::Ready(collected) => Ok(collected.map_err(Problem::bug)?.to_bytes()),
        task::Poll::Pending => Err(Problem::bug("an answer that is still being written can't be stored")),
    }
}

impl<S: Sync> FromRequestParts<S> for Answer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
