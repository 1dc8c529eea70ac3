//! What is shown of an order's checkout and cancellation.

use commerce_saga::{Failure, Instance, PhaseRecord, PhaseStatus, SagaStatus, StepRecord};
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::FailureShown;

/// An order's checkout, and its cancellation if that has begun.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderSaga)]
pub(super) struct SagaShown {
    #[serde(flatten)]
    checkout: RunShown,
    cancellation: Option<RunShown>,
}

/// A run of a saga.
#[derive(Serialize, ToSchema)]
#[schema(as = SagaRun)]
struct RunShown {
    /// Which saga: `place-order` or `cancel-order`.
    saga: String,
    status: RunStatusShown,
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// Why it did not complete. Of a checkout that was turned back since its order is cancelled: `aborted`, and the reason.
    failure: Option<FailureShown>,
    /// In their order.
    steps: Vec<StepShown>,
}

/// How a run as a whole stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SagaStatus)]
enum RunStatusShown {
    /// Its steps are being done.
    Running,
    /// A step has failed, or its order is cancelled; what was done is being undone.
    Compensating,
    /// All is done.
    Completed,
    /// All is undone.
    Failed,
    /// An operator must decide.
    Stuck,
    /// An operator has given it up.
    Abandoned,
}

/// A step of a saga.
#[derive(Serialize, ToSchema)]
#[schema(as = SagaStep)]
struct StepShown {
    name: String,
    #[serde(flatten)]
    action: PhaseShown,
    /// How it was undone, if it was to be.
    compensation: Option<PhaseShown>,
}

/// How a step's action or compensation stands.
#[derive(Serialize, ToSchema)]
#[schema(as = SagaPhase)]
struct PhaseShown {
    state: PhaseStateShown,
    /// How often it was tried.
    attempts: u32,
    #[schema(format = DateTime)]
    started_at: Option<String>,
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// The last error.
    error: Option<PhaseError>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SagaPhaseState)]
enum PhaseStateShown {
    /// Not begun.
    Pending,
    /// Asked for; the answer is awaited.
    Running,
    /// To be tried again.
    Waiting,
    /// Done.
    Done,
    /// Given up.
    Failed,
    /// Passed over by an operator.
    Skipped,
}

/// Why an attempt went wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = SagaPhaseError)]
struct PhaseError {
    /// Stable, for programs.
    code: String,
    /// A sentence for people.
    detail: String,
}

impl SagaShown {
    pub(super) fn of(checkout: Instance, cancellation: Option<Instance>) -> Self {
        Self { checkout: RunShown::of(checkout), cancellation: cancellation.map(RunShown::of) }
    }
}

impl RunShown {
    fn of(run: Instance) -> Self {
        Self {
            status: match run.status {
                SagaStatus::Running => RunStatusShown::Running,
                SagaStatus::Compensating => RunStatusShown::Compensating,
                SagaStatus::Completed => RunStatusShown::Completed,
                SagaStatus::Failed => RunStatusShown::Failed,
                SagaStatus::Stuck => RunStatusShown::Stuck,
                SagaStatus::Abandoned => RunStatusShown::Abandoned,
            },
            saga: run.saga,
            started_at: run.started_at.to_string(),
            ended_at: run.ended_at.map(|at| at.to_string()),
            failure: run.failure.map(|Failure { step, code, detail }| FailureShown { step, code, detail }),
            steps: run.steps.into_iter().map(StepShown::of).collect(),
        }
    }
}

impl StepShown {
    fn of(step: StepRecord) -> Self {
        Self {
            name: step.name,
            action: PhaseShown::of(step.action),
            compensation: step.undo.map(|undo| PhaseShown::of(Some(undo))),
        }
    }
}

impl PhaseShown {
    fn of(phase: Option<PhaseRecord>) -> Self {
        let Some(phase) = phase else {
            let state = PhaseStateShown::Pending;
            return Self { state, attempts: 0, started_at: None, ended_at: None, error: None };
        };
        Self {
            state: match phase.status {
                PhaseStatus::Running => PhaseStateShown::Running,
                PhaseStatus::Waiting => PhaseStateShown::Waiting,
                PhaseStatus::Done => PhaseStateShown::Done,
                PhaseStatus::Failed => PhaseStateShown::Failed,
                PhaseStatus::Skipped => PhaseStateShown::Skipped,
            },
            attempts: phase.attempts,
            started_at: Some(phase.started_at.to_string()),
            ended_at: phase.ended_at.map(|at| at.to_string()),
            error: phase.error.map(|(code, detail)| PhaseError { code, detail }),
        }
    }
}
