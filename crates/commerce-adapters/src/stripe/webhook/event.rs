//! What a webhook says.

use std::collections::BTreeMap;

use commerce_core::id::PaymentId;
use commerce_core::payment::{Captured, ChargeState, ExternalPaymentId};
use commerce_core::time::Timestamp;
use commerce_core::value::Money;
use serde::Deserialize;

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
    /// The intent it is about, if it is about one.
    pub external_payment_id: Option<ExternalPaymentId>,
    /// Our payment, if the intent was made here.
    pub payment_id: Option<PaymentId>,
    /// The key under which the intent was made, if it was made here.
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Anything else.
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
            WebhookOutcome::Other => return None,
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
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    object: Option<String>,
    #[serde(flatten)]
    received: Received,
    #[serde(default)]
    last_payment_error: Option<Reported>,
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
}

/// Reads the body of a webhook. [`verify`](super::verify) it first.
///
/// # Errors
/// When it is no event, or tells of an amount that is none.
pub fn parse(body: &[u8]) -> Result<WebhookEvent, InvalidWebhook> {
    let Envelope { id, kind, created, livemode, data: Data { object } } = serde_json::from_slice(body)?;
    let is_intent = object.object.as_deref() == Some("payment_intent");
    let outcome = if is_intent { outcome(&kind, object.last_payment_error) } else { WebhookOutcome::Other };
    let amount = if is_intent { object.received.amount()? } else { None };
    let metadata = object.metadata.filter(|_| is_intent).unwrap_or_default();
    Ok(WebhookEvent {
        external_payment_id: object
            .id
            .filter(|_| is_intent)
            .and_then(|id| ExternalPaymentId::parse(&id).ok()),
        payment_id: metadata.get(PAYMENT_ID).and_then(|id| id.parse().ok()),
        key: metadata.get(KEY).cloned(),
        outcome,
        amount,
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
