use std::future::Future;
use std::marker::PhantomData;

use async_trait::async_trait;
use commerce_core::commit::NewMessage;
use commerce_core::error::Kind;
use commerce_core::event::CodecError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::scope::{Handled, Scope};
use crate::envelope::Envelope;
use crate::error::HandleError;

/// A message of one type: its body, and where it goes.
pub trait Message: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Where it goes.
    const TOPIC: &'static str;
    /// What it says: `inventory.reserve-stock`.
    const TYPE: &'static str;

    /// Whose order it keeps.
    fn key(&self) -> String;

    /// As a message for the outbox.
    ///
    /// # Errors
    /// When its serde implementation fails.
    fn to_message(&self) -> Result<NewMessage, CodecError> {
        NewMessage::new(Self::TOPIC, self.key()).of_type(Self::TYPE).json(self)
    }
}

/// Handles the messages of one type.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Decides what a message changes. It may run more than once for a message; what it adds to the scope takes effect
    /// once.
    ///
    /// # Errors
    /// A conflict runs it again at once, a retryable error later, and so does one that says [not yet](HandleError::not_yet),
    /// however often; any other makes the message a dead letter.
    async fn handle(&self, envelope: &Envelope, scope: Scope) -> Result<Handled, HandleError>;
}

/// Handles a message by letting it pass. No claim is written: it does no harm to let it pass again.
pub(super) struct Ignore;

#[async_trait]
impl Handler for Ignore {
    async fn handle(&self, _: &Envelope, _: Scope) -> Result<Handled, HandleError> {
        Ok(Handled::Committed)
    }
}

/// A function of the decoded body as a handler.
pub(super) struct Typed<M, F> {
    handle: F,
    message: PhantomData<fn() -> M>,
}

impl<M, F> Typed<M, F> {
    pub(super) fn new(handle: F) -> Self {
        Self { handle, message: PhantomData }
    }
}

#[async_trait]
impl<M, F, Fut> Handler for Typed<M, F>
where
    M: Message,
    F: Fn(M, Scope) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Handled, HandleError>> + Send,
{
    async fn handle(&self, envelope: &Envelope, scope: Scope) -> Result<Handled, HandleError> {
        let body: M = envelope.body().map_err(|error| {
            HandleError::new(Kind::Invalid, format!("the body is no {}: {error}", M::TYPE))
        })?;
        (self.handle)(body, scope).await
    }
}
