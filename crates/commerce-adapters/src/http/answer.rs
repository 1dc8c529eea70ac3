//! An answer that is stored with what it answers for.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::Response;
use commerce_core::commit::{Commit, CommitError, Committed};
use commerce_core::store::Store;
use commerce_outbox::Ticket;
use http::request::Parts;
use http_body_util::BodyExt;

use super::idempotency::Stored;
use super::problem::Problem;

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

    fn put_back(&self, ticket: Option<Ticket>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ticket;
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
        let ticket = self.take();
        let Some(held) = &ticket else {
            let committed = if commit.is_empty() { Ok(None) } else { store.commit(commit).await.map(Some) };
            return Ok(committed.map(|committed| (response, committed)));
        };
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(Problem::bug)?.to_bytes();
        let stored = Stored::of(&parts, &bytes).to_bytes()?;
        let commit = held.complete(commit, stored).map_err(Problem::bug)?;
        match store.commit(commit).await {
            Ok(committed) => Ok(Ok((Response::from_parts(parts, Body::from(bytes)), Some(committed)))),
            Err(error) => {
                self.put_back(ticket);
                Ok(Err(error))
            }
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Answer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
