//! What an operator may do. Each act is noted with who and why.

use commerce_core::Timestamp;
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use tracing::Instrument;

use super::{Found, Input, Orchestrator, RACES, observe};
use crate::error::SagaError;
use crate::instance::{Failure, Instance, Note, PhaseRecord, PhaseStatus, SagaStatus, StepRecord};

impl Orchestrator {
    /// Tries what it is stuck at again, with all its attempts: a compensation, what records that all is undone, or an
    /// action after the step that decides. Of several such actions it is the one that its failure names, as for
    /// [`skip`](Self::skip); the failure then names the next.
    ///
    /// # Errors
    /// When there is no such instance, it is not stuck, or the store fails.
    pub async fn retry(
        &self,
        tenant: &Tenant,
        saga: &str,
        id: &str,
        actor: &str,
        reason: &str,
    ) -> Result<(), SagaError> {
        self.operate(tenant, saga, id, (actor, "retried", reason), |instance, now| {
            instance.unstick(|undo| {
                undo.status = PhaseStatus::Waiting;
                undo.forgiven = undo.attempts;
                undo.let_go = None;
                undo.ended_at = None;
                undo.due = Some(now);
            })
        })
        .await
    }

    /// Takes what it is stuck at as done: someone has seen to it by hand.
    ///
    /// # Errors
    /// When there is no such instance, it is not stuck, or the store fails.
    pub async fn skip(
        &self,
        tenant: &Tenant,
        saga: &str,
        id: &str,
        actor: &str,
        reason: &str,
    ) -> Result<(), SagaError> {
        self.operate(tenant, saga, id, (actor, "skipped", reason), |instance, now| {
            instance.unstick(|undo| undo.end(PhaseStatus::Skipped, now))
        })
        .await
    }

    /// Gives an instance up as it is: nothing more is done or undone.
    ///
    /// # Errors
    /// When there is no such instance, it has ended, or the store fails.
    pub async fn abandon(
        &self,
        tenant: &Tenant,
        saga: &str,
        id: &str,
        actor: &str,
        reason: &str,
    ) -> Result<(), SagaError> {
        self.operate(tenant, saga, id, (actor, "abandoned", reason), |instance, now| {
            instance.status = SagaStatus::Abandoned;
            instance.ended_at = Some(now);
            true
        })
        .await
    }

    /// Halts an instance: answers are still taken, nothing new is asked for.
    ///
    /// # Errors
    /// When there is no such instance, it has ended or is paused, or the store fails.
    pub async fn pause(
        &self,
        tenant: &Tenant,
        saga: &str,
        id: &str,
        actor: &str,
        reason: &str,
    ) -> Result<(), SagaError> {
        self.operate(tenant, saga, id, (actor, "paused", reason), |instance, _| {
            !std::mem::replace(&mut instance.paused, true)
        })
        .await
    }

    /// Lets a paused instance go on.
    ///
    /// # Errors
    /// When there is no such instance, it is not paused, or the store fails.
    pub async fn resume(
        &self,
        tenant: &Tenant,
        saga: &str,
        id: &str,
        actor: &str,
        reason: &str,
    ) -> Result<(), SagaError> {
        self.operate(tenant, saga, id, (actor, "resumed", reason), |instance, _| {
            std::mem::replace(&mut instance.paused, false)
        })
        .await
    }

    /// Changes an instance and carries it on; decides anew when a reply was faster.
    async fn operate(
        &self,
        tenant: &Tenant,
        saga: &str,
        id: &str,
        act: (&str, &'static str, &str),
        change: impl Fn(&mut Instance, Timestamp) -> bool,
    ) -> Result<(), SagaError> {
        after_races(|| self.try_operate(tenant, saga, id, act, &change)).await
    }

    async fn try_operate(
        &self,
        tenant: &Tenant,
        saga: &str,
        id: &str,
        (actor, asked, reason): (&str, &'static str, &str),
        change: &impl Fn(&mut Instance, Timestamp) -> bool,
    ) -> Result<(), SagaError> {
        let Found { mut instance, version } = self.found(tenant, saga, id).await?;
        let status = instance.status;
        let now = self.now().await?;
        if status.is_final() || !change(&mut instance, now) {
            return Err(SagaError::WrongStatus { id: id.to_owned(), status: status.as_str(), asked });
        }
        instance.notes.push(Note {
            at: now,
            actor: actor.to_owned(),
            action: asked.to_owned(),
            reason: reason.to_owned(),
        });
        let span = observe::woken(&instance, asked);
        self.go_on(Found { instance, version }, status).instrument(span).await
    }

    async fn go_on(&self, Found { mut instance, version }: Found, was: SagaStatus) -> Result<(), SagaError> {
        let scope = self.scope(&instance);
        if instance.paused || instance.status.is_final() {
            // Nothing follows, so no definition is needed: one that is lost must not keep an operator from acting.
            instance.set_wake(true);
            return self.write(&instance, (version, was), scope).await;
        }
        self.carry_on(Found { instance, version }, Input::Time, scope).await
    }
}

/// Decides anew when a reply was faster.
pub(super) async fn after_races<F>(mut act: impl FnMut() -> F) -> Result<(), SagaError>
where
    F: Future<Output = Result<(), SagaError>>,
{
    let mut races = 0;
    loop {
        match act().await {
            Err(SagaError::Handle(error)) if error.kind() == Kind::Conflict && races < RACES => races += 1,
            result => return result,
        }
    }
}

impl Instance {
    /// Changes the compensation it is stuck at, or what records the end; where there is no way back, the action that
    /// its failure names. Answers whether it is stuck.
    fn unstick(&mut self, change: impl FnOnce(&mut PhaseRecord)) -> bool {
        if self.status != SagaStatus::Stuck {
            return false;
        }
        // They are done one after the other, and what records the end last: no more than one of them has failed.
        let undos = self.steps.iter_mut().filter_map(|step| step.undo.as_mut());
        let mut undos = undos.chain(self.ending.as_mut());
        if let Some(undo) = undos.find(|undo| undo.status == PhaseStatus::Failed) {
            self.status = SagaStatus::Compensating;
            change(undo);
            return true;
        }
        let Some(step) = self.stuck_at() else { return false };
        let Some(action) = self.steps[step].action.as_mut() else { return false };
        change(action);
        (self.status, self.failure) = (SagaStatus::Running, self.failure_beside(step));
        true
    }

    /// The step whose action it is stuck at. Of several that have failed, the one that it names.
    fn stuck_at(&self) -> Option<usize> {
        let failed = |step: &StepRecord| {
            step.action.as_ref().is_some_and(|action| action.status == PhaseStatus::Failed)
        };
        let is_named =
            |step: &StepRecord| self.failure.as_ref().is_some_and(|failure| failure.step == step.name);
        let named = self.steps.iter().position(|step| failed(step) && is_named(step));
        named.or_else(|| self.steps.iter().position(failed))
    }

    /// Why it does not complete, this step aside: another that was given up.
    pub(super) fn failure_beside(&self, step: usize) -> Option<Failure> {
        let others = self.steps.iter().enumerate().filter(|(index, _)| *index != step);
        others.map(|(_, other)| other).find_map(|other| {
            let action = other.action.as_ref().filter(|action| action.status == PhaseStatus::Failed)?;
            let (code, detail) = action.error.clone()?;
            Some(Failure { step: other.name.clone(), code, detail })
        })
    }
}
