//! Stripe's PaymentIntent, as far as it matters here.

use std::collections::BTreeMap;

use commerce_core::payment::{Captured, ExternalPaymentId, ProviderError};
use serde::Deserialize;

use super::KEY;
use super::failure::Failure;

/// A PaymentIntent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    status: String,
    #[serde(default)]
    last_payment_error: Option<Reported>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// What went wrong, in Stripe's words.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Reported {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl Reported {
    /// The issuer's code rather than the general one.
    pub(super) fn code(&self) -> Option<&str> {
        self.decline_code.as_deref().or(self.code.as_deref())
    }

    pub(super) fn reason(&self) -> String {
        self.message.clone().unwrap_or_default()
    }
}

/// What an intent's status means for the money. Ordered by how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Progress {
    /// Never confirmed.
    Untouched,
    /// Called off.
    Cancelled,
    /// Confirmed and refused.
    Declined { code: String, reason: String },
    /// The customer has to act.
    RequiresAction,
    /// Stripe is at it, or says what isn't understood here.
    Processing,
    /// The money was taken.
    Captured,
}

impl Intent {
    pub(super) fn progress(&self) -> Progress {
        match (self.status.as_str(), &self.last_payment_error) {
            ("succeeded", _) => Progress::Captured,
            ("requires_action", _) => Progress::RequiresAction,
            ("canceled" | "requires_payment_method" | "requires_confirmation", Some(error)) => {
                let code = error.code().unwrap_or("card_declined").to_owned();
                Progress::Declined { code, reason: error.reason() }
            }
            ("canceled", None) => Progress::Cancelled,
            ("requires_payment_method" | "requires_confirmation", None) => Progress::Untouched,
            _ => Progress::Processing,
        }
    }

    /// Called off, whether or not it was declined before.
    pub(super) fn is_cancelled(&self) -> bool {
        self.status == "canceled"
    }

    /// Whether it was made under this key. Stripe's search doesn't tell upper case from lower.
    pub(super) fn is_of(&self, key: &str) -> bool {
        self.metadata.get(KEY).is_some_and(|own| own == key)
    }

    pub(super) fn external_id(&self) -> Result<ExternalPaymentId, Failure> {
        ExternalPaymentId::parse(&self.id)
            .map_err(|invalid| Failure::NoAnswer(format!("an intent without a usable id: {invalid}")))
    }

    pub(super) fn captured(&self) -> Result<Captured, Failure> {
        Ok(Captured { external_payment_id: self.external_id()? })
    }

    /// What its state means to whoever has asked for the money.
    pub(super) fn answer(&self) -> Result<Captured, ProviderError> {
        match self.progress() {
            Progress::Captured => Ok(self.captured()?),
            Progress::Declined { code, reason } => Err(ProviderError::Declined { code, reason }),
            Progress::Cancelled => Err(ProviderError::Declined {
                code: "cancelled".to_owned(),
                reason: "the payment was called off before".to_owned(),
            }),
            Progress::RequiresAction => {
                Err(ProviderError::RequiresAction { external_payment_id: self.external_id()? })
            }
            Progress::Untouched | Progress::Processing => {
                Err(ProviderError::Unknown { reason: format!("Stripe has it as {}", self.status) })
            }
        }
    }
}
