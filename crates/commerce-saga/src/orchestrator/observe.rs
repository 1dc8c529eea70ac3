//! What is seen of sagas: a span for each attempt at a step, and figures.

use commerce_outbox::trace;
use tracing::{Span, warn};

use super::settle::Ending;
use crate::instance::Instance;
use crate::reply::Phase;

/// A span for one attempt at a step's action or compensation. A request's span ends when it is sent: what its
/// participant does is within it all the same, as the request carries its traceparent.
pub(super) fn step(instance: &Instance, step: usize, phase: Phase, attempt: u32) -> Span {
    let step = instance.steps.get(step).map_or("", |record| record.name.as_str());
    tracing::info_span!(
        "saga_step",
        otel.name = format!("{} {step} {}", instance.saga, phase.as_str()),
        saga = instance.saga,
        instance = instance.id,
        step,
        phase = phase.as_str(),
        attempt,
        correlation_id = %instance.correlation,
    )
}

/// A span for what no message asked for: a timer, an operator. It is part of the trace in which the saga began.
pub(super) fn woken(instance: &Instance, by: &'static str) -> Span {
    let span = tracing::info_span!(
        "saga_woken",
        otel.name = format!("{} {by}", instance.saga),
        saga = instance.saga,
        instance = instance.id,
        by,
        correlation_id = %instance.correlation,
    );
    trace::continue_from(&span, instance.traceparent.as_ref());
    span
}

/// How an attempt at a step ended, to be counted once that is committed.
pub(super) struct StepEnd {
    step: String,
    phase: Phase,
    outcome: &'static str,
    /// Why it has to be tried again, if it has.
    trouble: Option<String>,
}

impl StepEnd {
    pub(super) fn new(step: &str, phase: Phase, ending: &Ending) -> Self {
        let outcome = match ending {
            Ending::Done(_) => "done",
            Ending::Failed { .. } | Ending::Refused { .. } => "failed",
            Ending::Transient { .. } => "transient",
            Ending::Unknown { .. } => "unknown",
        };
        let trouble = match ending {
            Ending::Transient { code, detail } => Some(format!("{code}: {detail}")),
            Ending::Unknown { detail } => Some(detail.clone()),
            Ending::Done(_) | Ending::Failed { .. } | Ending::Refused { .. } => None,
        };
        Self { step: step.to_owned(), phase, outcome, trouble }
    }

    /// An answer that is not waited for any more, since the run was aborted.
    pub(super) fn not_awaited(step: &str) -> Self {
        Self { step: step.to_owned(), phase: Phase::Action, outcome: "aborted", trouble: None }
    }

    /// `saga_steps_total`; and says why a step has to be tried again.
    pub(super) fn count(self, saga: &str, id: &str) {
        if let Some(trouble) = self.trouble {
            let (step, phase) = (&self.step, self.phase.as_str());
            warn!(saga, id, step, phase, trouble, "a step of a saga is not done, or was not heard of");
        }
        metrics::counter!(
            "saga_steps_total",
            "saga" => saga.to_owned(),
            "step" => self.step,
            "phase" => self.phase.as_str(),
            "outcome" => self.outcome,
        )
        .increment(1);
    }
}

/// `sagas_aborted_total`: those that someone had turn back.
pub(super) fn count_abort(saga: &str) {
    metrics::counter!("sagas_aborted_total", "saga" => saga.to_owned()).increment(1);
}

/// `sagas_ended_total`: also those that are stuck, each time they get there.
pub(super) fn count_end(instance: &Instance) {
    let saga = instance.saga.clone();
    metrics::counter!("sagas_ended_total", "saga" => saga, "status" => instance.status.as_str()).increment(1);
}
