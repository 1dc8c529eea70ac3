//! One run of a saga, as its document keeps it.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::Timestamp;
use commerce_core::commit::{DocumentWrite, Expected};
use commerce_core::event::CodecError;
use commerce_core::id::Tenant;
use commerce_core::stream::Version;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

pub(crate) const COLLECTION: &str = "sagas";
/// The fields by which instances are found.
pub(crate) const WAKE_AT: &str = "wake_at";
pub(crate) const ENDED_AT: &str = "ended_at";
const STATUS: &str = "status";

/// How a run as a whole stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SagaStatus {
    /// Its steps are being done.
    Running,
    /// A step has failed, or it was aborted; what was done is being undone.
    Compensating,
    /// All is done.
    Completed,
    /// All is undone.
    Failed,
    /// A compensation can't succeed, or a step after the one that decides, or what records that all is undone. An
    /// operator must decide.
    Stuck,
    /// An operator has given it up.
    Abandoned,
}

impl SagaStatus {
    /// As it is written and searched for.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Compensating => "compensating",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Stuck => "stuck",
            Self::Abandoned => "abandoned",
        }
    }

    /// Whether nothing will happen any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Abandoned)
    }
}

/// How a step's action or compensation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseStatus {
    /// Asked for; the answer is awaited.
    Running,
    /// To be tried again when it is due.
    Waiting,
    /// Done.
    Done,
    /// Given up.
    Failed,
    /// Passed over by an operator.
    Skipped,
}

/// The record of a step's action or compensation, or of what records the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseRecord {
    /// How it stands.
    pub status: PhaseStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// So many of the attempts do not count, since an operator had it tried again, or the answer came to a program that
    /// did not know the saga.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub forgiven: u32,
    /// Since when its answers came to programs that did not know the saga. None once one was taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub let_go: Option<LetGo>,
    /// When it was first asked for.
    pub started_at: Timestamp,
    /// When the answer is overdue, or the next try is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The last error: code and sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<(String, String)>,
}

/// Answers that were let go by programs that did not know the saga, to be asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetGo {
    /// When the first was.
    pub since: Timestamp,
    /// How many were.
    pub times: u32,
}

/// The record of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The step.
    pub name: String,
    /// Its action, once it was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<PhaseRecord>,
    /// Its compensation, once it was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<PhaseRecord>,
    /// Whether the action has had, or may have had, its effect.
    pub may_have_effect: bool,
}

/// Why a saga did not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The step that failed.
    pub step: String,
    /// Stable, for programs.
    pub code: String,
    /// A sentence, for people.
    pub detail: String,
}

/// The code of the [`Failure`] of a run that was aborted. Its step is the one that was under way, its detail the reason.
pub(crate) const ABORTED: &str = "aborted";

/// What an operator did, or whoever had it aborted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What: `retried`, `skipped`, `abandoned`, `paused`, `resumed`, `aborted`.
    pub action: String,
    /// Why.
    pub reason: String,
}

/// One run of a saga.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instance {
    /// Which saga.
    pub saga: String,
    /// Which version of its definition the run began with and ends with.
    pub version: u32,
    /// Which run: usually the id of what it is about.
    pub id: String,
    /// Whose run it is.
    pub tenant: Tenant,
    /// How it stands.
    pub status: SagaStatus,
    /// Whether an operator has paused it: answers are taken, nothing new is asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// The flow it is part of.
    pub correlation: Uuid,
    /// The W3C trace in which it began: what no message asks for goes on from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Arc<str>>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Which stage of the definition is being done.
    pub stage: usize,
    /// Its steps, in the order of the definition.
    pub steps: Vec<StepRecord>,
    /// Why it did not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The record of what [records](crate::SagaBuilder::when_undone) that all is undone, if it did not succeed at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<PhaseRecord>,
    /// What operators did, and whoever had it aborted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// By when someone looks at it even if nothing happens: never later than it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake_at: Option<Timestamp>,
    /// The saga's own state.
    pub state: Box<RawValue>,
}

impl Instance {
    /// The document's id: runs of different sagas may be about the same thing.
    pub(crate) fn document_id(saga: &str, id: &str) -> String {
        format!("{saga}/{id}")
    }

    /// Who had it turn back, when and why, if someone has [aborted](crate::Orchestrator::abort) it.
    pub fn aborted(&self) -> Option<&Note> {
        self.notes.iter().find(|note| note.action == ABORTED)
    }

    /// When something falls due.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        if self.paused || self.status.is_final() || self.status == SagaStatus::Stuck {
            return None;
        }
        let phases = self.steps.iter().flat_map(|step| [&step.action, &step.undo]);
        let phases = phases.chain([&self.ending]).flatten();
        phases.filter(|phase| phase.is_open()).filter_map(|phase| phase.due).min()
    }

    /// Sets when to look at it again. An earlier moment that stands in the index may stay: whoever looks then finds
    /// nothing due and moves it. That saves the index a change at every step of a saga that goes well.
    pub(crate) fn set_wake(&mut self, looked: bool) {
        let due = self.due();
        self.wake_at = match (self.wake_at, due) {
            (Some(earlier), Some(due)) if earlier <= due && !looked => Some(earlier),
            (_, due) => due,
        };
    }

    /// Gives what is awaited and overdue its whole time again. Answers whether there was any.
    pub(crate) fn renew_overdue(&mut self, now: Timestamp, within: impl Fn(usize) -> Duration) -> bool {
        let mut renewed = false;
        for (index, step) in self.steps.iter_mut().enumerate() {
            for phase in [&mut step.action, &mut step.undo].into_iter().flatten() {
                if phase.status == PhaseStatus::Running && phase.due.is_some_and(|due| due <= now) {
                    phase.due = Some(now.plus(within(index)));
                    renewed = true;
                }
            }
        }
        if renewed {
            self.set_wake(true);
        }
        renewed
    }

    pub(crate) fn write(&self, expected: Version) -> Result<DocumentWrite, CodecError> {
        let id = Self::document_id(&self.saga, &self.id);
        let write = DocumentWrite::json(COLLECTION, id, Expected::Version(expected), self)?
            .field(STATUS, self.status.as_str());
        Ok(match (self.wake_at, self.ended_at) {
            (Some(moment), _) => write.field(WAKE_AT, moment),
            (None, Some(moment)) => write.field(ENDED_AT, moment),
            (None, None) => write,
        })
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde wants it
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl PhaseRecord {
    pub(crate) fn begin(now: Timestamp) -> Self {
        Self {
            status: PhaseStatus::Running,
            attempts: 0,
            forgiven: 0,
            let_go: None,
            started_at: now,
            due: None,
            ended_at: None,
            error: None,
        }
    }

    /// Whether it has not ended.
    pub fn is_open(&self) -> bool {
        matches!(self.status, PhaseStatus::Running | PhaseStatus::Waiting)
    }

    pub(crate) fn end(&mut self, status: PhaseStatus, now: Timestamp) {
        self.status = status;
        self.due = None;
        self.ended_at = Some(now);
    }
}
