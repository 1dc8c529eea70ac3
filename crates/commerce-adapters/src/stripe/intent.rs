//! Stripe's PaymentIntent, as far as it matters here.

use std::collections::BTreeMap;

use commerce_core::identity::Secret;
use commerce_core::payment::{Captured, CustomerAction, ExternalPaymentId, ProviderError};
use commerce_core::value::Money;
use serde::Deserialize;

use super::KEY;
use super::amount::{Unreadable, amount_of};
use super::failure::Failure;

/// A PaymentIntent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    status: String,
    #[serde(flatten)]
    received: Received,
    /// By which the customer can act. It is shown to them alone.
    #[serde(default)]
    client_secret: Option<Secret>,
    #[serde(default)]
    next_action: Option<NextAction>,
    #[serde(default)]
    latest_charge: Option<Charge>,
    #[serde(default)]
    automatic_payment_methods: Option<AutomaticMethods>,
    #[serde(default)]
    last_payment_error: Option<Reported>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// What was taken for an intent, as far as it is said.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Received {
    #[serde(default)]
    amount_received: Option<i64>,
    #[serde(default)]
    currency: Option<String>,
}

impl Received {
    pub(super) fn amount(&self) -> Result<Option<Money>, Unreadable> {
        match (self.amount_received, &self.currency) {
            (Some(units), Some(currency)) => amount_of(units, currency).map(Some),
            _ => Ok(None),
        }
    }
}

/// Its charge: an id, or all of it where that was asked for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Charge {
    Known {
        /// Whether all of it was given back.
        refunded: bool,
    },
    Named(String),
}

/// Which means of payment it takes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct AutomaticMethods {
    #[serde(default)]
    allow_redirects: Option<String>,
}

/// What the customer has to do. All but a redirect is for Stripe's own software.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct NextAction {
    #[serde(default)]
    redirect_to_url: Option<Redirect>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Redirect {
    #[serde(default)]
    url: Option<Secret>,
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

    /// The same to whoever has asked for this amount. Another one that was given back is none of theirs: someone has seen
    /// to it by hand.
    pub(super) fn progress_of(&self, asked: Money) -> Progress {
        let differs = self.received.amount().is_ok_and(|amount| amount.is_some_and(|amount| amount != asked));
        match self.latest_charge {
            Some(Charge::Known { refunded: true }) if differs => Progress::Cancelled,
            _ => self.progress(),
        }
    }

    /// Whether it takes means of payment that need a page of their own.
    pub(super) fn takes_redirects(&self) -> bool {
        let methods = self.automatic_payment_methods.as_ref();
        methods.and_then(|methods| methods.allow_redirects.as_deref()) == Some("always")
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
        let amount =
            self.received.amount().map_err(|unreadable| Failure::NoAnswer(unreadable.to_string()))?;
        Ok(Captured { external_payment_id: self.external_id()?, amount })
    }

    /// What the customer has to do, while it waits for them.
    pub(super) fn action(self) -> Option<CustomerAction> {
        let client_secret = self.client_secret.filter(|_| self.status == "requires_action")?;
        let redirect = self.next_action.and_then(|action| action.redirect_to_url);
        Some(CustomerAction { client_secret, redirect_url: redirect.and_then(|redirect| redirect.url) })
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
