//! From an answer to what follows.

use super::{CaptureRequest, Captured, ChargeState, ProviderError};
use crate::payment::PaymentCommand;

/// What follows from a provider's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum NextStep {
    /// Give this command to the payment. After a `StartProcessing`, capture under the new key.
    Record(PaymentCommand),
    /// Ask what became of the charge; after a while, if this comes from having asked.
    Find,
    /// Capture under the same key.
    CaptureAgain,
    /// The customer has to act: the webhook brings the end.
    AwaitWebhook,
}

impl NextStep {
    /// After [`capture`](super::PaymentProvider::capture) has answered. A caller whose deadline passed has an
    /// [`Unknown`](ProviderError::Unknown) answer.
    pub fn after_capture(request: &CaptureRequest, answer: &Result<Captured, ProviderError>) -> Self {
        match answer {
            Ok(captured) => succeed(captured),
            Err(ProviderError::Declined { code, reason }) => fail(code, reason),
            Err(ProviderError::Transient { .. }) => match request.attempt.checked_add(1) {
                Some(attempt) => {
                    Self::Record(PaymentCommand::StartProcessing { attempt, token: request.token.clone() })
                }
                None => Self::CaptureAgain,
            },
            Err(ProviderError::Unknown { .. }) => Self::Find,
            Err(ProviderError::RequiresAction { .. }) => Self::AwaitWebhook,
        }
    }

    /// After [`find`](super::PaymentProvider::find) has answered. No error of the question itself says anything about
    /// the charge.
    pub fn after_find(answer: &Result<Option<ChargeState>, ProviderError>) -> Self {
        match answer {
            Ok(Some(ChargeState::Captured(captured))) => succeed(captured),
            Ok(Some(ChargeState::Declined { code, reason })) => fail(code, reason),
            Ok(Some(ChargeState::RequiresAction { .. })) => Self::AwaitWebhook,
            Ok(Some(ChargeState::Processing)) | Err(_) => Self::Find,
            Ok(None) => Self::CaptureAgain,
        }
    }
}

fn succeed(captured: &Captured) -> NextStep {
    let external_payment_id = captured.external_payment_id.clone();
    NextStep::Record(PaymentCommand::Succeed { external_payment_id })
}

fn fail(code: &str, reason: &str) -> NextStep {
    NextStep::Record(PaymentCommand::Fail { code: code.to_owned(), reason: reason.to_owned() })
}
