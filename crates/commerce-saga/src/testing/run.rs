//! One case, from empty stores to the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::{Commit, CommitError};
use commerce_core::store::Store;
use commerce_outbox::Scope;

use super::cases::{Case, Expected};
use super::clock::FlowingHost;
use super::faults::Faults;
use super::prove::Options;
use super::store::Crash;
use super::trial::{End, Process, Trial};
use crate::error::SagaError;
use crate::instance::{ABORTED, Instance, SagaStatus};
use crate::orchestrator::Orchestrator;

type Stores = BTreeMap<&'static str, Arc<dyn Store>>;
/// Longer than any lease: once a process is dead, its leases are.
const LEASES_END: Duration = Duration::from_secs(60);
/// Why a run is turned back.
const WISH: &str = "someone thought better of it";
/// So often is looked whether the run has ended, at first and at the least.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const SELDOMEST_LOOK: Duration = Duration::from_millis(250);

/// What a case came to.
pub(super) struct Ran {
    pub(super) writes: u64,
    pub(super) struck: bool,
    pub(super) status: SagaStatus,
    /// Whether it was turned back at someone's word.
    pub(super) aborted: bool,
    pub(super) faults: Faults,
}

pub(super) async fn run<T: Trial>(trial: &T, case: &Case, options: &Options) -> Result<Ran, String> {
    let host = Arc::new(FlowingHost::new());
    let mut stores = Stores::new();
    for service in trial.services() {
        stores.insert(service, trial.store(service, host.clone()).await);
    }
    let faults = Faults::default();
    for strike in &case.strikes {
        faults.strike(&strike.step, strike.phase, strike.fault, strike.times);
    }
    if case.repeat {
        faults.repeat_requests();
    }
    let crash = Crash::holding(host.clone(), case.crash, case.abort);
    let granted = AtomicBool::new(false);
    let world = World { trial, host, stores, faults, crash, granted, drain: options.drain };
    let Ok(result) = tokio::time::timeout(options.limit, world.to_the_end()).await else {
        return Err(format!("unfinished after {:?}: {}", options.limit, world.timeline().await));
    };
    let instance = result?;
    world.judge(case, &instance).await.map_err(|fault| format!("{fault}\n{}", instance.timeline()))?;
    let (writes, struck) = (world.crash.commits(), world.crash.has_struck());
    let aborted = instance.aborted().is_some();
    Ok(Ran { writes, struck, status: instance.status, aborted, faults: world.faults })
}

struct World<'a, T> {
    trial: &'a T,
    host: Arc<FlowingHost>,
    stores: Stores,
    faults: Faults,
    crash: Crash,
    /// Whoever had the run turn back was told that it does.
    granted: AtomicBool,
    drain: Duration,
}

impl<T: Trial> World<'_, T> {
    /// One process after the other, until one lives to see the end.
    async fn to_the_end(&self) -> Result<Instance, String> {
        loop {
            let process = self.process().await;
            let result = tokio::select! {
                biased;
                () = self.crash.died() => None,
                result = self.live(&process) => Some(result),
            };
            if let Some(result) = result {
                process.shutdown.cancel();
                process.kill();
                return result;
            }
            process.kill();
            self.crash.restart();
            self.host.advance(LEASES_END);
        }
    }

    async fn process(&self) -> Process {
        let host: Arc<dyn Host> = self.host.clone();
        let wrapped = self.stores.iter().map(|(name, store)| (*name, self.crash.wrap(store.clone())));
        let stores: Stores = wrapped.collect();
        let bus = self.trial.bus(&stores, host).await;
        Process::new(self.host.clone(), stores, bus, self.faults.clone())
    }

    async fn live(&self, process: &Process) -> Result<Instance, String> {
        let orchestrator = self.trial.start(process).await;
        tokio::select! {
            fault = self.turn_back(&orchestrator) => Err(fault),
            result = self.see_through(process, &orchestrator) => result,
        }
    }

    /// Has the run turn back while a write waits. Answers only if it is told something that makes no sense.
    async fn turn_back(&self, orchestrator: &Orchestrator) -> String {
        self.crash.held().await;
        let (tenant, (saga, id)) = (self.trial.tenant(), self.trial.run());
        // What was granted is granted when it is asked for again.
        for _ in 0..2 {
            let granted = self.granted.load(Ordering::SeqCst);
            match orchestrator.abort(&tenant, saga, &id, "the test kit", WISH).await {
                Ok(()) => self.granted.store(true, Ordering::SeqCst),
                Err(error) if is_refusal(&error) && !granted => break,
                Err(error) => return format!("turning it back: {error}"),
            }
        }
        self.crash.release();
        std::future::pending().await
    }

    async fn see_through(&self, process: &Process, orchestrator: &Orchestrator) -> Result<Instance, String> {
        if self.instance().await?.is_none()
            && let Err(fault) = self.begin(process, orchestrator).await
            // What a process that died had handed over may have been written meanwhile.
            && self.instance().await?.is_none()
        {
            return Err(fault);
        }
        let mut wait = FIRST_LOOK;
        loop {
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(SELDOMEST_LOOK);
            match self.instance().await? {
                Some(instance) if instance.status.is_final() => break,
                Some(instance) if instance.status == SagaStatus::Stuck => return Ok(instance),
                _ => {}
            }
        }
        // What is late or repeated comes now, and must change nothing.
        tokio::time::sleep(self.drain).await;
        self.instance().await?.ok_or_else(|| "the instance is gone".to_owned())
    }

    async fn begin(&self, process: &Process, orchestrator: &Orchestrator) -> Result<(), String> {
        let context = process.host.context().with_tenant(self.trial.tenant());
        let service = self.trial.services().first().copied().unwrap_or_default();
        let store = process.store(service);
        let mut scope = Scope::new(context.clone(), store.clone(), Commit::within(&context));
        self.trial.begin(orchestrator, &mut scope).await.map_err(|error| format!("begin: {error}"))?;
        match store.commit(scope.into_commit()).await {
            Err(CommitError::Unknown { .. }) | Ok(_) => Ok(()),
            Err(error) => Err(format!("begin: {error}")),
        }
    }

    /// Read where nothing crashes.
    async fn instance(&self) -> Result<Option<Instance>, String> {
        let service = self.trial.services().first().copied().unwrap_or_default();
        let Some(store) = self.stores.get(service) else {
            return Err("the trial has no services".to_owned());
        };
        let (saga, id) = self.trial.run();
        let host: Arc<dyn Host> = self.host.clone();
        match Orchestrator::new(store.clone(), host).instance(&self.trial.tenant(), saga, &id).await {
            Ok(instance) => Ok(Some(instance)),
            Err(SagaError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn timeline(&self) -> String {
        match self.instance().await {
            Ok(Some(instance)) => instance.timeline(),
            Ok(None) => "it was never begun".to_owned(),
            Err(error) => error,
        }
    }

    async fn judge(&self, case: &Case, instance: &Instance) -> Result<(), String> {
        if instance.aborted().is_some() {
            return self.judge_turned_back(instance).await;
        }
        if self.granted.load(Ordering::SeqCst) {
            return Err("the wish was granted and forgotten".to_owned());
        }
        let missed: Vec<String> = self.faults.missed().iter().map(ToString::to_string).collect();
        if !missed.is_empty() {
            return Err(format!("what was to go wrong did not: {}", missed.join(", ")));
        }
        let failed = instance.failure.as_ref().map(|failure| failure.step.as_str());
        let step = match (&case.expected, instance.status) {
            (Expected::Done | Expected::Either(_), SagaStatus::Completed) => None,
            (Expected::UndoneBy(step) | Expected::Either(step), SagaStatus::Failed) => Some(step.as_str()),
            (Expected::StuckAt(step), SagaStatus::Stuck) => {
                let is_it = failed == Some(step.as_str());
                return if is_it { Ok(()) } else { Err(format!("stuck at {failed:?}, not at {step:?}")) };
            }
            (_, status) => return Err(format!("it ended as {}", status.as_str())),
        };
        if failed != step {
            return Err(format!("{failed:?} failed, not {step:?}"));
        }
        let end = self.trial.check(&self.stores).await;
        match (&end, step) {
            (End::Done, None) | (End::Undone, Some(_)) => Ok(()),
            _ => Err(format!("it ended as {}, but the stores say: {end:?}", instance.status.as_str())),
        }
    }

    async fn judge_turned_back(&self, instance: &Instance) -> Result<(), String> {
        if instance.status != SagaStatus::Failed {
            return Err(format!("it was to turn back, and ended as {}", instance.status.as_str()));
        }
        let why = instance.failure.as_ref().map(|failure| (failure.code.as_str(), failure.detail.as_str()));
        if why != Some((ABORTED, WISH)) {
            return Err(format!("it was to turn back, and says that it was for {why:?}"));
        }
        match self.trial.check(&self.stores).await {
            End::Undone => Ok(()),
            end => Err(format!("it was turned back, but the stores say: {end:?}")),
        }
    }
}

fn is_refusal(error: &SagaError) -> bool {
    matches!(error, SagaError::NotFound { .. } | SagaError::WrongStatus { .. } | SagaError::NoWayBack { .. })
}
