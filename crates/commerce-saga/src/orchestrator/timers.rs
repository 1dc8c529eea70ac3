//! Looks at instances whose time has come. Whoever is free does: two who look at the same one race, and one wins.

use std::collections::{HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use commerce_core::error::Kind;
use commerce_core::store::{Document, Query, StoreError};
use commerce_outbox::HandleError;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, warn};

use super::conflicts::is_on_document;
use super::deferred::{Name, name};
use super::{Found, Input, Orchestrator, observe};
use crate::error::SagaError;
use crate::instance::{COLLECTION, Instance, WAKE_AT};

/// So often a look is taken at the least.
const POLL: Duration = Duration::from_millis(200);
/// So many instances are looked at in one go.
const BATCH: usize = 256;
/// So many at a time: one that is slow does not hold the others up. As many that hang do, as long as each may take.
const CONCURRENCY: usize = 16;
/// So long those under way may take to end after a shutdown, as those of a consumer.
const GRACE: Duration = Duration::from_secs(10);

impl Orchestrator {
    /// Carries on, until `shutdown`, whatever falls due: answers that did not come, tries that had to wait, calls whose
    /// worker died. What is under way then has ten seconds to end, also replies that are being taken in, and calls
    /// that have begun. One that takes longer ends with the runtime, and is verified or made again once its time
    /// has passed: so let whoever shuts the process down wait for this.
    ///
    /// Answers that fell overdue before it was called get their whole time again: while no one was here to take them,
    /// no participant failed to give them.
    pub async fn run_timers(&self, shutdown: CancellationToken) {
        let mut sweep = Sweep::default();
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.sweep(&mut sweep) => {}
        }
        self.leave(sweep).await;
    }

    /// What does not end in time is dropped where it waits. That does no harm: a commit that was handed over is applied
    /// as a whole or not at all, whoever waits for it; the instance is as it says, and whoever looks next goes on from
    /// there. A call that it was to be followed by is taken for one whose worker died.
    async fn leave(&self, mut sweep: Sweep) {
        // Looks may be followed by calls.
        let ended = async {
            while sweep.running.join_next().await.is_some() {}
            self.calls_ended().await;
        };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            let (looks, calls) = (sweep.running.len(), self.shared.calls.len());
            warn!(looks, calls, "timers of sagas end with work under way");
        }
    }

    /// Never ends. It may be dropped anywhere: it holds nothing but what it has read.
    async fn sweep(&self, sweep: &mut Sweep) {
        if let Err(error) = self.renew_overdue().await {
            warn!(%error, "due sagas are out of reach");
        }
        let mut look_at = Instant::now();
        loop {
            if sweep.line.is_empty() && look_at <= Instant::now() {
                look_at = match self.due(&sweep.names).await {
                    Ok(due) => sweep.line_up(due),
                    Err(error) => {
                        warn!(%error, "due sagas are out of reach");
                        Instant::now() + POLL
                    }
                };
            }
            sweep.begin(self);
            tokio::select! {
                Some(done) = sweep.running.join_next() => sweep.done(done),
                () = tokio::time::sleep_until(look_at), if sweep.line.is_empty() => {}
            }
        }
    }

    async fn renew_overdue(&self) -> Result<(), StoreError> {
        let now = self.ask_now().await?;
        let query = Query::all_tenants(COLLECTION).at_most(WAKE_AT, now).ascending(WAKE_AT).limit(usize::MAX);
        for document in self.shared.store.documents(&query).await? {
            // What can't be read or carried on is told of when its time is looked at.
            let Ok(mut instance) = document.json::<Instance>() else { continue };
            let Ok(definition) = self.definition(&instance.saga, instance.version) else { continue };
            let before = (document.version, instance.status);
            if instance.renew_overdue(now, |step| definition.within(step)) {
                let scope = self.scope(&instance);
                if let Err(error) = self.write(&instance, before, scope).await {
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
        let due = self.due(&HashSet::new()).await?;
        let moved = stream::iter(due).map(|document| self.look_at(document)).buffer_unordered(CONCURRENCY);
        Ok(moved.filter(|moved| std::future::ready(*moved)).count().await)
    }

    /// What is due and not looked at yet.
    async fn due(&self, under_way: &HashSet<Name>) -> Result<Vec<Document>, StoreError> {
        let now = self.ask_now().await?;
        // Those that can't be carried on stand before the others for ever: room is made for both.
        let limit = BATCH + self.shared.deferred.len() + under_way.len();
        let query = Query::all_tenants(COLLECTION).at_most(WAKE_AT, now).ascending(WAKE_AT).limit(limit);
        let found = self.shared.store.documents(&query).await?;
        let due = self.shared.deferred.sift(found, self.shared.host.now()).into_iter();
        Ok(due.filter(|document| !under_way.contains(&name(document))).collect())
    }

    /// Answers whether it was carried on.
    async fn look_at(&self, document: Document) -> bool {
        // A panic in a step's code is that step's alone.
        let work = AssertUnwindSafe(self.carry_on_due(&document)).catch_unwind();
        let panicked = |_| Err(HandleError::new(Kind::Bug, "the saga's own code panicked").into());
        let result = work.await.unwrap_or_else(panicked);
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

/// Due instances: those that are being looked at, and those that stand in line. One that is slow keeps no one from
/// looking for more.
#[derive(Default)]
struct Sweep {
    line: VecDeque<Document>,
    running: JoinSet<Name>,
    names: HashSet<Name>,
}

impl Sweep {
    /// Answers when to look for more: once these have begun, if there may be more at once.
    fn line_up(&mut self, due: Vec<Document>) -> Instant {
        let wait = if due.len() >= BATCH { Duration::ZERO } else { POLL };
        self.line = due.into();
        Instant::now() + wait
    }

    fn begin(&mut self, orchestrator: &Orchestrator) {
        while self.running.len() < CONCURRENCY {
            let Some(document) = self.line.pop_front() else { return };
            let (orchestrator, name) = (orchestrator.clone(), name(&document));
            self.names.insert(name.clone());
            self.running.spawn(async move {
                orchestrator.look_at(document).await;
                name
            });
        }
    }

    fn done(&mut self, done: Result<Name, JoinError>) {
        match done {
            Ok(name) => _ = self.names.remove(&name),
            Err(error) => warn!(%error, "a look at a due saga broke down"),
        }
        if self.running.is_empty() {
            self.names.clear();
        }
    }
}
