//! A provider without money, for trying things out.

use async_trait::async_trait;
use uuid::Uuid;

use super::{
    Cancellation, CaptureRequest, Captured, ChargeState, CustomerAction, PaymentProvider, ProviderError,
    RefundRequest, Refunded,
};
use crate::identity::Secret;
use crate::payment::{ExternalPaymentId, IdempotencyKey};

/// The namespace of the ids below. Never change it: a restart must not change an answer.
const NAMESPACE: Uuid = Uuid::from_u128(0x8f1d_5c0e_2b7a_4e63_9a41_c6d2_70b3_1e95);
/// The attempt at which `tok_flaky` gives in.
const FLAKY_SUCCEEDS_AT: u32 = 3;

/// A provider without money. It keeps nothing: each answer follows from the request, so it is the same after a
/// restart and in every process.
///
/// | token | capture | find | cancel |
/// |---|---|---|---|
/// | `tok_visa` | captured | captured | too late: captured |
/// | `tok_declined` | declined, `card_declined` | declined | declined |
/// | `tok_insufficient_funds` | declined, `insufficient_funds` | declined | declined |
/// | `tok_timeout` | never answers | `None`: it never arrived | cancelled |
/// | `tok_flaky` | transient in the attempts 1 and 2, then captured | `None`, then captured | cancelled, then captured |
/// | `tok_requires_action` | requires action | requires action: only the webhook knows better | cancelled |
/// | any other | declined, `invalid_token` | declined | declined |
///
/// `tok_requires_action` is captured once it is [confirmed](PaymentProvider::confirm): there is no customer to look at.
/// What the customer has to do is made of the charge's id, whichever it is.
/// What is cancelled never captures, but isn't remembered: asked for, it is as if it had not been cancelled.
/// Refunds always succeed.
#[derive(Clone, Copy, Debug, Default)]
pub struct FakeProvider;

#[async_trait]
impl PaymentProvider for FakeProvider {
    async fn capture(&self, request: &CaptureRequest) -> Result<Captured, ProviderError> {
        match verdict(request) {
            Verdict::Captured => Ok(captured(request)),
            Verdict::Declined { code, reason } => {
                Err(ProviderError::Declined { code: code.to_owned(), reason: reason.to_owned() })
            }
            Verdict::Silent => std::future::pending().await,
            Verdict::Unavailable => {
                Err(ProviderError::Transient { reason: "the fake provider is flaky".to_owned() })
            }
            Verdict::RequiresAction => {
                Err(ProviderError::RequiresAction { external_payment_id: external_payment_id(&request.key) })
            }
        }
    }

    async fn find(&self, request: &CaptureRequest) -> Result<Option<ChargeState>, ProviderError> {
        Ok(match verdict(request) {
            Verdict::Captured => Some(ChargeState::Captured(captured(request))),
            Verdict::Declined { code, reason } => {
                Some(ChargeState::Declined { code: code.to_owned(), reason: reason.to_owned() })
            }
            Verdict::Silent | Verdict::Unavailable => None,
            Verdict::RequiresAction => {
                Some(ChargeState::RequiresAction { external_payment_id: external_payment_id(&request.key) })
            }
        })
    }

    async fn confirm(&self, request: &CaptureRequest) -> Result<Option<ChargeState>, ProviderError> {
        match verdict(request) {
            Verdict::RequiresAction => Ok(Some(ChargeState::Captured(captured(request)))),
            _ => self.find(request).await,
        }
    }

    async fn action(&self, charge: &ExternalPaymentId) -> Result<Option<CustomerAction>, ProviderError> {
        let name = Uuid::new_v5(&NAMESPACE, charge.as_str().as_bytes());
        let client_secret = Secret::new(format!("{charge}_secret_{}", name.simple()));
        Ok(Some(CustomerAction { client_secret, redirect_url: None }))
    }

    async fn cancel(&self, request: &CaptureRequest) -> Result<Cancellation, ProviderError> {
        Ok(match verdict(request) {
            Verdict::Captured => Cancellation::Captured(captured(request)),
            Verdict::Declined { code, reason } => {
                Cancellation::Declined { code: code.to_owned(), reason: reason.to_owned() }
            }
            Verdict::Silent | Verdict::Unavailable | Verdict::RequiresAction => Cancellation::Cancelled,
        })
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, ProviderError> {
        Ok(Refunded { external_refund_id: format!("fake_re_{}", derived(&request.key).simple()) })
    }
}

enum Verdict {
    Captured,
    Declined { code: &'static str, reason: &'static str },
    Silent,
    Unavailable,
    RequiresAction,
}

fn verdict(request: &CaptureRequest) -> Verdict {
    match request.token.as_str() {
        "tok_visa" => Verdict::Captured,
        "tok_declined" => Verdict::Declined { code: "card_declined", reason: "the card was declined" },
        "tok_insufficient_funds" => {
            Verdict::Declined { code: "insufficient_funds", reason: "the card has insufficient funds" }
        }
        "tok_timeout" => Verdict::Silent,
        "tok_flaky" if request.attempt < FLAKY_SUCCEEDS_AT => Verdict::Unavailable,
        "tok_flaky" => Verdict::Captured,
        "tok_requires_action" => Verdict::RequiresAction,
        _ => Verdict::Declined { code: "invalid_token", reason: "the fake provider knows no such token" },
    }
}

fn captured(request: &CaptureRequest) -> Captured {
    Captured { external_payment_id: external_payment_id(&request.key), amount: Some(request.amount) }
}

fn external_payment_id(key: &IdempotencyKey) -> ExternalPaymentId {
    ExternalPaymentId::made(format!("fake_pi_{}", derived(key).simple()))
}

fn derived(key: &IdempotencyKey) -> Uuid {
    Uuid::new_v5(&NAMESPACE, key.as_str().as_bytes())
}
