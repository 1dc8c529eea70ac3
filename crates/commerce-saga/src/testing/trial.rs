use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use commerce_core::Host;
use commerce_core::id::Tenant;
use commerce_core::memory::MemoryStore;
use commerce_core::store::Store;
use commerce_outbox::{Bus, Consumer, Scope, StoreBus};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::bus::FaultyBus;
use super::clock::FlowingHost;
use super::faults::{Fault, Faults};
use crate::definition::Saga;
use crate::error::SagaError;
use crate::orchestrator::Orchestrator;

/// A saga with its participants, as they are to be proved.
#[async_trait]
pub trait Trial: Send + Sync + 'static {
    /// The services that take part, each with a store of its own. The first is the saga's.
    fn services(&self) -> Vec<&'static str>;

    /// The saga's name, and the id that the run is begun with.
    fn run(&self) -> (&'static str, String);

    /// A service's store, empty. In memory unless said otherwise.
    async fn store(&self, service: &str, host: Arc<dyn Host>) -> Arc<dyn Store> {
        let _ = service;
        Arc::new(MemoryStore::new(host))
    }

    /// The bus between the services. The stores themselves unless said otherwise.
    async fn bus(
        &self,
        stores: &BTreeMap<&'static str, Arc<dyn Store>>,
        host: Arc<dyn Host>,
    ) -> Arc<dyn Bus> {
        let bus = StoreBus::new(host);
        Arc::new(stores.iter().fold(bus, |bus, (name, store)| bus.source(name, store.clone())))
    }

    /// Starts the services with [`Process::consume`] and [`Process::orchestrate`], on the process's stores and bus. After
    /// each crash they are started again.
    async fn start(&self, process: &Process) -> Orchestrator;

    /// Adds what begins the run to the scope, which is then committed to the saga's store.
    ///
    /// # Errors
    /// What [`Orchestrator::begin`] answers.
    async fn begin(&self, orchestrator: &Orchestrator, scope: &mut Scope) -> Result<(), SagaError>;

    /// What the services' stores hold in the end.
    async fn check(&self, stores: &BTreeMap<&'static str, Arc<dyn Store>>) -> End;

    /// Whether a fault at a step is not to be tried: the saga is not meant to bear it.
    fn skip(&self, step: &str, fault: Fault) -> bool {
        let _ = (step, fault);
        false
    }

    /// Whose run it is.
    fn tenant(&self) -> Tenant {
        Tenant::default()
    }
}

/// What the stores hold in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Every step has had its effect, once.
    Done,
    /// No step has an effect.
    Undone,
    /// Some have, or one has twice. What was found.
    Mixed(String),
}

/// The services of one trial while they live: what is started here dies with a crash.
pub struct Process {
    pub(super) host: Arc<FlowingHost>,
    stores: BTreeMap<&'static str, Arc<dyn Store>>,
    bus: Arc<dyn Bus>,
    faults: Faults,
    pub(super) shutdown: CancellationToken,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Process {
    /// For services that are to be run outside [`prove`](super::prove), to try one thing.
    pub fn new(
        host: Arc<FlowingHost>,
        stores: BTreeMap<&'static str, Arc<dyn Store>>,
        bus: Arc<dyn Bus>,
        faults: Faults,
    ) -> Self {
        let bus = Arc::new(FaultyBus::new(bus, faults.clone()));
        Self { host, stores, bus, faults, shutdown: CancellationToken::new(), tasks: Mutex::default() }
    }

    /// The clock.
    pub fn host(&self) -> Arc<dyn Host> {
        self.host.clone()
    }

    /// A service's store.
    ///
    /// # Panics
    /// When the trial has no such service.
    pub fn store(&self, service: &str) -> Arc<dyn Store> {
        match self.stores.get(service) {
            Some(store) => store.clone(),
            #[allow(clippy::panic)] // a test kit
            None => panic!("the trial has no service {service}"),
        }
    }

    /// The bus.
    pub fn bus(&self) -> Arc<dyn Bus> {
        self.bus.clone()
    }

    /// A consumer of a service: its group, its store, the bus and the clock are the trial's.
    ///
    /// # Panics
    /// When the trial has no such service.
    pub fn consumer(&self, service: &str) -> Consumer {
        Consumer::new(service, self.bus(), self.store(service), self.host())
    }

    /// Has a consumer run.
    pub fn consume(&self, consumer: Consumer) {
        let shutdown = self.shutdown.clone();
        self.spawn(async move {
            if let Err(error) = consumer.run(shutdown).await {
                tracing::error!(%error, "a consumer of the trial has stopped");
            }
        });
    }

    /// Has a definition meet the trial's faults at its local steps and calls as well. Register what it answers.
    pub fn faulty<S>(&self, saga: Saga<S>) -> Saga<S>
    where
        S: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.faults.install(saga)
    }

    /// Has an orchestrator's timers run.
    pub fn orchestrate(&self, orchestrator: &Orchestrator) {
        let (orchestrator, shutdown) = (orchestrator.clone(), self.shutdown.clone());
        self.spawn(async move { orchestrator.run_timers(shutdown).await });
    }

    /// Has anything else run.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let handle = tokio::spawn(task).abort_handle();
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
    }

    /// Ends it as a crash would.
    pub fn kill(&self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("services", &self.stores.keys()).finish_non_exhaustive()
    }
}
