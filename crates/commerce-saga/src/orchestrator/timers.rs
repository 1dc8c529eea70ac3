//! Looks at instances whose time has come. Whoever is free does: two who look at the same one race, and one wins.

use std::time::Duration;

use commerce_core::error::Kind;
use commerce_core::store::{Query, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Found, Input, Orchestrator};
use crate::error::SagaError;
use crate::instance::{COLLECTION, Instance};

/// So often a look is taken at the least.
const POLL: Duration = Duration::from_millis(200);
/// So many instances are looked at in one go.
const BATCH: usize = 256;

impl Orchestrator {
    /// Carries on, until `shutdown`, whatever falls due: answers that did not come, tries that had to wait, calls
    /// whose worker died.
    pub async fn run_timers(&self, shutdown: CancellationToken) {
        loop {
            let full = match self.look().await {
                Ok(count) => count >= BATCH,
                Err(error) => {
                    warn!(%error, "due sagas are out of reach");
                    false
                }
            };
            if full {
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Carries on what is due now. Answers how many instances that were. One that can't be carried on does not stop
    /// the others.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look(&self) -> Result<usize, StoreError> {
        let now = self.shared.host.now();
        let query = Query::all_tenants(COLLECTION).at_most("wake_at", now).ascending("wake_at").limit(BATCH);
        let documents = self.shared.store.documents(&query).await?;
        let count = documents.len();
        let mut failed = 0;
        for document in documents {
            let instance: Instance = document.json()?;
            let (saga, id) = (instance.saga.clone(), instance.id.clone());
            let scope = self.scope(&instance);
            let found = Found { instance, version: document.version };
            match self.carry_on(found, Input::Time, scope).await {
                Err(error) if error.kind() == Kind::Conflict => {}
                Err(error @ SagaError::Unregistered { .. }) => {
                    failed += 1;
                    warn!(%error, id, "a due saga can't be carried on here");
                }
                Err(error) => {
                    failed += 1;
                    warn!(saga, id, %error, "a due saga could not be carried on");
                }
                Ok(()) => {}
            }
        }
        Ok(count - failed)
    }
}
