use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use commerce_core::error::Kind;
use commerce_outbox::{Envelope, HandleError, Handled, Handler, Message, Scope};

use super::Request;
use crate::reply::Phase;

/// Handles a step's requests with a function that does it and answers by [`Request::finish`] or [`Request::answer`].
/// It runs only for a request that has no answer yet.
pub fn action<M, F, Fut>(handle: F) -> Arc<dyn Handler>
where
    M: Message,
    F: Fn(M, Request, Scope) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Handled, HandleError>> + Send + 'static,
{
    Arc::new(Guarded { handle, phase: Phase::Action, message: PhantomData::<fn() -> M> })
}

/// Handles the requests to undo a step. The function runs only if the action has had an effect, and once.
pub fn compensation<M, F, Fut>(handle: F) -> Arc<dyn Handler>
where
    M: Message,
    F: Fn(M, Request, Scope) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Handled, HandleError>> + Send + 'static,
{
    Arc::new(Guarded { handle, phase: Phase::Undo, message: PhantomData::<fn() -> M> })
}

struct Guarded<M, F> {
    handle: F,
    phase: Phase,
    message: PhantomData<fn() -> M>,
}

#[async_trait]
impl<M, F, Fut> Handler for Guarded<M, F>
where
    M: Message,
    F: Fn(M, Request, Scope) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Handled, HandleError>> + Send + 'static,
{
    async fn handle(&self, envelope: &Envelope, scope: Scope) -> Result<Handled, HandleError> {
        let mut request = Request::read(envelope, &scope)?;
        if request.phase != self.phase {
            return Err(HandleError::new(
                Kind::Invalid,
                format!(
                    "{} is handled as {}, not as {}",
                    M::TYPE,
                    self.phase.as_str(),
                    request.phase.as_str()
                ),
            ));
        }
        match request.pass_barrier(scope).await? {
            Ok(handled) => Ok(handled),
            Err(scope) => {
                let body: M = envelope.body().map_err(|error| {
                    HandleError::new(Kind::Invalid, format!("the body is no {}: {error}", M::TYPE))
                })?;
                (self.handle)(body, request, scope).await
            }
        }
    }
}
