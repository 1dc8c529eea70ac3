//! Looks at instances whose time has come. Whoever is free does: two who look at the same one race, and one wins.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use commerce_core::error::Kind;
use commerce_core::store::{Document, Query, StoreError};
use commerce_outbox::HandleError;
use futures_util::{FutureExt, StreamExt, stream};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, warn};

use super::conflicts::is_on_document;
use super::{Found, Input, Orchestrator, observe};
use crate::error::SagaError;
use crate::instance::{COLLECTION, Instance, WAKE_AT};

/// So often a look is taken at the least.
const POLL: Duration = Duration::from_millis(200);
/// So many instances are looked at in one go.
const BATCH: usize = 256;
/// So many at a time: one that is slow does not hold the others up.
const CONCURRENCY: usize = 16;

impl Orchestrator {
    /// Carries on, until `shutdown`, whatever falls due: answers that did not come, tries that had to wait, calls
    /// whose worker died.
    ///
    /// Answers that fell overdue before it was called get their whole time again: while no one was here to take them,
    /// no participant failed to give them.
    pub async fn run_timers(&self, shutdown: CancellationToken) {
        if let Err(error) = self.renew_overdue().await {
            warn!(%error, "due sagas are out of reach");
        }
        while !shutdown.is_cancelled() {
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

    async fn renew_overdue(&self) -> Result<(), StoreError> {
        let now = self.shared.host.now();
        let query = Query::all_tenants(COLLECTION).at_most(WAKE_AT, now).ascending(WAKE_AT).limit(usize::MAX);
        for document in self.shared.store.documents(&query).await? {
            // What can't be read or carried on is told of when its time is looked at.
            let Ok(mut instance) = document.json::<Instance>() else { continue };
            let Ok(definition) = self.definition(&instance.saga, instance.version) else { continue };
            if instance.renew_overdue(now, |step| definition.within(step)) {
                let scope = self.scope(&instance);
                if let Err(error) = self.write(&instance, document.version, scope).await {
                    debug!(id = document.id, %error, "another was faster");
                }
            }
        }
        Ok(())
    }

    /// Carries on what is due now. Answers how many instances that were. One that can't be carried on does not stop
    /// the others, and is left alone for a while.
    ///
    /// # Errors
    /// When the store can't be asked what is due.
    pub async fn look(&self) -> Result<usize, StoreError> {
        let now = self.shared.host.now();
        // Those that can't be carried on stand before the others for ever: room is made for both.
        let limit = BATCH + self.shared.deferred.len();
        let query = Query::all_tenants(COLLECTION).at_most(WAKE_AT, now).ascending(WAKE_AT).limit(limit);
        let found = self.shared.store.documents(&query).await?;
        let due = self.shared.deferred.sift(found, now);
        let moved = stream::iter(due).map(|document| self.look_at(document)).buffer_unordered(CONCURRENCY);
        Ok(moved.filter(|moved| std::future::ready(*moved)).count().await)
    }

    /// Answers whether it was carried on.
    async fn look_at(&self, document: Document) -> bool {
        // A panic in a step's code is that step's alone.
        let work = AssertUnwindSafe(self.carry_on_due(&document)).catch_unwind();
        let result = work.await.unwrap_or_else(|_| {
            Err(SagaError::Handle(HandleError::new(Kind::Bug, "the saga's own code panicked")))
        });
        // Another has carried it on.
        let is_anothers = |conflict| is_on_document(&document.id, conflict);
        match result {
            Ok(()) => true,
            Err(SagaError::Handle(error)) if error.conflict().is_some_and(is_anothers) => false,
            Err(error) => {
                warn!(id = document.id, tenant = %document.tenant, %error, "a due saga could not be carried on");
                self.shared.deferred.add(&document, self.shared.host.now());
                false
            }
        }
    }

    async fn carry_on_due(&self, document: &Document) -> Result<(), SagaError> {
        let instance: Instance = document.json()?;
        let span = observe::woken(&instance, "timer");
        let work = async {
            let scope = self.scope(&instance);
            self.carry_on(Found { instance, version: document.version }, Input::Time, scope).await
        };
        work.instrument(span).await
    }
}
