//! The time it is for all who carry a run on: the store's.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use commerce_core::Timestamp;
use commerce_core::store::StoreError;
use tokio::time::Instant;

use super::Orchestrator;

/// So long the store need not be asked again.
const FRESH: Duration = Duration::from_secs(1);

/// The store's clock as it was last heard of.
#[derive(Default)]
pub(super) struct Clock(Mutex<Option<Heard>>);

#[derive(Clone, Copy)]
struct Heard {
    at: Instant,
    now: Timestamp,
}

impl Heard {
    /// As this machine counts on. It is late by as long as the answer took to come, and never early.
    fn now(self) -> Timestamp {
        self.now.plus(self.at.elapsed())
    }
}

impl Clock {
    fn heard(&self) -> MutexGuard<'_, Option<Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Orchestrator {
    /// By the store's clock, give or take what happens to this machine within a second.
    pub(super) async fn now(&self) -> Result<Timestamp, StoreError> {
        let heard = *self.shared.clock.heard();
        match heard.filter(|heard| heard.at.elapsed() < FRESH) {
            Some(heard) => Ok(heard.now()),
            None => self.ask_now().await,
        }
    }

    /// By the store's clock.
    pub(super) async fn ask_now(&self) -> Result<Timestamp, StoreError> {
        let now = self.shared.store.now().await?;
        *self.shared.clock.heard() = Some(Heard { at: Instant::now(), now });
        Ok(now)
    }
}
