//! Deletes what has served its time, by range.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::store::{Prune, ReadMessages, Store, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::bus::cursor_name;
use crate::{DEDUPLICATION, idempotency};

/// So long commits under way are waited for, behind which the log can't be seen.
const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps one service's store from growing with what no one needs any more: messages that every consumer group has
/// passed, claims and [idempotency keys](crate::Idempotency) that have expired, and the ids of commits that no one can
/// ask for.
///
/// Events are never touched, nor any other documents.
pub struct Retention {
    store: Arc<dyn Store>,
    groups: Vec<String>,
}

/// How much went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Messages of the outbox log.
    pub messages: u64,
    /// Claims.
    pub claims: u64,
    /// Idempotency keys.
    pub keys: u64,
    /// Ids of commits.
    pub commits: u64,
}

impl Retention {
    /// Of this store. Without [groups](Self::group), messages stay.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, groups: Vec::new() }
    }

    /// A consumer group that reads the store's outbox log. Name every one: what none of the named still needs goes.
    pub fn group(mut self, name: &str) -> Self {
        self.groups.push(name.to_owned());
        self
    }

    /// Deletes what has served its time now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn prune(&self) -> Result<Pruned, StoreError> {
        let messages = match self.passed_by_all().await? {
            0 => 0,
            up_to => self.prune_all(Prune::Messages { up_to }).await?,
        };
        let claims = self.prune_all(Prune::ExpiredClaims).await?;
        let now = self.store.now().await?;
        let keys = idempotency::prune(&self.store, now).await?;
        let commits = self.prune_all(Prune::CommitsBefore(now.minus(DEDUPLICATION))).await?;
        Ok(Pruned { messages, claims, keys, commits })
    }

    /// Until none goes: commits get their turn in between.
    async fn prune_all(&self, what: Prune) -> Result<u64, StoreError> {
        let mut rows = 0;
        loop {
            match self.store.prune(what.clone()).await? {
                0 => return Ok(rows),
                more => rows += more,
            }
        }
    }

    /// How far the slowest group has come in its slowest partition. One without a message behind its cursor has come as far as
    /// the log: its cursor stands at its own last message, however long ago that came.
    async fn passed_by_all(&self) -> Result<u64, StoreError> {
        if self.groups.is_empty() {
            return Ok(0);
        }
        let last = self.last_in_sight().await?;
        let mut lowest = u64::MAX;
        for group in &self.groups {
            for partition in 0..self.store.partitions() {
                lowest = lowest.min(self.reached(group, partition, last).await?);
            }
        }
        Ok(lowest)
    }

    /// The last message before which none can come any more; nothing while a commit is under way for long.
    async fn last_in_sight(&self) -> Result<Option<u64>, StoreError> {
        let last = self.store.last_message().await?;
        match tokio::time::timeout(PATIENCE, self.store.caught_up()).await {
            Ok(caught_up) => caught_up.map(|()| Some(last)),
            Err(_) => Ok(None),
        }
    }

    async fn reached(&self, group: &str, partition: u32, last: Option<u64>) -> Result<u64, StoreError> {
        let cursor = self.store.checkpoint(&cursor_name(group, partition)).await?;
        let Some(last) = last.filter(|last| *last > cursor) else { return Ok(cursor) };
        let next = ReadMessages { partition, after: cursor, topics: &[], limit: 1 };
        let next = self.store.read_messages(next).await?.messages;
        Ok(next.first().map_or(last, |next| last.min(next.position - 1)))
    }

    /// Prunes every so often, until `shutdown`.
    pub async fn run(self, every: Duration, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
            match self.prune().await {
                Ok(pruned) => info!(?pruned, "pruned"),
                Err(error) => warn!(%error, "what has served its time could not be deleted"),
            }
        }
    }
}

impl fmt::Debug for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retention").field("groups", &self.groups).finish_non_exhaustive()
    }
}
