//! What is seen of each message: a span, and figures.

use std::time::Duration;

use commerce_core::Timestamp;
use tracing::{Span, debug, field, info, warn};

use crate::envelope::Envelope;
use crate::error::HandleError;
use crate::held::Attempt;

/// What became of a message, for the figures.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    /// It has had its effect.
    Handled,
    /// It had had its effect before.
    Repeated,
    /// It waits behind another of its key.
    Queued,
    /// Something else has to happen first.
    Waits,
    /// It failed, and is tried again.
    Failed,
    /// It failed for good.
    Dead,
}

impl Outcome {
    /// Of an attempt that did not succeed, and what is waited for until the next.
    pub(super) const fn of(attempt: &Attempt, wait: Option<Duration>) -> Self {
        match wait {
            Some(_) if attempt.not_yet => Self::Waits,
            Some(_) => Self::Failed,
            None => Self::Dead,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Repeated => "repeated",
            Self::Queued => "queued",
            Self::Waits => "waits",
            Self::Failed => "failed",
            Self::Dead => "dead",
        }
    }
}

/// A span for one attempt at a message. What it says must not be secret: never the body, nor an error's text.
pub(super) fn span(group: &str, envelope: &Envelope, attempt: u32) -> Span {
    tracing::info_span!(
        "message",
        otel.name = format!("handle {}", envelope.message_type),
        otel.kind = "consumer",
        otel.status_code = field::Empty,
        group,
        topic = &*envelope.topic,
        message_type = &*envelope.message_type,
        message_id = %envelope.id,
        key = &*envelope.key,
        attempt,
        correlation_id = %envelope.correlation,
    )
}

/// Notes in the span at hand, and in the log, how an attempt ended. The log has what the span has too: spans are not part of it
/// where only warnings are asked for.
pub(super) fn ended(group: &str, envelope: &Envelope, attempt: u32, result: &Result<Outcome, HandleError>) {
    let Envelope { id: message_id, message_type, key, correlation: correlation_id, .. } = envelope;
    match result {
        Ok(_) if attempt > 1 => {
            info!(group, %message_id, %message_type, %key, attempt, %correlation_id, "a held message was handled");
        }
        Ok(_) => debug!(group, %message_id, %message_type, %key, %correlation_id, "a message was handled"),
        Err(error) => {
            Span::current().record("otel.status_code", "ERROR");
            if error.is_not_yet() {
                debug!(group, %message_id, %message_type, %key, attempt, %correlation_id, %error, "a message waits");
            } else {
                warn!(group, %message_id, %message_type, %key, attempt, %correlation_id, %error, "a message failed");
            }
        }
    }
}

/// Notes in the log that a message is given up.
pub(super) fn died(group: &str, envelope: &Envelope) {
    let Envelope { id: message_id, message_type, key, correlation: correlation_id, .. } = envelope;
    warn!(group, %message_id, %message_type, %key, %correlation_id, "a message is a dead letter now");
}

/// Counts a message that was seen to: `messages_handled_total`; and, once it had its effect, how long after it was
/// written: `message_age_seconds`. `known` says whether the group has a handler for it: what others send must not
/// make series without end.
pub(super) fn count(group: &str, envelope: &Envelope, known: bool, outcome: Outcome, now: Timestamp) {
    let message_type = if known { envelope.message_type.to_string() } else { "unknown".to_owned() };
    metrics::counter!(
        "messages_handled_total",
        "group" => group.to_owned(),
        "type" => message_type,
        "outcome" => outcome.as_str(),
    )
    .increment(1);
    if matches!(outcome, Outcome::Handled) {
        let age = now.since(envelope.time);
        metrics::histogram!("message_age_seconds", "group" => group.to_owned()).record(age.as_secs_f64());
    }
}
