//! What a webhook says.

use std::collections::BTreeMap;

use commerce_core::id::PaymentId;
use commerce_core::payment::{Captured, ChargeState, ExternalPaymentId};
use commerce_core::time::Timestamp;
use commerce_core::value::Money;
use serde::Deserialize;
use serde_json::Value;

use super::super::amount::Unreadable;
use super::super::intent::{Received, Reported};
use super::super::{KEY, PAYMENT_ID};

/// What a webhook says.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookEvent {
    /// The event's id (`evt_…`): the same when it is delivered again.
    pub id: String,
    /// Its type (`payment_intent.succeeded`).
    pub kind: String,
    /// The intent it is about, or whose refund it is about.
    pub external_payment_id: Option<ExternalPaymentId>,
    /// Our payment, if the intent was made here. A refund doesn't say it: see its key.
    pub payment_id: Option<PaymentId>,
    /// The key under which the intent or the refund was made, if it was made here.
    pub key: Option<String>,
    /// How it stands with the money.
    pub outcome: WebhookOutcome,
    /// What was taken for the intent by then, if it says so.
    pub amount: Option<Money>,
    /// Whether it is about real money, if it says so. Stripe's test mode pretends.
    pub livemode: Option<bool>,
    /// When it happened, to the second.
    pub created: Timestamp,
}

/// How it stands with the money, in the words of a webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookOutcome {
    /// The money was taken.
    Succeeded,
    /// A payment was refused. The intent can still be paid otherwise, so ask.
    Failed {
        /// The issuer's code, or Stripe's.
        code: String,
        /// Stripe's sentence.
        reason: String,
    },
    /// The customer has to act.
    RequiresAction,
    /// Stripe is at it.
    Processing,
    /// The intent was called off.
    Canceled,
    /// A refund did not arrive, or was called off, though it may have counted as made: the money is the shop's again.
    RefundFailed {
        /// Stripe's id of the refund (`re_…`).
        external_refund_id: String,
        /// Stripe's code, or how the refund stands.
        reason: String,
    },
    /// Anything else.
    #[default]
    Other,
}

impl WebhookEvent {
    /// What it says of the charge, for [`NextStep::after_webhook`]. `None` when it says nothing of one.
    ///
    /// [`NextStep::after_webhook`]: commerce_core::payment::NextStep::after_webhook
    pub fn charge_state(&self) -> Option<ChargeState> {
        let external_payment_id = self.external_payment_id.clone()?;
        Some(match &self.outcome {
            WebhookOutcome::Succeeded => {
                ChargeState::Captured(Captured { external_payment_id, amount: self.amount })
            }
            WebhookOutcome::Failed { code, reason } => {
                ChargeState::Declined { code: code.clone(), reason: reason.clone() }
            }
            WebhookOutcome::RequiresAction => ChargeState::RequiresAction { external_payment_id },
            WebhookOutcome::Processing => ChargeState::Processing,
            WebhookOutcome::Canceled => ChargeState::Cancelled,
            WebhookOutcome::RefundFailed { .. } | WebhookOutcome::Other => return None,
        })
    }
}

/// A body that is no event of Stripe's.
#[derive(Debug, thiserror::Error)]
#[error("the webhook is no event of Stripe's: {0}")]
pub struct InvalidWebhook(#[source] Box<dyn std::error::Error + Send + Sync>);

impl From<serde_json::Error> for InvalidWebhook {
    fn from(error: serde_json::Error) -> Self {
        Self(error.into())
    }
}

impl From<Unreadable> for InvalidWebhook {
    fn from(amount: Unreadable) -> Self {
        Self(amount.into())
    }
}

impl InvalidWebhook {
    /// `webhook_malformed`.
    pub fn code(&self) -> &'static str {
        "webhook_malformed"
    }
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created: i64,
    #[serde(default)]
    livemode: Option<bool>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

/// An intent, as far as a webhook is asked about it.
#[derive(Deserialize)]
struct Intent {
    #[serde(default)]
    id: Option<String>,
    #[serde(flatten)]
    received: Received,
    #[serde(default)]
    last_payment_error: Option<Reported>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

/// A refund, as far as a webhook is asked about it.
#[derive(Deserialize)]
struct Refund {
    id: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    failure_reason: Option<String>,
    #[serde(default)]
    payment_intent: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

type Metadata = BTreeMap<String, String>;

/// What an event says of the thing that it is about.
#[derive(Default)]
struct Told {
    intent: Option<String>,
    outcome: WebhookOutcome,
    amount: Option<Money>,
    metadata: Metadata,
}

impl Told {
    fn of_intent(kind: &str, intent: Intent) -> Result<Self, Unreadable> {
        Ok(Self {
            intent: intent.id,
            outcome: outcome(kind, intent.last_payment_error),
            amount: intent.received.amount()?,
            metadata: intent.metadata.unwrap_or_default(),
        })
    }

    /// Several types of events tell of one failure (`refund.failed`, `refund.updated`, `charge.refund.updated`), so its
    /// status counts, not the type.
    fn of_refund(refund: Refund) -> Self {
        let Some(status) = refund.status.filter(|status| matches!(&**status, "failed" | "canceled")) else {
            return Self::default();
        };
        let reason = refund.failure_reason.unwrap_or(status);
        Self {
            intent: refund.payment_intent,
            outcome: WebhookOutcome::RefundFailed { external_refund_id: refund.id, reason },
            amount: None,
            metadata: refund.metadata.unwrap_or_default(),
        }
    }
}

/// Reads the body of a webhook. [`verify`](super::verify) it first.
///
/// # Errors
/// When it is no event, or tells of an amount that is none.
pub fn parse(body: &[u8]) -> Result<WebhookEvent, InvalidWebhook> {
    let Envelope { id, kind, created, livemode, data: Data { object } } = serde_json::from_slice(body)?;
    let told = match object["object"].as_str() {
        Some("payment_intent") => Told::of_intent(&kind, serde_json::from_value(object)?)?,
        Some("refund") => Told::of_refund(serde_json::from_value(object)?),
        _ => Told::default(),
    };
    Ok(WebhookEvent {
        external_payment_id: told.intent.and_then(|id| ExternalPaymentId::parse(&id).ok()),
        payment_id: told.metadata.get(PAYMENT_ID).and_then(|id| id.parse().ok()),
        key: told.metadata.get(KEY).cloned(),
        outcome: told.outcome,
        amount: told.amount,
        livemode,
        created: Timestamp::from_micros(created.saturating_mul(1_000_000)),
        id,
        kind,
    })
}

fn outcome(kind: &str, error: Option<Reported>) -> WebhookOutcome {
    match kind {
        "payment_intent.succeeded" => WebhookOutcome::Succeeded,
        "payment_intent.payment_failed" => {
            let error = error.unwrap_or_default();
            let code = error.code().unwrap_or("card_declined").to_owned();
            WebhookOutcome::Failed { code, reason: error.reason() }
        }
        "payment_intent.requires_action" => WebhookOutcome::RequiresAction,
        "payment_intent.processing" => WebhookOutcome::Processing,
        "payment_intent.canceled" => WebhookOutcome::Canceled,
        _ => WebhookOutcome::Other,
    }
}
