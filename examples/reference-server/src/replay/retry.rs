//! Doing it again while the stores are out of reach.

use std::hash::{BuildHasher, RandomState};

use commerce_core::commit::CommitId;
use commerce_core::store::{CommitOutcome, Store};
use commerce_outbox::RetryPolicy;

use super::ReplayError;
use super::watch::Watch;

/// Does again what failed for a reason that may pass.
#[derive(Clone, Copy)]
pub(super) struct Retries<'a> {
    pub(super) policy: RetryPolicy,
    pub(super) watch: &'a Watch<'a>,
}

impl Retries<'_> {
    /// What may be done any number of times.
    pub(super) async fn read<T, E, F>(&self, read: impl Fn() -> F) -> Result<T, ReplayError>
    where
        ReplayError: From<E>,
        F: Future<Output = Result<T, E>>,
    {
        let mut made = 0;
        loop {
            match read().await.map_err(ReplayError::from) {
                Err(error) if error.may_pass() => self.pause(&mut made, error).await?,
                result => return result,
            }
        }
    }

    /// What is one commit in this store. If its answer was lost, the store is asked; if it was written after all,
    /// `written` is the answer.
    pub(super) async fn write<T, E, F>(
        &self,
        store: &dyn Store,
        written: T,
        write: impl Fn() -> F,
    ) -> Result<T, ReplayError>
    where
        ReplayError: From<E>,
        F: Future<Output = Result<T, E>>,
    {
        let mut made = 0;
        loop {
            let error = match write().await {
                Ok(done) => return Ok(done),
                Err(error) => ReplayError::from(error),
            };
            if let Some(id) = error.lost_commit() {
                if self.was_written(store, id).await? {
                    return Ok(written);
                }
            } else if !error.may_pass() {
                return Err(error);
            }
            self.pause(&mut made, error).await?;
        }
    }

    async fn was_written(&self, store: &dyn Store, id: CommitId) -> Result<bool, ReplayError> {
        Ok(self.read(|| store.outcome(id)).await? == CommitOutcome::Committed)
    }

    /// Waits before the next attempt; answers the error if there is none left.
    async fn pause(&self, made: &mut u32, error: ReplayError) -> Result<(), ReplayError> {
        *made += 1;
        self.watch.trouble(&error);
        let chance = RandomState::new().hash_one(()) >> 32;
        let Some(wait) = self.policy.wait_after(*made, u32::try_from(chance).unwrap_or(u32::MAX)) else {
            return Err(error);
        };
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use commerce_core::commit::{Commit, CommitError};
    use commerce_core::memory::MemoryStore;
    use commerce_core::store::StoreError;
    use commerce_core::testing::TestHost;
    use commerce_outbox::HandleError;

    use super::*;
    use crate::replay::Silent;

    fn store() -> MemoryStore {
        MemoryStore::new(Arc::new(TestHost::new()))
    }

    /// Calls `work` with the number of the attempt.
    async fn attempts(
        work: impl AsyncFn(u32, &MemoryStore) -> Result<&'static str, HandleError>,
    ) -> (Result<&'static str, ReplayError>, u32) {
        let (made, store, watch) = (AtomicU32::new(0), store(), Watch::over(&Silent));
        let retries = Retries { policy: RetryPolicy::attempts(4), watch: &watch };
        let result = retries
            .write(&store, "found", async || work(made.fetch_add(1, Ordering::SeqCst) + 1, &store).await)
            .await;
        (result, made.into_inner())
    }

    fn rolled_back() -> HandleError {
        CommitError::RolledBack { source: "the server restarts".into() }.into()
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_rolled_back_is_done_again_until_attempts_are_used_up() {
        let (result, made) =
            attempts(async |made, _| if made < 4 { Err(rolled_back()) } else { Ok("written") }).await;
        assert_eq!((result.unwrap(), made), ("written", 4));
        let (result, made) = attempts(async |_, _| Err(rolled_back())).await;
        assert!(result.unwrap_err().to_string().contains("the server restarts"));
        assert_eq!(made, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_is_not_done_again() {
        let (result, made) = attempts(async |_, _| Err(HandleError::terminal("no"))).await;
        assert!(result.is_err());
        assert_eq!(made, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_lost_answer_the_store_is_asked() {
        let lost = |id| CommitError::Unknown { id, source: "the line is dead".into() };
        let (result, made) = attempts(async |_, store| {
            let written = store.commit(Commit::new()).await?;
            Err(lost(written.id).into())
        })
        .await;
        assert_eq!((result.unwrap(), made), ("found", 1));
        let (result, made) = attempts(async |made, _| match made {
            1 => Err(lost(CommitId(uuid::Uuid::nil())).into()),
            _ => Ok("written"),
        })
        .await;
        assert_eq!((result.unwrap(), made), ("written", 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_out_of_reach_is_asked_again() {
        let (made, watch) = (AtomicU32::new(0), Watch::over(&Silent));
        let retries = Retries { policy: RetryPolicy::default(), watch: &watch };
        let read = async || match made.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(StoreError::Unavailable { source: "no route".into() }),
            _ => Ok("read"),
        };
        assert_eq!(retries.read(read).await.unwrap(), "read");
    }
}
