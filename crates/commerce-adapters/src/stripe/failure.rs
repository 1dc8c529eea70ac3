//! Why a request brought no result.

use std::time::Duration;

use commerce_core::payment::ProviderError;
use serde::Deserialize;

use super::intent::Reported;

/// Why a request brought no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum Failure {
    #[error("Stripe was not called: it was out of order, and is tried again in {retry_after:?}")]
    Open { retry_after: Duration },
    #[error("Stripe can't be reached, so nothing was sent: {0}")]
    NotSent(String),
    #[error("Stripe gave no answer: {0}")]
    NoAnswer(String),
    /// Not done, for the moment.
    #[error("Stripe has no time now ({status}): {message}")]
    Busy { status: u16, message: String },
    /// `kept`: the key will answer this from now on.
    #[error("Stripe has failed ({status}): {message}")]
    Server { status: u16, message: String, kept: bool },
    #[error(
        "Stripe refuses the secret key ({status}): check that it belongs to this account and mode and has not been \
         revoked, and that it may use PaymentIntents and refunds"
    )]
    Misconfigured { status: u16 },
    #[error("an idempotency key was used for two different requests, which is a bug: {0}")]
    KeyReused(String),
    #[error("Stripe refuses with {}: {}", .0.code(), .0.reason())]
    Refused(Refusal),
}

/// What Stripe says of a request that it doesn't accept.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Refusal {
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    reported: Reported,
}

#[derive(Deserialize)]
struct Body {
    error: Refusal,
}

impl Refusal {
    pub(super) fn code(&self) -> String {
        self.reported.code().unwrap_or(&self.kind).to_owned()
    }

    pub(super) fn reason(&self) -> String {
        self.reported.reason()
    }

    /// The card was declined, rather than the request.
    pub(super) fn is_of_card(&self) -> bool {
        self.kind == "card_error"
    }
}

impl Failure {
    /// From an answer that is not a success. What doesn't come from Stripe itself, as of a proxy before it, says nothing
    /// of the money, whatever its status.
    pub(super) fn answered(status: u16, kept: bool, body: &[u8]) -> Self {
        let said = serde_json::from_slice::<Body>(body).map(|body| body.error).ok();
        let message = said.as_ref().map(Refusal::reason).unwrap_or_default();
        match status {
            401 | 403 => Self::Misconfigured { status },
            // 409: another request with the key is under way, or with the object.
            408 | 409 | 425 | 429 => Self::Busy { status, message },
            // Something that Stripe depends on has failed.
            424 if !kept => Self::Busy { status, message },
            424 | 500.. => Self::Server { status, message, kept },
            400..500 => Self::of_request(status, said),
            _ => Self::NoAnswer(format!("status {status}")),
        }
    }

    fn of_request(status: u16, said: Option<Refusal>) -> Self {
        match said {
            Some(refusal) => match refusal.kind.as_str() {
                "idempotency_error" => Self::KeyReused(refusal.reason()),
                "card_error" | "invalid_request_error" => Self::Refused(refusal),
                kind => Self::NoAnswer(format!("status {status}, {kind}: {}", refusal.reason())),
            },
            None => Self::NoAnswer(format!("status {status}, not in Stripe's words")),
        }
    }

    /// Whether the service is out of order, rather than in disagreement.
    pub(super) fn is_outage(&self) -> bool {
        matches!(self, Self::NotSent(_) | Self::NoAnswer(_) | Self::Server { kept: false, .. })
    }

    /// Whether the same request may do better soon. Silence isn't repeated: it has used up the time there was.
    pub(super) fn is_worth_repeating(&self) -> bool {
        matches!(self, Self::NotSent(_) | Self::Busy { .. } | Self::Server { kept: false, .. })
    }
}

impl From<Failure> for ProviderError {
    fn from(failure: Failure) -> Self {
        Self::Unknown { reason: failure.to_string() }
    }
}
