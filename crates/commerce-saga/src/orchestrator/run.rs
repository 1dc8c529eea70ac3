//! One transition of one instance: what an input changes, and what is to be asked for next.

use std::ops::Range;
use std::time::Duration;

use commerce_core::{Host, Timestamp};
use commerce_outbox::{Scope, trace};
use serde_json::value::RawValue;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::Input;
use super::conflicts::{Conflicts, Owner};
use super::observe::{self, StepEnd};
use super::room::Room;
use super::settle::Ending;
use crate::definition::{Definition, StepKind};
use crate::error::StepError;
use crate::instance::{Instance, PhaseRecord, PhaseStatus, SagaStatus, StepRecord};
use crate::reply::{ATTEMPT, PHASE, Phase, REPLY_TO, SAGA, SAGA_ID, STEP};

pub(super) struct Run<'a> {
    pub(super) definition: &'a dyn Definition,
    pub(super) instance: Instance,
    pub(super) scope: Scope,
    pub(super) host: &'a dyn Host,
    /// By the store's clock.
    pub(super) now: Timestamp,
    pub(super) calls: Vec<StartedCall>,
    pub(super) ends: Vec<StepEnd>,
    /// Where it is decided again and again until it is committed.
    pub(super) conflicts: Option<&'a mut Conflicts>,
    pub(super) room: Room,
}

/// What follows once a transition is committed.
pub(super) struct Sequel {
    pub(super) calls: Vec<StartedCall>,
    ends: Vec<StepEnd>,
}

impl Sequel {
    pub(super) fn count(self, saga: &str, id: &str) -> Vec<StartedCall> {
        self.ends.into_iter().for_each(|end| end.count(saga, id));
        self.calls
    }
}

/// A call to be made once the transition is committed.
pub(super) struct StartedCall {
    pub(super) step: usize,
    pub(super) phase: Phase,
    pub(super) attempt: u32,
    pub(super) within: Duration,
    /// From when its time runs.
    pub(super) begun: Instant,
    pub(super) span: Span,
}

impl<'a> Run<'a> {
    pub(super) fn begin(
        definition: &'a dyn Definition,
        id: &str,
        state: Box<RawValue>,
        scope: Scope,
        host: &'a dyn Host,
        now: Timestamp,
    ) -> Self {
        let context = scope.context();
        let metadata = context.metadata();
        let instance = Instance {
            saga: definition.name().to_owned(),
            version: definition.version(),
            id: id.to_owned(),
            tenant: context.tenant().clone(),
            status: SagaStatus::Running,
            paused: false,
            correlation: metadata.correlation,
            traceparent: metadata.traceparent,
            started_at: context.now(),
            ended_at: None,
            stage: 0,
            steps: definition
                .step_names()
                .into_iter()
                .map(|name| StepRecord { name, action: None, undo: None, may_have_effect: false })
                .collect(),
            failure: None,
            ending: None,
            notes: Vec::new(),
            wake_at: None,
            state,
        };
        Self::resume(definition, instance, scope, host, now)
    }

    pub(super) fn resume(
        definition: &'a dyn Definition,
        instance: Instance,
        scope: Scope,
        host: &'a dyn Host,
        now: Timestamp,
    ) -> Self {
        let (calls, ends) = (Vec::new(), Vec::new());
        let room = Room::for_one();
        Self { definition, instance, scope, host, now, calls, ends, conflicts: None, room }
    }

    pub(super) fn end(mut self, looked: bool) -> (Instance, Scope, Sequel) {
        self.instance.set_wake(looked);
        (self.instance, self.scope, Sequel { calls: self.calls, ends: self.ends })
    }

    /// Whoever begins a saga commits it at a time of its own: a timer makes its first calls.
    pub(super) fn leave_calls_to_timers(&mut self) {
        for call in std::mem::take(&mut self.calls) {
            if let Some(record) = self.record(call.step, call.phase) {
                record.status = PhaseStatus::Waiting;
                record.attempts = 0;
                record.due = Some(record.started_at);
            }
        }
    }

    pub(super) async fn take(&mut self, input: Input) -> Result<(), StepError> {
        match input {
            Input::Reply { step, phase, attempt, ending } => {
                if let Some(step) = self.instance.steps.iter().position(|record| record.name == step) {
                    self.settle_attempt(step, phase, attempt, ending).await?;
                }
            }
            Input::Called { step, phase, attempt, ending } => {
                self.settle_attempt(step, phase, attempt, ending).await?;
            }
            Input::Abort(wish) => self.turn_back(wish),
            Input::Time => self.take_time().await?,
        }
        self.advance().await
    }

    /// What was not answered is given up first: it may be the end of what else was to be tried.
    async fn take_time(&mut self) -> Result<(), StepError> {
        let (unanswered, waiting): (Vec<_>, Vec<_>) =
            self.overdue().into_iter().partition(|(.., status)| *status == PhaseStatus::Running);
        for (step, phase, _) in unanswered {
            let detail = format!("no answer within {:?}", self.definition.within(step));
            self.settle(step, phase, Ending::Unknown { detail }).await?;
        }
        for (step, phase, _) in waiting {
            if phase == Phase::Undo || !self.leads_back() {
                self.attempt(step, phase).await?;
            }
        }
        Ok(())
    }

    /// Whatever is overdue. First what is so for longest or was tried least: there may be no time for all local steps.
    fn overdue(&self) -> Vec<(usize, Phase, PhaseStatus)> {
        let mut overdue = Vec::new();
        for (index, step) in self.instance.steps.iter().enumerate() {
            for (phase, record) in [(Phase::Action, &step.action), (Phase::Undo, &step.undo)] {
                let Some(record) = record.as_ref().filter(|record| record.is_open()) else { continue };
                let Some(due) = record.due.filter(|due| *due <= self.now) else { continue };
                overdue.push((due, record.attempts, (index, phase, record.status)));
            }
        }
        overdue.sort_by_key(|(due, attempts, _)| (*due, *attempts));
        overdue.into_iter().map(|(.., which)| which).collect()
    }

    pub(super) fn record(&mut self, step: usize, phase: Phase) -> Option<&mut PhaseRecord> {
        let step = self.instance.steps.get_mut(step)?;
        match phase {
            Phase::Action => step.action.as_mut(),
            Phase::Undo => step.undo.as_mut(),
        }
    }

    /// Goes on as far as it gets without waiting.
    pub(super) async fn advance(&mut self) -> Result<(), StepError> {
        while !self.instance.paused {
            let moved = match self.instance.status {
                SagaStatus::Running => self.advance_stage().await?,
                SagaStatus::Compensating => self.advance_compensation().await?,
                _ => false,
            };
            if !moved {
                break;
            }
        }
        Ok(())
    }

    async fn advance_stage(&mut self) -> Result<bool, StepError> {
        let Some(stage) = self.definition.stages().get(self.instance.stage).cloned() else {
            self.instance.status = SagaStatus::Completed;
            self.instance.ended_at = Some(self.now);
            return Ok(false);
        };
        if self.instance.aborted().is_some() {
            return Ok(self.leave_stage(stage));
        }
        if let Some(step) = self.failed_of(stage.clone()) {
            return Ok(if self.is_past_deciding(step) {
                self.get_stuck(stage)
            } else {
                self.leave_stage(stage)
            });
        }
        if let Some(step) = stage.clone().find(|step| self.instance.steps[*step].action.is_none()) {
            self.instance.steps[step].action = Some(PhaseRecord::begin(self.now));
            self.attempt(step, Phase::Action).await?;
            return Ok(true);
        }
        let mut actions = stage.filter_map(|step| self.instance.steps[step].action.as_ref());
        if actions.any(PhaseRecord::is_open) {
            return Ok(false);
        }
        self.instance.stage += 1;
        Ok(true)
    }

    fn failed_of(&self, mut stage: Range<usize>) -> Option<usize> {
        let failed = |record: &StepRecord| {
            record.action.as_ref().is_some_and(|action| action.status == PhaseStatus::Failed)
        };
        stage.find(|step| failed(&self.instance.steps[*step]))
    }

    /// Whether a step of the stage at hand has failed, so that the stage is to be left.
    fn leads_back(&self) -> bool {
        let stage = self.definition.stages().get(self.instance.stage).cloned();
        stage.and_then(|stage| self.failed_of(stage)).is_some_and(|step| !self.is_past_deciding(step))
    }

    /// Whether there is no way back from this step's failure.
    pub(super) fn is_past_deciding(&self, step: usize) -> bool {
        let may_have_effect = self.instance.steps.get(step).is_some_and(|record| record.may_have_effect);
        self.definition
            .decisive()
            .is_some_and(|decisive| step > decisive || (step == decisive && may_have_effect))
    }

    /// What can neither go on nor back waits for an operator, once nothing of it is under way.
    fn get_stuck(&mut self, stage: Range<usize>) -> bool {
        let mut actions = stage.filter_map(|step| self.instance.steps[step].action.as_ref());
        if !actions.any(PhaseRecord::is_open) {
            self.instance.status = SagaStatus::Stuck;
        }
        false
    }

    /// Once a step has failed, or the run was aborted, no step is begun or tried again. What is still awaited is undone
    /// only after it has ended.
    fn leave_stage(&mut self, stage: Range<usize>) -> bool {
        for step in stage.clone() {
            let waits = |action: &PhaseRecord| action.status == PhaseStatus::Waiting;
            if self.instance.steps[step].action.as_ref().is_some_and(waits) {
                self.stop_trying(step);
            }
        }
        let mut actions = stage.filter_map(|step| self.instance.steps[step].action.as_ref());
        if actions.any(PhaseRecord::is_open) {
            return false;
        }
        self.instance.status = SagaStatus::Compensating;
        true
    }

    /// The last step that may have an effect is undone first.
    async fn advance_compensation(&mut self) -> Result<bool, StepError> {
        let next = (0..self.instance.steps.len()).rev().find(|step| {
            let record = &self.instance.steps[*step];
            let ended = record
                .undo
                .as_ref()
                .is_some_and(|undo| matches!(undo.status, PhaseStatus::Done | PhaseStatus::Skipped));
            record.may_have_effect && !ended && self.definition.kind(*step, Phase::Undo).is_some()
        });
        let Some(step) = next else { return self.finish_undone().await };
        match self.instance.steps[step].undo.as_ref().map(|undo| undo.status) {
            None => {
                self.instance.steps[step].undo = Some(PhaseRecord::begin(self.now));
                self.attempt(step, Phase::Undo).await?;
                Ok(true)
            }
            Some(PhaseStatus::Failed) => {
                self.instance.status = SagaStatus::Stuck;
                Ok(false)
            }
            Some(_) => Ok(false),
        }
    }

    /// Tries a phase once more.
    async fn attempt(&mut self, step: usize, phase: Phase) -> Result<(), StepError> {
        let within = self.definition.within(step);
        // An answer is awaited from when it is asked for, not from before what slow steps took.
        let due = self.now.plus(within.saturating_add(self.room.spent()));
        let Some(record) = self.record(step, phase) else { return Ok(()) };
        let before = record.clone();
        record.attempts += 1;
        record.status = PhaseStatus::Running;
        record.due = Some(due);
        let attempt = record.attempts;
        let span = observe::step(&self.instance, step, phase, attempt);
        match self.definition.kind(step, phase) {
            Some(StepKind::Request) => match span.in_scope(|| self.ask(step, phase, attempt)) {
                Ok(()) => Ok(()),
                // Nothing was asked.
                Err(error) => {
                    let ending = Ending::without_effect(error)?;
                    self.settle(step, phase, ending).await
                }
            },
            Some(StepKind::Call) => {
                let begun = Instant::now();
                self.calls.push(StartedCall { step, phase, attempt, within, begun, span });
                Ok(())
            }
            Some(StepKind::Local) => self.run_local(step, phase, before).instrument(span).await,
            None => Ok(()),
        }
    }

    fn ask(&mut self, step: usize, phase: Phase, attempt: u32) -> Result<(), StepError> {
        let message = self
            .definition
            .request(step, phase, &self.instance.state, self.instance.aborted())?
            .header(SAGA, self.instance.saga.clone())
            .header(SAGA_ID, self.instance.id.clone())
            .header(STEP, self.instance.steps[step].name.clone())
            .header(PHASE, phase.as_str())
            .header(ATTEMPT, attempt.to_string())
            .header(REPLY_TO, self.definition.replies());
        self.scope.send(trace::carry(message));
        Ok(())
    }

    async fn run_local(&mut self, step: usize, phase: Phase, before: PhaseRecord) -> Result<(), StepError> {
        let tried = match self.has_lost(Owner::Step(step, phase)) {
            Some(lost) => Some(Err(lost)),
            None => self.try_local(step, phase).await,
        };
        let Some(mut result) = tried else {
            self.put_off(step, phase, before);
            return Ok(());
        };
        self.note_work(Owner::Step(step, phase), &mut result);
        let ending = match result {
            Ok(work) => self.take_work(step, phase, work).await?,
            Err(error) => Ending::without_effect(error)?,
        };
        self.settle(step, phase, ending).await
    }

    /// One that hangs has failed for now. It has done nothing that lasts. None if there was not all the time for it.
    async fn try_local(
        &mut self,
        step: usize,
        phase: Phase,
    ) -> Option<Result<(Box<RawValue>, Scope), StepError>> {
        let within = self.definition.local_within(step);
        let given = self.room.give(within)?;
        let work = self.definition.local(step, phase, &self.instance.state, self.scope.fork());
        match tokio::time::timeout(given, work).await {
            Ok(result) => Some(result),
            Err(_) if given < within => None,
            Err(_) => Some(Err(StepError::transient("timeout", format!("not done within {within:?}")))),
        }
    }
}
