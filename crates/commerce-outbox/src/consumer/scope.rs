use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::Context;
use commerce_core::commit::{Commit, NewMessage};
use commerce_core::store::Store;

/// What a handler writes: one commit, which already holds the claim that lets the message be handled only once.
pub struct Scope {
    context: Context,
    store: Arc<dyn Store>,
    commit: Commit,
    waited: Duration,
}

/// What has become of a handler's commit.
pub enum Handled {
    /// The consumer is to make it.
    Commit(Box<Commit>),
    /// The handler has made it itself, from [`Scope::into_commit`].
    Committed,
}

impl Scope {
    /// A scope outside a consumer: for timers and for work that someone asks for.
    pub fn new(context: Context, store: Arc<dyn Store>, commit: Commit) -> Self {
        Self { context, store, commit, waited: Duration::ZERO }
    }

    pub(super) fn of_held(self, waited: Duration) -> Self {
        Self { waited, ..self }
    }

    /// How long ago the message was put aside to be handled later: since its first attempt, or since it came behind another of
    /// its key. Nothing at the first attempt, however old the message is. Whoever waits for
    /// [something else to happen first](crate::HandleError::not_yet) may lose patience by it.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The context of the handling: the message's tenant and flow, caused by the message.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The store that the commit goes to.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Adds to the commit. What is handed over has to stay in: the claim that lets the message take effect only once is part
    /// of it. A handler whose commit is without it has failed, with an error of
    /// [`Kind::Bug`](commerce_core::error::Kind::Bug), and its message is a dead letter.
    pub fn write(&mut self, add: impl FnOnce(Commit) -> Commit) {
        self.commit = add(std::mem::take(&mut self.commit));
    }

    /// The same with what may fail: the commit is as it was then.
    ///
    /// ```
    /// # use commerce_core::commit::{Commit, DocumentWrite, Expected};
    /// # use commerce_core::event::CodecError;
    /// # use commerce_outbox::Scope;
    /// fn greet(scope: &mut Scope, name: &str) -> Result<(), CodecError> {
    ///     scope.try_write(|commit| {
    ///         Ok(commit.document(DocumentWrite::json("greeted", name, Expected::Any, &name)?))
    ///     })
    /// }
    /// # let _ = greet;
    /// ```
    ///
    /// # Errors
    /// What `add` said.
    pub fn try_write<E>(&mut self, add: impl FnOnce(Commit) -> Result<Commit, E>) -> Result<(), E> {
        self.commit = add(self.commit.clone())?;
        Ok(())
    }

    /// A scope of the same context with nothing in its commit. What it gathers takes effect only if it is joined.
    pub fn fork(&self) -> Self {
        let commit = Commit::within(&self.context);
        Self { context: self.context.clone(), store: self.store.clone(), commit, waited: self.waited }
    }

    /// Takes in what a fork has gathered.
    pub fn join(&mut self, fork: Scope) {
        self.write(|commit| commit.and(fork.commit));
    }

    /// Sends a message with the commit.
    pub fn send(&mut self, message: NewMessage) {
        self.write(|commit| commit.message(message));
    }

    /// For the consumer to commit.
    pub fn finish(self) -> Handled {
        Handled::Commit(Box::new(self.commit))
    }

    /// For a handler that commits by itself, as one that decides in memory does; it answers
    /// [`Handled::Committed`] then. The claim in it must stay.
    ///
    /// If the commit is refused as the message was handled before, the claim is what it conflicts with, and the consumer has to
    /// see that: the message would become a dead letter. It sees what is turned into a [`HandleError`](crate::HandleError) by `?`
    /// or `into`, of a store, an [`Owned`](commerce_core::owned::Owned) or a
    /// [`Repository`](commerce_core::repository::Repository), and what another error names as its
    /// [source](std::error::Error::source); not what has become a text.
    pub fn into_commit(self) -> Commit {
        self.commit
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("context", &self.context).finish_non_exhaustive()
    }
}

impl fmt::Debug for Handled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit(_) => f.debug_tuple("Commit").finish_non_exhaustive(),
            Self::Committed => f.write_str("Committed"),
        }
    }
}
