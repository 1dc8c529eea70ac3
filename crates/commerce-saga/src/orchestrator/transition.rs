//! From an input to a commit.

use std::sync::Arc;

use commerce_core::commit::{Commit, CommitError};
use commerce_core::store::CommitOutcome;
use commerce_outbox::{HandleError, Scope};
use tokio::time::Instant;
use tracing::{debug, error};

use super::conflicts::{Conflicts, Spare};
use super::room::{Room, limit_of_a_look};
use super::run::Run;
use super::{Finished, Found, Input, Orchestrator, handle_error, observe};
use crate::definition::Definition;
use crate::error::SagaError;
use crate::instance::{Instance, SagaStatus};

impl Orchestrator {
    /// Decides what an input changes, and commits it together with what the scope holds already. A step whose own work
    /// meets conflicts, however often it is decided anew, has failed for now, and the others go on without it.
    pub(super) async fn carry_on(&self, found: Found, input: Input, scope: Scope) -> Result<(), SagaError> {
        let definition = self.definition_of(&found.instance)?;
        let (mut conflicts, spare, begun) = (Conflicts::default(), Spare::of(scope), Instant::now());
        loop {
            let room = Room::to_take(&input, begun, &*definition, &found.instance);
            let tried = self.try_carry_on(&definition, &found, &input, spare.scope(), &mut conflicts, room);
            match in_time(&*definition, &input, tried).await {
                Err(error) if conflicts.take(&error, &found.instance, &spare) => {}
                result => return result,
            }
        }
    }

    async fn try_carry_on(
        &self,
        definition: &Arc<dyn Definition>,
        found: &Found,
        input: &Input,
        scope: Scope,
        conflicts: &mut Conflicts,
        room: Room,
    ) -> Result<(), SagaError> {
        let instance = found.instance.clone();
        let looked = matches!(input, Input::Time);
        let now = self.now().await?;
        let mut run = Run::resume(&**definition, instance, scope, &*self.shared.host, now);
        (run.conflicts, run.room) = (Some(conflicts), room);
        run.take(input.clone()).await.map_err(handle_error)?;
        self.set_limits(&mut run).await?;
        let (instance, scope, sequel) = run.end(looked);
        self.write(&instance, (found.version, found.instance.status), scope).await?;
        for call in sequel.count(&instance.saga, &instance.id) {
            self.start_call(definition.clone(), &instance, call);
        }
        Ok(())
    }

    /// Writes an instance with what the scope holds, if its document still has this version: that is the fence
    /// between all who carry it on. Tells of an end that it has come to since it had this status.
    pub(super) async fn write(
        &self,
        instance: &Instance,
        (version, was): (u64, SagaStatus),
        mut scope: Scope,
    ) -> Result<(), SagaError> {
        let write = instance.write(version)?;
        scope.write(|commit| commit.document(write));
        self.commit(scope.into_commit()).await?;
        if instance.status != was {
            self.tell(instance);
        }
        Ok(())
    }

    /// Commits. An answer that was lost is asked for: what follows a commit must not be left out.
    async fn commit(&self, commit: Commit) -> Result<(), SagaError> {
        match self.shared.store.commit(commit).await {
            Ok(_) => Ok(()),
            Err(CommitError::Unknown { id, source }) => match self.shared.store.outcome(id).await? {
                CommitOutcome::Committed => Ok(()),
                CommitOutcome::RolledBack => Err(HandleError::retryable(source).into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    fn tell(&self, instance: &Instance) {
        let Instance { saga, id, status, .. } = instance;
        if *status == SagaStatus::Stuck {
            error!(saga, id, "a saga can neither go on nor back: it is stuck until an operator decides");
        } else if status.is_final() {
            debug!(saga, id, status = status.as_str(), "a saga ended");
        } else {
            return;
        }
        observe::count_end(instance);
        // No one listens: that is no error.
        let _ = self.shared.ended.send(Finished {
            saga: saga.clone(),
            id: id.clone(),
            tenant: instance.tenant.clone(),
            status: *status,
        });
    }
}

/// Timers don't wait for ever. Whoever else hands an input over sees to that.
async fn in_time(
    definition: &dyn Definition,
    input: &Input,
    tried: impl Future<Output = Result<(), SagaError>>,
) -> Result<(), SagaError> {
    if !matches!(input, Input::Time) {
        return tried.await;
    }
    let limit = limit_of_a_look(definition);
    let late = |_| HandleError::retryable(format!("it took longer than {limit:?}"));
    tokio::time::timeout(limit, tried).await.map_err(late)?
}
