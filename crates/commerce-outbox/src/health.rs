//! How a task that carries messages is getting on.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How a [`Consumer`](crate::Consumer), a [`Publication`](crate::Publication) or a [`Relay`](crate::Relay) is getting on,
/// for whoever must know whether a service can do its work. All clones are of the same task.
///
/// It is well while it runs and nothing that it does has failed without having succeeded since. A message whose handler
/// fails is no ailment: it is held, and is tried again, or is a dead letter.
///
/// ```
/// # use std::sync::Arc;
/// # use commerce_core::memory::MemoryStore;
/// # use commerce_core::store::Store;
/// # use commerce_outbox::{Ailment, Health, Publication, SystemHost};
/// # use tokio_util::sync::CancellationToken;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemHost)));
/// let (health, shutdown) = (Health::new(), CancellationToken::new());
/// let publication = Publication::new(store, "order.events").report_to(&health);
/// assert_eq!(health.check(), Err(Ailment::NotBegun));
///
/// let running = tokio::spawn(publication.run(shutdown.clone()));
/// tokio::task::yield_now().await;
/// health.check()?;
///
/// shutdown.cancel();
/// running.await??;
/// assert!(matches!(health.check(), Err(Ailment::Ended { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Health(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// So many tasks that report here run: one may run others within itself.
    running: usize,
    /// How the last one ended.
    ended: Option<Ending>,
    /// What fails, and since when.
    failing: BTreeMap<&'static str, Instant>,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// By itself, because it was asked to or had nothing more to do.
    Orderly,
    /// With an error, which it returned.
    Failed,
    /// It panicked.
    Panicked,
    /// Its future was dropped.
    Dropped,
}

/// Why a task does not carry messages now. It says nothing of what an error said: that may name hosts, or worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ailment {
    /// It does not run yet.
    #[error("it has not begun")]
    NotBegun,
    /// It runs no more.
    #[error("{how}")]
    Ended {
        /// How it ended.
        how: Ending,
    },
    /// Something it does fails. It goes on trying.
    #[error("{what} has failed for {} s", .lasts.as_secs())]
    Failing {
        /// What it does: `reading messages`.
        what: &'static str,
        /// For how long it has failed, without success.
        lasts: Duration,
    },
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Orderly => "it has ended",
            Self::Failed => "it ended with an error",
            Self::Panicked => "it panicked",
            Self::Dropped => "it was broken off",
        })
    }
}

impl Health {
    /// Of a task that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the task runs and gets on.
    ///
    /// # Errors
    /// Why it does not. Of several things that fail, the one that has failed for longest.
    pub fn check(&self) -> Result<(), Ailment> {
        let state = self.state();
        if state.running == 0 {
            return Err(state.ended.map_or(Ailment::NotBegun, |how| Ailment::Ended { how }));
        }
        match state.failing.iter().min_by_key(|(_, since)| **since) {
            Some((what, since)) => Err(Ailment::Failing { what, lasts: since.elapsed() }),
            None => Ok(()),
        }
    }

    /// Runs a task, which counts as running until it ends, fails, panics or is dropped. It may run others that report
    /// here: what failed in one of those counts no more once that has ended.
    ///
    /// # Errors
    /// Those of the task.
    pub async fn watch<T, E>(&self, task: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.state().running += 1;
        let mut run = Run { health: self, ending: Ending::Dropped };
        let result = task.await;
        run.ending = if result.is_ok() { Ending::Orderly } else { Ending::Failed };
        result
    }

    /// Something that the task does over and over has succeeded.
    pub fn well(&self, what: &'static str) {
        self.state().failing.remove(what);
    }

    /// Something that the task does over and over has failed. Name it as in `reading messages`.
    pub fn ill(&self, what: &'static str) {
        self.state().failing.entry(what).or_insert_with(Instant::now);
    }

    /// Notes a result.
    pub(crate) fn note<T, E>(&self, what: &'static str, result: &Result<T, E>) {
        match result {
            Ok(_) => self.well(what),
            Err(_) => self.ill(what),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Health").finish_non_exhaustive()
    }
}

/// A task that runs.
struct Run<'a> {
    health: &'a Health,
    ending: Ending,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        let mut state = self.health.state();
        state.running -= 1;
        state.failing.clear();
        state.ended = Some(if std::thread::panicking() { Ending::Panicked } else { self.ending });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READING: &str = "reading messages";
    const WRITING: &str = "writing what was handled";

    type Done = Result<(), &'static str>;

    fn ended(how: Ending) -> Result<(), Ailment> {
        Err(Ailment::Ended { how })
    }

    #[tokio::test]
    async fn whoever_does_not_run_is_not_well() {
        let health = Health::new();
        assert_eq!(health.check(), Err(Ailment::NotBegun));
        health.watch(async { health.check() }).await.unwrap();
        assert_eq!(health.check(), ended(Ending::Orderly));
        health.watch(async { Done::Err("no") }).await.unwrap_err();
        assert_eq!(health.check(), ended(Ending::Failed));
        drop(tokio::time::timeout(Duration::ZERO, health.watch(std::future::pending::<Done>())).await);
        assert_eq!(health.check(), ended(Ending::Dropped));
        let panics = health.clone();
        let task = tokio::spawn(async move { panics.watch(async { panic!("oh") as Done }).await });
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(health.check(), ended(Ending::Panicked));
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_named_until_it_succeeds() {
        let health = Health::new();
        let task = async {
            health.ill(READING);
            tokio::time::advance(Duration::from_secs(2)).await;
            health.ill(READING);
            health.ill(WRITING);
            let failing = health.check().unwrap_err();
            assert_eq!(failing, Ailment::Failing { what: READING, lasts: Duration::from_secs(2) });
            assert_eq!(failing.to_string(), "reading messages has failed for 2 s");
            health.well(READING);
            assert!(matches!(health.check(), Err(Ailment::Failing { what: WRITING, .. })));
            health.well(WRITING);
            health.check()
        };
        health.watch(task).await.unwrap();
    }

    #[tokio::test]
    async fn a_task_within_another_takes_its_failures_with_it() {
        let health = Health::new();
        let outer = async {
            let inner = async {
                health.ill(READING);
                Done::Ok(())
            };
            health.watch(inner).await.unwrap();
            health.check()
        };
        health.watch(outer).await.unwrap();
    }
}
