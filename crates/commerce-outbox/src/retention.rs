//! Deletes what has served its time, by range.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::store::{Prune, Store, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::bus::cursor_name;
use crate::{DEDUPLICATION, idempotency};

/// Keeps one service's store from growing with what no one needs any more: messages that every consumer group has
/// passed, claims and [idempotency keys](crate::Idempotency) that have expired, and the ids of commits that no one can
/// ask for.
///
/// Events are never touched, nor any other documents.
pub struct Retention {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
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
    pub fn new(store: Arc<dyn Store>, host: Arc<dyn Host>) -> Self {
        Self { store, host, groups: Vec::new() }
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
        let now = self.host.now();
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

    /// The position that the slowest group has reached in its slowest partition.
    async fn passed_by_all(&self) -> Result<u64, StoreError> {
        let mut lowest = None;
        for group in &self.groups {
            for partition in 0..self.store.partitions() {
                let reached = self.store.checkpoint(&cursor_name(group, partition)).await?;
                lowest = Some(lowest.map_or(reached, |lowest: u64| lowest.min(reached)));
            }
        }
        Ok(lowest.unwrap_or(0))
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
