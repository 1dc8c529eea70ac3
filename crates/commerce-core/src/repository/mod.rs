//! Loads aggregates from their events, decides commands, and writes what follows.
//!
//! [`Repository::execute`] is the whole way: load, decide, commit, and once more if another was faster.
//! [`Repository::decide`] stops before the commit, so that what is decided can join a larger one. Version checks are
//! never skipped, and nothing but the log decides what an aggregate's state is: a snapshot that doesn't fit is passed
//! over.

mod decided;
mod error;
mod load;
mod snapshot;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use decided::{Decided, Outcome};
pub use error::Error;
pub use load::{At, Loaded, Recorded};

use crate::aggregate::Aggregate;
use crate::commit::{Commit, CommitError, Conflict};
use crate::context::Context;
use crate::event::Event;
use crate::store::Store;
use crate::stream::StreamId;
use crate::upcast::Upcasters;
pub(crate) use snapshot::{Kept, Snapshots};

/// How often [`Repository::execute`] decides at most before it answers [`Error::Conflict`]. Whoever loses so often in
/// a row has met a hot spot: see [`owned`](crate::owned).
pub const ATTEMPTS: u32 = 10;

/// The aggregates of one kind, kept in a store as events.
///
/// ```
/// # use std::sync::Arc;
/// # use commerce_core::{Aggregate, Context, Event, Host};
/// use commerce_core::memory::MemoryStore;
/// use commerce_core::repository::Repository;
/// # use commerce_core::testing::TestHost;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Default, Clone)]
/// # struct Counter { value: u32 }
/// # #[derive(Clone)]
/// # enum Command { Add(u32) }
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # enum Counted { Added { amount: u32 } }
/// # impl Event for Counted {}
/// # impl Aggregate for Counter {
/// #     const KIND: &'static str = "counter";
/// #     type Id = String;
/// #     type Command = Command;
/// #     type Event = Counted;
/// #     type Rejection = std::fmt::Error;
/// #     fn decide(&self, Command::Add(amount): Command, _: &Context) -> Result<Vec<Counted>, std::fmt::Error> {
/// #         Ok(vec![Counted::Added { amount }])
/// #     }
/// #     fn apply(&mut self, Counted::Added { amount }: &Counted) { self.value += amount; }
/// # }
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// # let host = Arc::new(TestHost::new());
/// let counters = Repository::<Counter>::new(Arc::new(MemoryStore::new(host.clone())));
/// let id = "visitors".to_owned();
///
/// let outcome = counters.execute(&id, Command::Add(2), &host.context()).await?;
/// assert_eq!((outcome.state.value, outcome.version), (2, 1));
///
/// let loaded = counters.load(host.context().tenant(), &id).await?;
/// assert_eq!(loaded.state.value, 2);
/// # Ok(())
/// # }
/// # let mut run = std::pin::pin!(run());
/// # let waker = std::task::Waker::noop();
/// # match run.as_mut().poll(&mut std::task::Context::from_waker(waker)) {
/// #     std::task::Poll::Ready(done) => done.unwrap(),
/// #     std::task::Poll::Pending => unreachable!("memory answers at once"),
/// # }
/// ```
#[derive(Clone)]
pub struct Repository<A: Aggregate> {
    store: Arc<dyn Store>,
    /// Instead of those of the event's type.
    upcasters: Option<Arc<Upcasters>>,
    snapshots: Option<Snapshots<A>>,
}

impl<A: Aggregate> Repository<A> {
    /// In this store, without snapshots. Older events are read through the [upcasters](crate::event::Event::upcasters) of
    /// their type.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, upcasters: None, snapshots: None }
    }

    /// Reads older events through these, and not through those of their type: whoever else reads them does not know these.
    pub fn with_upcasters(mut self, upcasters: Upcasters) -> Self {
        self.upcasters = Some(Arc::new(upcasters));
        self
    }

    /// Keeps a snapshot of the state, renewed every so many events in the same commit as they; where it has grown larger
    /// than so many events, after as many as make up its size, sixteen times `every` at most. Raise `schema` whenever the
    /// state's shape or meaning changes: older snapshots are then passed over, and replaced.
    pub fn with_snapshots(mut self, every: u64, schema: u32) -> Self
    where
        A: Serialize + DeserializeOwned,
    {
        self.snapshots = Some(Snapshots::new(every, schema));
        self
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    fn upcasters(&self) -> &Upcasters {
        self.upcasters.as_deref().unwrap_or_else(|| A::Event::upcasters())
    }

    pub(crate) fn snapshots(&self) -> Option<&Snapshots<A>> {
        self.snapshots.as_ref()
    }

    /// Loads the aggregate and decides the command. Nothing is written: [`Decided::write_to`] puts it into a commit.
    ///
    /// # Errors
    /// [`Error::Rejected`] with the domain's reason, [`Error::Store`] when the aggregate can't be loaded.
    pub async fn decide(
        &self,
        id: &A::Id,
        command: A::Command,
        context: &Context,
    ) -> Result<Decided<A>, Error<A::Rejection>> {
        let Loaded { mut state, version: before, kept } = self.load(context.tenant(), id).await?;
        let events = state.decide(command, context).map_err(Error::Rejected)?;
        events.iter().for_each(|event| state.apply(event));
        let version = before + events.len() as u64;
        let stream = StreamId::of::<A>(id);
        let snapshots = self.snapshots.clone();
        Ok(Decided {
            tenant: context.tenant().clone(),
            stream,
            state,
            before,
            version,
            events,
            snapshots,
            kept,
        })
    }

    /// Loads, decides and commits. If another has written to the aggregate in between, all of it happens again,
    /// [`ATTEMPTS`] times in all. A decision without events commits nothing.
    ///
    /// # Errors
    /// [`Error::Rejected`] with the domain's reason; [`Error::Conflict`] when others were faster each time; otherwise
    /// what the store said. Except after [`CommitError::Unknown`], nothing is written.
    pub async fn execute(
        &self,
        id: &A::Id,
        command: A::Command,
        context: &Context,
    ) -> Result<Outcome<A>, Error<A::Rejection>> {
        let mut attempt = 1;
        loop {
            let decided = self.decide(id, command.clone(), context).await?;
            if decided.events.is_empty() {
                return Ok(decided.into_outcome(None));
            }
            let commit = decided.write_to(Commit::within(context))?;
            match self.store.commit(commit).await {
                Ok(committed) => return Ok(decided.into_outcome(Some(committed))),
                Err(CommitError::Conflict(Conflict::Stream { .. })) if attempt < ATTEMPTS => attempt += 1,
                Err(CommitError::Conflict(conflict)) => return Err(Error::Conflict(conflict)),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl<A: Aggregate> fmt::Debug for Repository<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("kind", &A::KIND)
            .field("upcasters", self.upcasters())
            .field("snapshots", &self.snapshots.is_some())
            .finish_non_exhaustive()
    }
}
