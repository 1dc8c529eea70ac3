//! What the ending of an attempt changes.

use commerce_outbox::{Envelope, HandleError, Scope};
use serde_json::value::RawValue;

use super::conflicts::Owner;
use super::observe::StepEnd;
use super::run::Run;
use crate::definition::StepKind;
use crate::error::{StepError, UNREADABLE};
use crate::instance::{Failure, PhaseStatus, SagaStatus};
use crate::reply::{Phase, Reply};

/// How a phase's attempt ended.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    Done(Box<RawValue>),
    Failed {
        code: String,
        detail: String,
    },
    Transient {
        code: String,
        detail: String,
    },
    Unknown {
        detail: String,
    },
    /// It was answered, and the answer can't be taken in: whatever it did is there.
    Refused {
        code: String,
        detail: String,
    },
}

impl Ending {
    /// What a participant has answered. One that can't be read would be answered again as it is.
    pub(super) fn replied(envelope: &Envelope) -> Self {
        match envelope.body() {
            Ok(Reply::Done { data }) => Self::Done(data),
            Ok(Reply::Failed { code, detail }) => Self::Failed { code, detail },
            Ok(Reply::Transient { code, detail }) => Self::Transient { code, detail },
            Err(error) => Self::Refused {
                code: UNREADABLE.to_owned(),
                detail: format!("the reply can't be read: {error}"),
            },
        }
    }

    /// The ending of a call. One that could not reach a store may have done its work all the same.
    pub(super) fn called(result: Result<Box<RawValue>, StepError>) -> Self {
        match result {
            Ok(answer) => Self::Done(answer),
            Err(error) => Self::of(error).unwrap_or_else(|error| Self::Unknown { detail: error.to_string() }),
        }
    }

    /// Done, with nothing that is still to be taken in.
    fn done() -> Self {
        Self::Done(RawValue::NULL.to_owned())
    }

    /// The ending of code that works in a scope. What it wrote is not joined, so it has no effect whatever it says.
    pub(super) fn without_effect(error: StepError) -> Result<Self, HandleError> {
        match error {
            StepError::Unknown(detail) => Ok(Self::Transient { code: "unknown".to_owned(), detail }),
            error => Self::of(error),
        }
    }

    /// The ending of a step's own code. A store that failed, or a race that was lost, is no ending.
    pub(super) fn of(error: StepError) -> Result<Self, HandleError> {
        match error {
            StepError::Failed { code, detail } => Ok(Self::Failed { code, detail }),
            StepError::Transient { code, detail } => Ok(Self::Transient { code, detail }),
            StepError::Unknown(detail) => Ok(Self::Unknown { detail }),
            StepError::Handle(error) => Err(error),
        }
    }
}

impl Run<'_> {
    /// Takes the ending of an attempt. What comes for a phase that has ended, or that "may succeed later" of an
    /// attempt that was followed by another, says nothing new; nor does what can't be read of such an attempt.
    pub(super) async fn settle_attempt(
        &mut self,
        step: usize,
        phase: Phase,
        attempt: u32,
        ending: Ending,
    ) -> Result<(), StepError> {
        let Some(record) = self.record(step, phase) else { return Ok(()) };
        record.let_go = None;
        if phase == Phase::Undo && record.status == PhaseStatus::Failed && matches!(ending, Ending::Done(_)) {
            // It was given up too early: it is undone after all, and no operator is needed.
            if self.instance.status == SagaStatus::Stuck {
                self.instance.status = SagaStatus::Compensating;
            }
            return self.settle(step, phase, ending).await;
        }
        let given_up = phase == Phase::Action && record.status == PhaseStatus::Failed;
        let is_live = matches!(self.instance.status, SagaStatus::Stuck | SagaStatus::Running);
        if given_up && is_live && self.is_past_deciding(step) && matches!(ending, Ending::Done(_)) {
            // The same where there is no way back; also while a step beside it is awaited, before it is stuck.
            self.instance.status = SagaStatus::Running;
            self.instance.failure = self.instance.failure_beside(step);
            return self.settle(step, phase, ending).await;
        }
        let Some(record) = self.record(step, phase) else { return Ok(()) };
        let says_nothing =
            matches!(ending, Ending::Transient { .. } | Ending::Unknown { .. } | Ending::Refused { .. });
        let outdated = attempt < record.attempts && says_nothing;
        if !record.is_open() || outdated {
            return Ok(());
        }
        self.settle(step, phase, ending).await
    }

    pub(super) async fn settle(
        &mut self,
        step: usize,
        phase: Phase,
        ending: Ending,
    ) -> Result<(), StepError> {
        let is_local = self.definition.kind(step, phase) == Some(StepKind::Local);
        let ending = match ending {
            Ending::Done(answer) if phase == Phase::Action && !is_local => {
                self.take_answer(step, answer).await?
            }
            ending => ending,
        };
        self.ends.push(StepEnd::new(&self.instance.steps[step].name, phase, &ending));
        match ending {
            Ending::Done(_) => self.settle_done(step, phase),
            Ending::Failed { code, detail } => self.settle_failed(step, phase, code, detail),
            Ending::Transient { code, detail } => self.retry_or_give_up(step, phase, code, detail),
            Ending::Unknown { detail } => {
                self.instance.steps[step].may_have_effect |= phase == Phase::Action;
                self.retry_or_give_up(step, phase, "timeout".to_owned(), detail);
            }
            Ending::Refused { code, detail } => {
                self.instance.steps[step].may_have_effect |= phase == Phase::Action;
                self.give_up(step, phase, code, detail);
            }
        }
        Ok(())
    }

    /// Takes in what was done elsewhere. It is there, whatever becomes of the answer.
    async fn take_answer(&mut self, step: usize, answer: Box<RawValue>) -> Result<Ending, StepError> {
        self.instance.steps[step].may_have_effect = true;
        let mut then = match self.has_lost(Owner::Step(step, Phase::Action)) {
            Some(lost) => Err(lost),
            None => self.definition.then(step, &self.instance.state, answer, self.scope.fork()).await,
        };
        self.note_work(Owner::Step(step, Phase::Action), &mut then);
        Ok(match then {
            Ok((state, fork)) => {
                self.scope.join(fork);
                if let Some(state) = state {
                    self.instance.state = state;
                }
                Ending::done()
            }
            Err(StepError::Failed { code, detail }) => Ending::Refused { code, detail },
            Err(error) => Ending::without_effect(error)?,
        })
    }

    /// Takes in what a local step has written, and what is to follow from that: both, or neither.
    pub(super) async fn take_work(
        &mut self,
        step: usize,
        phase: Phase,
        (state, work): (Box<RawValue>, Scope),
    ) -> Result<Ending, StepError> {
        let mut then = Ok((None, self.scope.fork()));
        if phase == Phase::Action {
            let nothing = RawValue::NULL.to_owned();
            then = self.definition.then(step, &state, nothing, self.scope.fork()).await;
            self.note_work(Owner::Step(step, phase), &mut then);
        }
        Ok(match then {
            Ok((followed, fork)) => {
                self.instance.state = followed.unwrap_or(state);
                self.scope.join(work);
                self.scope.join(fork);
                Ending::done()
            }
            Err(error) => Ending::without_effect(error)?,
        })
    }

    fn settle_done(&mut self, step: usize, phase: Phase) {
        self.instance.steps[step].may_have_effect |= phase == Phase::Action;
        let now = self.now;
        if let Some(record) = self.record(step, phase) {
            record.end(PhaseStatus::Done, now);
        }
    }

    fn settle_failed(&mut self, step: usize, phase: Phase, code: String, detail: String) {
        let asked = self.definition.kind(step, phase) == Some(StepKind::Request);
        if phase == Phase::Action && asked && self.definition.decisive() == Some(step) {
            // Its participant's answer to all attempts, also to those that were not heard of.
            self.instance.steps[step].may_have_effect = false;
        }
        self.give_up(step, phase, code, detail);
    }

    fn retry_or_give_up(&mut self, step: usize, phase: Phase, code: String, detail: String) {
        let policy = self.definition.retry(step, phase);
        let (now, host) = (self.now, self.host);
        let turned_back = phase == Phase::Action && self.instance.aborted().is_some();
        let Some(record) = self.record(step, phase) else { return };
        match policy.draw_wait_after(record.attempts.saturating_sub(record.forgiven), host) {
            Some(wait) if !turned_back => {
                record.status = PhaseStatus::Waiting;
                record.due = Some(now.plus(wait));
                record.error = Some((code, detail));
            }
            _ => {
                self.shut_out(step, phase);
                self.give_up(step, phase, code, detail);
            }
        }
    }

    /// Gives up an action that waits to be tried again, or a request whose answer is not waited for any more.
    pub(super) fn stop_trying(&mut self, step: usize) {
        self.shut_out(step, Phase::Action);
        let now = self.now;
        if let Some(record) = self.record(step, Phase::Action) {
            record.end(PhaseStatus::Failed, now);
        }
    }

    /// "Not now" leaves no mark with the participant: a request that the bus delivers late or again may still be
    /// done. The step counts as one that may have its effect, so that its compensation bars the way.
    fn shut_out(&mut self, step: usize, phase: Phase) {
        if phase == Phase::Action && self.definition.kind(step, phase) == Some(StepKind::Request) {
            self.instance.steps[step].may_have_effect = true;
        }
    }

    fn give_up(&mut self, step: usize, phase: Phase, code: String, detail: String) {
        let now = self.now;
        if let Some(record) = self.record(step, phase) {
            record.end(PhaseStatus::Failed, now);
            record.error = Some((code.clone(), detail.clone()));
        }
        if phase == Phase::Action && self.instance.failure.is_none() {
            let step = self.instance.steps[step].name.clone();
            self.instance.failure = Some(Failure { step, code, detail });
        }
    }
}
