//! Carries sagas on: from replies, from timers, and at an operator's word.

mod abort;
mod calls;
mod clock;
mod conflicts;
mod deferred;
mod observe;
mod operate;
mod room;
mod run;
mod settle;
mod timers;
mod transition;
mod undone;
mod unregistered;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use commerce_core::commit::{Commit, CommitError, Conflict, DocumentWrite, Expected};
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use commerce_core::store::{Query, Store, StoreError};
use commerce_core::{Host, Timestamp};
use commerce_outbox::{Consumer, Envelope, HandleError, Handled, Handler, Scope, trace};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::broadcast;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::definition::{Definition, Saga};
use crate::error::{SagaError, StepError};
use crate::instance::{COLLECTION, ENDED_AT, Instance, Note, SagaStatus};
use crate::reply::{ATTEMPT, PHASE, Phase, REPLY_TYPE, SAGA, SAGA_ID, STEP};
use clock::Clock;
use deferred::Deferred;
use run::Run;
use settle::Ending;

/// So many ended sagas are remembered for whoever listens and is slow. A listener that falls behind asks the store.
const ENDED: usize = 4_096;
/// So often what lost a race is decided anew at once, as a consumer does with its handlers.
const RACES: usize = 32;

/// Carries the sagas of one service on. Cloned handles share it.
#[derive(Clone)]
pub struct Orchestrator {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    definitions: HashMap<(String, u32), Arc<dyn Definition>>,
    newest: HashMap<String, u32>,
    ended: broadcast::Sender<Finished>,
    clock: Clock,
    /// Those under way in this process, and the replies that are being taken in, which calls may follow.
    calls: TaskTracker,
    /// Due, but can't be carried on: looked at again after a while.
    deferred: Deferred,
}

/// A saga that has come to an end, or is stuck.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Which saga.
    pub saga: String,
    /// Which run.
    pub id: String,
    /// Whose run.
    pub tenant: Tenant,
    /// How it ended.
    pub status: SagaStatus,
}

/// An instance and the version of its document.
struct Found {
    instance: Instance,
    version: u64,
}

/// What carries an instance on.
#[derive(Clone)]
enum Input {
    Reply { step: String, phase: Phase, attempt: u32, ending: Ending },
    Called { step: usize, phase: Phase, attempt: u32, ending: Ending },
    Abort(Note),
    Time,
}

impl Orchestrator {
    /// For sagas whose instances are kept in this store.
    pub fn new(store: Arc<dyn Store>, host: Arc<dyn Host>) -> Self {
        let (ended, _) = broadcast::channel(ENDED);
        let (definitions, newest) = (HashMap::new(), HashMap::new());
        Self {
            shared: Arc::new(Shared {
                store,
                host,
                definitions,
                newest,
                ended,
                clock: Clock::default(),
                calls: TaskTracker::new(),
                deferred: Deferred::default(),
            }),
        }
    }

    /// Knows this definition. Older versions stay registered as long as instances of them run.
    ///
    /// Call it before the orchestrator is shared: handles that were cloned before don't see it.
    ///
    /// # Panics
    /// When this version of the saga is registered already.
    pub fn register<S>(self, saga: Saga<S>) -> Self
    where
        S: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let shared = &*self.shared;
        let (mut definitions, mut newest) = (shared.definitions.clone(), shared.newest.clone());
        let (name, version) = (saga.name().to_owned(), Definition::version(&saga));
        let newest_version = newest.entry(name.clone()).or_insert(version);
        *newest_version = version.max(*newest_version);
        let before = definitions.insert((name.clone(), version), Arc::new(saga));
        assert!(
            before.is_none(),
            "{name} was registered twice in version {version}: one definition would never run"
        );
        let (store, host, ended) = (shared.store.clone(), shared.host.clone(), shared.ended.clone());
        Self {
            shared: Arc::new(Shared {
                store,
                host,
                definitions,
                newest,
                ended,
                clock: Clock::default(),
                calls: TaskTracker::new(),
                deferred: Deferred::default(),
            }),
        }
    }

    /// Has `consumer` hand it the replies that come to `topic`. Let [`run_timers`](Self::run_timers) run beside it, for
    /// whatever no reply sets going, and for local steps that are not done ten seconds after the reply that they follow.
    /// A consumer's [`handler_timeout`](Consumer::handler_timeout) had better be longer than that, as it is unless set.
    pub fn attach(&self, consumer: Consumer, topic: &str) -> Consumer {
        let mut definitions = self.shared.definitions.values();
        if !definitions.any(|definition| definition.replies() == topic) {
            warn!(topic, "no saga that is registered has its replies come to this topic");
        }
        consumer.on_type(topic, REPLY_TYPE, Arc::new(self.clone()))
    }

    /// Begins a run: adds its document and its first requests to the scope's commit. It has begun once that is
    /// committed; if an instance of that id exists, the commit meets a conflict, which
    /// [`was_begun`](Self::was_begun) knows.
    ///
    /// Calls at the beginning, deadlines and further attempts are left to [`run_timers`](Self::run_timers), which has to run
    /// in a process of the service.
    ///
    /// Local steps at the beginning are done within, so a saga may have ended once it has begun. Of that
    /// [`ended`](Self::ended) does not tell: look at the [`instance`](Self::instance). What is not done of them after 50 s is
    /// left to timers too; the first has all its time.
    ///
    /// # Errors
    /// When the saga is not registered, `state` is not its own, the first step fails in a way that can't be noted, or the store can't be asked for
    /// the time. The scope is as it was.
    pub async fn begin<S: Serialize>(
        &self,
        saga: &str,
        id: &str,
        state: &S,
        scope: &mut Scope,
    ) -> Result<(), SagaError> {
        let version = self.shared.newest.get(saga).copied().unwrap_or_default();
        let definition = self.definition(saga, version)?;
        let state = serde_json::value::to_raw_value(state)
            .map_err(|error| commerce_core::event::CodecError::Encode(error.to_string()))?;
        if let Some(fault) = definition.fault_of(&state) {
            let (name, id) = (saga.to_owned(), id.to_owned());
            return Err(SagaError::Unreadable { name, version, id, fault });
        }
        let now = self.now().await?;
        let mut run = Run::begin(&*definition, id, state, scope.fork(), &*self.shared.host, now);
        run.advance().await.map_err(handle_error)?;
        run.leave_calls_to_timers();
        let (instance, fork, seen) = run.end(false);
        seen.count(saga, id);
        scope.join(fork);
        let write = instance.write(0)?;
        scope.write(|commit| commit.document(write));
        Ok(())
    }

    /// Whether a commit that was to begin this run met one that exists. Deciding again does not help: the id is taken.
    pub fn was_begun(conflict: &Conflict, saga: &str, id: &str) -> bool {
        matches!(
            conflict,
            Conflict::Document { collection, id: taken, expected: 0, .. }
                if collection == COLLECTION && *taken == Instance::document_id(saga, id)
        )
    }

    /// Tells of each saga that ends or gets stuck in this process, after it was committed; of one that is stuck, again
    /// if it is so after an operator's act. A hint for whoever waits: what counts is the store.
    pub fn ended(&self) -> broadcast::Receiver<Finished> {
        self.shared.ended.subscribe()
    }

    /// One run.
    ///
    /// # Errors
    /// When there is none of that id, or the store fails.
    pub async fn instance(&self, tenant: &Tenant, saga: &str, id: &str) -> Result<Instance, SagaError> {
        Ok(self.found(tenant, saga, id).await?.instance)
    }

    /// Runs of every tenant, those of one status if one is named. One that can't be read, as a newer program may have
    /// written it, is left out and logged: it must not hide the others.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn instances(
        &self,
        status: Option<SagaStatus>,
        limit: usize,
    ) -> Result<Vec<Instance>, StoreError> {
        let query = Query::all_tenants(COLLECTION).limit(limit);
        let query = match status {
            Some(status) => query.equals("status", status.as_str()),
            None => query,
        };
        let mut instances = Vec::new();
        for document in self.shared.store.documents(&query).await? {
            match document.json() {
                Ok(instance) => instances.push(instance),
                Err(error) => warn!(id = document.id, %error, "a saga's instance can't be read"),
            }
        }
        Ok(instances)
    }

    /// Deletes what is kept of runs that ended before this moment, `limit` of them at most. Answers how many went.
    /// Their ids must not be begun again as long as participants remember them, which is a year.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn prune(&self, before: Timestamp, limit: usize) -> Result<usize, SagaError> {
        let query = Query::all_tenants(COLLECTION).at_most(ENDED_AT, before).ascending(ENDED_AT).limit(limit);
        let mut deleted = 0;
        for document in self.shared.store.documents(&query).await? {
            let expected = Expected::Version(document.version);
            let delete = DocumentWrite::delete(COLLECTION, document.id, expected);
            let commit = Commit { tenant: document.tenant, ..Commit::default() }.document(delete);
            match self.shared.store.commit(commit).await {
                Ok(_) => deleted += 1,
                // Another who prunes was faster.
                Err(CommitError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(deleted)
    }

    /// The newest definition of a saga as a Mermaid diagram.
    ///
    /// # Errors
    /// When it is not registered.
    pub fn mermaid(&self, saga: &str) -> Result<String, SagaError> {
        let version = self.shared.newest.get(saga).copied().unwrap_or_default();
        Ok(self.definition(saga, version)?.mermaid())
    }

    fn definition(&self, name: &str, version: u32) -> Result<Arc<dyn Definition>, SagaError> {
        let found = self.shared.definitions.get(&(name.to_owned(), version));
        found.cloned().ok_or_else(|| SagaError::Unregistered { name: name.to_owned(), version })
    }

    /// The definition that an instance began with.
    fn definition_of(&self, instance: &Instance) -> Result<Arc<dyn Definition>, SagaError> {
        let definition = self.definition(&instance.saga, instance.version)?;
        let Instance { saga, version, id, .. } = instance;
        if !definition.has_steps_of(instance) {
            return Err(SagaError::Changed { name: saga.clone(), version: *version, id: id.clone() });
        }
        match definition.fault_of(&instance.state) {
            None => Ok(definition),
            Some(fault) => {
                Err(SagaError::Unreadable { name: saga.clone(), version: *version, id: id.clone(), fault })
            }
        }
    }

    async fn find(&self, tenant: &Tenant, saga: &str, id: &str) -> Result<Option<Found>, StoreError> {
        let id = Instance::document_id(saga, id);
        let document = self.shared.store.document(tenant, COLLECTION, &id).await?;
        document
            .map(|document| Ok(Found { instance: document.json()?, version: document.version }))
            .transpose()
    }

    /// The same, of one that is to be there.
    async fn found(&self, tenant: &Tenant, saga: &str, id: &str) -> Result<Found, SagaError> {
        self.find(tenant, saga, id).await?.ok_or_else(|| SagaError::NotFound { id: id.to_owned() })
    }

    /// A scope for work that no message caused, within the span at hand.
    fn scope(&self, instance: &Instance) -> Scope {
        let mut context = self
            .shared
            .host
            .context()
            .with_tenant(instance.tenant.clone())
            .with_actor(format!("saga/{}", instance.saga))
            .with_correlation(instance.correlation);
        if let Some(traceparent) = trace::current().or_else(|| instance.traceparent.clone()) {
            context = context.with_traceparent(traceparent);
        }
        let commit = Commit::within(&context);
        Scope::new(context, self.shared.store.clone(), commit)
    }
}

impl fmt::Debug for Orchestrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Orchestrator").field("sagas", &self.shared.newest).finish_non_exhaustive()
    }
}

#[async_trait]
impl Handler for Orchestrator {
    async fn handle(&self, envelope: &Envelope, scope: Scope) -> Result<Handled, HandleError> {
        let _under_way = self.shared.calls.token();
        let header = |name: &str| {
            envelope
                .headers
                .get(name)
                .ok_or_else(|| HandleError::new(Kind::Invalid, format!("the reply has no header {name}")))
        };
        let (saga, id) = (header(SAGA)?, header(SAGA_ID)?);
        let Some(found) = self.find(&envelope.tenant, saga, id).await? else {
            return Err(HandleError::terminal(SagaError::NotFound { id: id.clone() }));
        };
        if found.instance.status.is_final() {
            return Ok(scope.finish());
        }
        let step = header(STEP)?;
        let phase = Phase::parse(header(PHASE)?).ok_or_else(|| HandleError::terminal("unknown phase"))?;
        let attempt = header(ATTEMPT)?.parse().map_err(HandleError::terminal)?;
        if let Err(unknown) = self.definition_of(&found.instance) {
            return self.have_asked_again(unknown, found, (step, phase), scope).await;
        }
        let input = Input::Reply { step: step.clone(), phase, attempt, ending: Ending::replied(envelope) };
        self.carry_on(found, input, scope).await?;
        Ok(Handled::Committed)
    }
}

fn handle_error(error: StepError) -> SagaError {
    match error {
        StepError::Handle(error) => SagaError::Handle(error),
        // Code that has no way to fail for certain: what it meets may pass.
        other => SagaError::Handle(HandleError::retryable(other)),
    }
}
