//! From an answer to what follows.

use super::{Cancellation, CaptureRequest, Captured, ChargeState, ProviderError};
use crate::payment::{ExternalPaymentId, Payment, PaymentCommand, PaymentStatus};
use crate::value::Money;

/// Why a payment is cancelled that was found to be called off at the provider.
const FOUND_CANCELLED: &str = "it was called off at the provider";

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
    AwaitWebhook {
        /// The provider's id of the charge, by which the webhook names it.
        external_payment_id: ExternalPaymentId,
    },
    /// The provider says that something else was taken than it was asked for. Record nothing: as this payment's money it
    /// is wrong, and as no one's it would be lost. An operator has to see to it.
    Differs(Captured),
}

impl NextStep {
    /// After [`capture`](super::PaymentProvider::capture) has answered. A caller whose deadline passed has an
    /// [`Unknown`](ProviderError::Unknown) answer.
    pub fn after_capture(request: &CaptureRequest, answer: &Result<Captured, ProviderError>) -> Self {
        match answer {
            Ok(captured) => taken(request, captured),
            Err(ProviderError::Declined { code, reason }) => fail(code, reason),
            Err(ProviderError::Transient { .. }) => match request.attempt.checked_add(1) {
                Some(attempt) => {
                    Self::Record(PaymentCommand::StartProcessing { attempt, token: request.token.clone() })
                }
                None => Self::CaptureAgain,
            },
            Err(ProviderError::Unknown { .. }) => Self::Find,
            Err(ProviderError::RequiresAction { external_payment_id }) => await_webhook(external_payment_id),
        }
    }

    /// After [`find`](super::PaymentProvider::find) has answered. No error of the question itself says anything about
    /// the charge.
    pub fn after_find(request: &CaptureRequest, answer: &Result<Option<ChargeState>, ProviderError>) -> Self {
        match answer {
            Ok(Some(ChargeState::Captured(captured))) => taken(request, captured),
            Ok(Some(ChargeState::Declined { code, reason })) => fail(code, reason),
            Ok(Some(ChargeState::RequiresAction { external_payment_id })) => {
                await_webhook(external_payment_id)
            }
            Ok(Some(ChargeState::Cancelled)) => cancel(FOUND_CANCELLED),
            Ok(Some(ChargeState::Processing)) | Err(_) => Self::Find,
            Ok(None) => Self::CaptureAgain,
        }
    }

    /// After [`cancel`](super::PaymentProvider::cancel) has answered, for this `reason`: 1 to 500 characters. Without
    /// an answer ([`Find`](Self::Find)) the charge may still take money, so the payment stays as it is: call again.
    pub fn after_cancel(
        request: &CaptureRequest,
        reason: &str,
        answer: &Result<Cancellation, ProviderError>,
    ) -> Self {
        match answer {
            Ok(Cancellation::Cancelled) => cancel(reason),
            Ok(Cancellation::Declined { code, reason }) => fail(code, reason),
            Ok(Cancellation::Captured(captured)) => taken(request, captured),
            Err(_) => Self::Find,
        }
    }

    /// After a webhook has said this of a charge of the payment. `None`: it changes nothing.
    ///
    /// Webhooks come late, twice, and in any order, so only that the payment's money was taken is believed as it is: it
    /// stays true. Of the rest, that of another amount included, what may end a payment that is still under way is a hint
    /// to ask the provider ([`Find`](Self::Find)), which also answers for the attempt under way rather than for an
    /// earlier one.
    ///
    /// Money that was taken is recorded whatever the payment's status: the payment has no effect of it when it knows
    /// it, and rejects it when it was failed or cancelled, which an operator has to see.
    pub fn after_webhook(payment: &Payment, told: &ChargeState) -> Option<Self> {
        let is_under_way = payment.status() == Some(PaymentStatus::Processing);
        match told {
            ChargeState::Captured(captured) if differs(payment.amount(), captured) => {
                Some(if is_under_way { Self::Find } else { Self::Differs(captured.clone()) })
            }
            ChargeState::Captured(captured) => Some(succeed(captured)),
            ChargeState::Declined { .. } | ChargeState::Cancelled => is_under_way.then_some(Self::Find),
            ChargeState::RequiresAction { .. } | ChargeState::Processing => None,
        }
    }
}

fn taken(request: &CaptureRequest, captured: &Captured) -> NextStep {
    if captured.differs_from(request.amount) {
        NextStep::Differs(captured.clone())
    } else {
        succeed(captured)
    }
}

fn differs(asked: Option<Money>, captured: &Captured) -> bool {
    asked.is_some_and(|asked| captured.differs_from(asked))
}

fn succeed(captured: &Captured) -> NextStep {
    let external_payment_id = captured.external_payment_id.clone();
    NextStep::Record(PaymentCommand::Succeed { external_payment_id })
}

fn await_webhook(external_payment_id: &ExternalPaymentId) -> NextStep {
    NextStep::AwaitWebhook { external_payment_id: external_payment_id.clone() }
}

fn fail(code: &str, reason: &str) -> NextStep {
    NextStep::Record(PaymentCommand::Fail { code: code.to_owned(), reason: reason.to_owned() })
}

fn cancel(reason: &str) -> NextStep {
    NextStep::Record(PaymentCommand::Cancel { reason: reason.to_owned() })
}
