//! Aggregates held in memory, for the hot spot: decided in order, written in the order of the decisions.
//!
//! A [`Repository`] reads an aggregate before each decision, and of two that decide at
//! once one loses. An [`Owned`] keeps the states, decides one after the other under a lock, and hands each commit to
//! the store before the next is decided: the next builds on it although it is not durable yet, and so a group of
//! commits on one aggregate is written at once. Each caller is answered once its own commit is durable.
//!
//! ```text
//!  decide A ─ hand over A ─┐                             lock
//!  decide B ─ hand over B ─┼─► store: A, B, C in order   ├ decide, encode, apply, hand over
//!  decide C ─ hand over C ─┘      │  │  │                unlock
//!                          answers ◄──┴──┘               await
//! ```
//!
//! Why it can't go wrong:
//! 1. Each commit expects the version of every aggregate that its decision could look at, of those it leaves alone
//!    too. What others have written since is found out.
//! 2. Versions alone don't suffice: if A fails because a stranger wrote one event, the stream is at the version that
//!    B counts on, but not in the state. So whatever is decided upon a commit that is not durable yet
//!    requires it ([`Commit::requires`]): with A, B fails. Should the answer to A be lost, B still tells right: the
//!    store knows what became of A. Each attempt has a fresh id, so none is taken for another.
//! 3. A commit that fails takes the aggregates it changed out of memory; they are read anew. So does one whose caller
//!    went away before the answer. An entry may be dropped at any time: point 1 finds out whoever reads too early.
//! 4. A refusal, or a decision that changes nothing, is a commit as well (of expectations alone): it might rest on a
//!    commit that fails, or on what strangers have changed long since.
//!
//! How they are kept apart: `held` is the memory, `link` what is known of a commit, `flight` a commit between hand-over and answer.

mod decision;
mod error;
mod flight;
mod held;
mod link;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::try_join_all;

pub use decision::Decision;
pub use error::OwnedError;
pub use held::Holding;

use crate::aggregate::Aggregate;
use crate::commit::{Commit, CommitError, CommitId, Committed, Conflict};
use crate::context::Context;
use crate::host::Host;
use crate::id::Tenant;
use crate::repository::{Loaded, Repository};
use crate::store::{CommitFuture, StoreError};
use flight::Flight;
use held::{Held, Plan};

/// How often a decision is made at most before it answers [`OwnedError::Contended`]. Each attempt waits for its
/// commit's answer, so whatever was handed over before it has been settled by the next one.
pub const ATTEMPTS: u32 = 16;

/// Aggregates of one kind, held in memory by the one who mostly writes to them.
///
/// Others may write to the same aggregates; decisions that didn't know of it are made again. Where two processes
/// share them, let a lease say who owns them and put it into each [`Decision`]'s commit (`fenced_by`).
///
/// What one decision does may touch several aggregates, all or nothing:
///
/// ```
/// # use std::sync::Arc;
/// # use commerce_core::{Aggregate, Context, Event, Host};
/// use commerce_core::memory::MemoryStore;
/// use commerce_core::owned::{Decision, Owned};
/// use commerce_core::repository::Repository;
/// # use commerce_core::testing::TestHost;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Default, Clone)]
/// # struct Account { balance: i64 }
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # enum Posted { Posted { amount: i64 } }
/// # impl Event for Posted {}
/// # impl Aggregate for Account {
/// #     const KIND: &'static str = "account";
/// #     type Id = u32;
/// #     type Command = ();
/// #     type Event = Posted;
/// #     type Rejection = std::fmt::Error;
/// #     fn decide(&self, (): (), _: &Context) -> Result<Vec<Posted>, std::fmt::Error> { Ok(vec![]) }
/// #     fn apply(&mut self, Posted::Posted { amount }: &Posted) { self.balance += amount; }
/// # }
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// # let host = Arc::new(TestHost::new());
/// # let store = Arc::new(MemoryStore::new(host.clone()));
/// let accounts = Owned::new(Repository::<Account>::new(store), host.clone(), 10_000);
/// let (balance, _) = accounts
///     .decide(&host.context(), &[1, 2], |held| {
///         let from = held.get(&1).map_or(0, |account| account.balance);
///         Ok::<_, std::fmt::Error>(
///             Decision::new(from - 5)
///                 .events(1, vec![Posted::Posted { amount: -5 }])
///                 .events(2, vec![Posted::Posted { amount: 5 }]),
///         )
///     })
///     .await?;
/// assert_eq!(balance, -5);
/// # Ok(())
/// # }
/// # let mut run = std::pin::pin!(run());
/// # let waker = std::task::Waker::noop();
/// # match run.as_mut().poll(&mut std::task::Context::from_waker(waker)) {
/// #     std::task::Poll::Ready(done) => done.unwrap(),
/// #     std::task::Poll::Pending => unreachable!("memory answers at once"),
/// # }
/// ```
pub struct Owned<A: Aggregate> {
    repository: Repository<A>,
    host: Arc<dyn Host>,
    capacity: usize,
    held: Mutex<Held<A>>,
}

impl<A: Aggregate> Owned<A> {
    /// Holds about so many aggregates at most; the ones not used for longest go first. Those of the decision that is
    /// being made are always held. The host gives each commit its id.
    pub fn new(repository: Repository<A>, host: Arc<dyn Host>, capacity: usize) -> Self {
        Self { repository, host, capacity, held: Mutex::default() }
    }

    /// Decides on these aggregates, and answers once what was decided is durable.
    ///
    /// `decide` sees the aggregates in `ids`, each in the state that all earlier decisions led to; one that doesn't
    /// exist yet is `Default` at version zero. It may be called several times, under a lock: it must be quick, and must not
    /// do anything but decide. A refusal leaves everything as it was.
    ///
    /// # Errors
    /// [`OwnedError::Rejected`] with what `decide` answered; [`OwnedError::Contended`] when others were faster
    /// [`ATTEMPTS`] times; otherwise what the store said about loading or committing. Except after
    /// [`CommitError::Unknown`], nothing is written.
    pub async fn decide<R, E, F>(
        &self,
        context: &Context,
        ids: &[A::Id],
        decide: F,
    ) -> Result<(R, Committed), OwnedError<E>>
    where
        F: Fn(&Holding<'_, A>) -> Result<Decision<A, R>, E>,
    {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let loaded = self.load_missing(context.tenant(), ids).await?;
            // None: an aggregate was dropped again between loading and now.
            let Some(handed_over) = self.hand_over(context, ids, loaded, &decide)? else { continue };
            match handed_over.settle().await {
                Ok((outcome, committed)) => {
                    return outcome.map(|result| (result, committed)).map_err(OwnedError::Rejected);
                }
                Err(Failure::Overtaken(conflict)) => last = Some(conflict),
                Err(Failure::Commit(error)) => return Err(OwnedError::Commit(error)),
            }
        }
        Err(OwnedError::Contended { attempts: ATTEMPTS, last })
    }

    /// Drops everything from memory, as when a lease was lost. Decisions under way are safe: see the module.
    pub fn clear(&self) {
        self.held().clear();
    }

    /// How many aggregates are held.
    pub fn len(&self) -> usize {
        self.held().len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A lock poisoned by a panic is taken all the same: the flight that was under way takes the states that it may
    /// have left half changed out of memory when it is dropped.
    fn held(&self) -> MutexGuard<'_, Held<A>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn load_missing(
        &self,
        tenant: &Tenant,
        ids: &[A::Id],
    ) -> Result<Vec<(A::Id, Loaded<A>)>, StoreError> {
        let missing = self.held().missing(tenant, ids);
        let load = |id: A::Id| async move {
            let loaded = self.repository.load(tenant, &id).await?;
            Ok((id, loaded))
        };
        try_join_all(missing.into_iter().map(load)).await
    }

    fn hand_over<R, E>(
        &self,
        context: &Context,
        ids: &[A::Id],
        loaded: Vec<(A::Id, Loaded<A>)>,
        decide: impl Fn(&Holding<'_, A>) -> Result<Decision<A, R>, E>,
    ) -> HandOver<'_, A, R, E> {
        // Outside the lock, so that it is dropped after it, should something panic.
        let commit = CommitId(self.host.new_id());
        let mut flight = Flight::new(self, context.tenant().clone(), commit);
        let mut held = self.held();
        let Some(open) = held.open(context.tenant(), ids, loaded) else { return Ok(None) };
        let (outcome, events, base) = match decide(&open.holding()) {
            Ok(Decision { events, commit, result }) => (Ok(result), events, commit),
            Err(rejection) => (Err(rejection), Vec::new(), Commit::new()),
        };
        let plan = Plan::new(&open, &events)?;
        // From here on, whatever goes wrong, the flight's end takes what has changed out of memory.
        let link = flight.board(open.passengers(&plan), base.requires.clone());
        let held_part = open.take_in(plan, &events, link, self.repository.snapshots());
        let commit = joined(context, base, held_part);
        // Inside the lock: the store applies commits in the order of these calls.
        let answer = self.repository.store().commit(commit);
        held.keep(self.capacity);
        Ok(Some(HandedOver { flight, answer, outcome }))
    }
}

impl<A: Aggregate> fmt::Debug for Owned<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned")
            .field("repository", &self.repository)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

fn joined(context: &Context, base: Commit, held: Commit) -> Commit {
    Commit { id: held.id, id_is_new: held.id_is_new, ..Commit::within(context) }.and(held).and(base)
}

/// None: an aggregate is not held after all.
type HandOver<'o, A, R, E> = Result<Option<HandedOver<'o, A, Result<R, E>>>, OwnedError<E>>;

/// A commit that the store has, and what to answer once it is durable.
struct HandedOver<'o, A: Aggregate, T> {
    flight: Flight<'o, A>,
    answer: CommitFuture,
    outcome: T,
}

enum Failure {
    /// It was decided on a state that is not, or no longer, that of the log: decide again.
    Overtaken(Conflict),
    Commit(CommitError),
}

impl<A: Aggregate, T> HandedOver<'_, A, T> {
    async fn settle(self) -> Result<(T, Committed), Failure> {
        let Self { flight, answer, outcome } = self;
        let answer = answer.await;
        let overtaken = flight.settle(&answer);
        match answer {
            Ok(committed) => Ok((outcome, committed)),
            Err(CommitError::Conflict(conflict)) if overtaken => Err(Failure::Overtaken(conflict)),
            Err(error) => Err(Failure::Commit(error)),
        }
    }
}
