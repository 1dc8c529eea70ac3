//! The port: what a provider is asked, and what it answers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::CustomerAction;
use crate::error::Kind;
use crate::id::PaymentId;
use crate::payment::{ExternalPaymentId, IdempotencyKey, PaymentToken};
use crate::value::{Currency, Money};

/// Moves money. An implementation is called under a deadline of the caller and may be dropped at any await: what it
/// had asked for by then is [`Unknown`](ProviderError::Unknown).
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// Takes the money. It is taken at most once under a key, however often this is called with it.
    ///
    /// # Errors
    /// [`Declined`](ProviderError::Declined) and [`Transient`](ProviderError::Transient) when for certain nothing was
    /// taken; [`Unknown`](ProviderError::Unknown) when it may have been;
    /// [`RequiresAction`](ProviderError::RequiresAction) when the customer must act first.
    async fn capture(&self, request: &CaptureRequest) -> Result<Captured, ProviderError>;

    /// What became of the capture under `request.key`. Takes nothing, whatever the answer. The rest of the request is
    /// what was sent with the key: a provider may need it to find the charge.
    ///
    /// `None`: the provider doesn't know the key at this moment. A call may still be on its way to it, so go on under
    /// the same key only.
    ///
    /// # Errors
    /// When the question has no answer; ask again.
    async fn find(&self, request: &CaptureRequest) -> Result<Option<ChargeState>, ProviderError>;

    /// What became of the capture under `request.key`, now that someone who should know says that the customer has
    /// acted. A provider that can look says what it sees, as [`find`](Self::find) does; only one that has nothing to
    /// look at takes their word. Takes nothing that was not asked for.
    ///
    /// # Errors
    /// When the question has no answer; ask again.
    async fn confirm(&self, request: &CaptureRequest) -> Result<Option<ChargeState>, ProviderError> {
        self.find(request).await
    }

    /// What the customer has to do before this charge, which was found to wait for them, goes on. `None` when it doesn't
    /// wait any more. Ask when the customer asks, and keep nothing of it.
    ///
    /// # Errors
    /// When the question has no answer; ask again.
    async fn action(&self, _charge: &ExternalPaymentId) -> Result<Option<CustomerAction>, ProviderError> {
        Ok(None)
    }

    /// For how long calls are held back, because too many have failed. None while they go through.
    fn held_back(&self) -> Option<Duration> {
        None
    }

    /// The smallest amount of this currency that can be moved: others can be if they are a multiple of it. One of the
    /// currency's smallest units, unless a provider counts in larger steps. Ask before a refund is recorded, since one of
    /// another amount could never be made.
    fn step(&self, currency: Currency) -> Money {
        Money::from_minor(1, currency)
    }

    /// Makes sure that the charge under `request.key` never takes money, also by a call that is still on its way. Call
    /// it before a payment is given up; it may be called however often. The rest of the request is what was sent with
    /// the key.
    ///
    /// An answer is for ever: what is [`Cancelled`](Cancellation::Cancelled) or [`Declined`](Cancellation::Declined)
    /// is never captured under this key. What is [`Captured`](Cancellation::Captured) was too late to cancel and is to
    /// be given back.
    ///
    /// # Errors
    /// When it isn't known whether the charge can still take money; call again.
    async fn cancel(&self, request: &CaptureRequest) -> Result<Cancellation, ProviderError>;

    /// Gives money back. It is given at most once under a key, however often this is called with it, so a refund is
    /// first committed, then called until it is answered.
    ///
    /// # Errors
    /// [`Declined`](ProviderError::Declined) when the provider refuses for good, which an operator has to settle;
    /// otherwise call again under the same key.
    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, ProviderError>;
}

/// A provider is passed around as an object.
const _: Option<&dyn PaymentProvider> = None;

#[async_trait]
impl<P: PaymentProvider + ?Sized> PaymentProvider for Arc<P> {
    async fn capture(&self, request: &CaptureRequest) -> Result<Captured, ProviderError> {
        (**self).capture(request).await
    }

    async fn find(&self, request: &CaptureRequest) -> Result<Option<ChargeState>, ProviderError> {
        (**self).find(request).await
    }

    async fn confirm(&self, request: &CaptureRequest) -> Result<Option<ChargeState>, ProviderError> {
        (**self).confirm(request).await
    }

    async fn action(&self, charge: &ExternalPaymentId) -> Result<Option<CustomerAction>, ProviderError> {
        (**self).action(charge).await
    }

    fn held_back(&self) -> Option<Duration> {
        (**self).held_back()
    }

    fn step(&self, currency: Currency) -> Money {
        (**self).step(currency)
    }

    async fn cancel(&self, request: &CaptureRequest) -> Result<Cancellation, ProviderError> {
        (**self).cancel(request).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, ProviderError> {
        (**self).refund(request).await
    }
}

/// A wish to take money. [`Payment::capture_request`](crate::payment::Payment::capture_request) makes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptureRequest {
    /// At most one capture happens under it.
    pub key: IdempotencyKey,
    /// What a webhook is matched by: pass it on as the provider's metadata.
    pub payment_id: PaymentId,
    /// What to take.
    pub amount: Money,
    /// What the customer pays with.
    pub token: PaymentToken,
    /// Counted from 1.
    pub attempt: u32,
}

/// A wish to give money back. [`Payment::refund_request`](crate::payment::Payment::refund_request) makes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundRequest {
    /// At most one refund happens under it.
    pub key: IdempotencyKey,
    /// The charge whose money it is.
    pub external_payment_id: ExternalPaymentId,
    /// What to give back.
    pub amount: Money,
}

/// The money was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Captured {
    /// The provider's id of the charge.
    pub external_payment_id: ExternalPaymentId,
    /// How much. None when the provider doesn't say.
    pub amount: Option<Money>,
}

impl Captured {
    /// Whether it is said to be something else than this amount.
    ///
    /// ```
    /// use commerce_core::payment::{Captured, ExternalPaymentId};
    /// use commerce_core::value::{Currency, Money};
    ///
    /// let (asked, euros) = (Money::from_minor(500, Currency::USD), Money::from_minor(500, Currency::EUR));
    /// let external_payment_id = ExternalPaymentId::parse("pi_1")?;
    /// let captured = Captured { external_payment_id, amount: Some(euros) };
    /// assert!(captured.differs_from(asked));
    /// # Ok::<(), commerce_core::payment::InvalidReference>(())
    /// ```
    pub fn differs_from(&self, asked: Money) -> bool {
        self.amount.is_some_and(|amount| amount != asked)
    }
}

/// The money is given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refunded {
    /// The provider's id of the refund.
    pub external_refund_id: String,
}

/// What became of a charge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeState {
    /// The money was taken.
    Captured(Captured),
    /// It was refused for good; nothing was or will be taken.
    Declined {
        /// The provider's stable code.
        code: String,
        /// The provider's sentence.
        reason: String,
    },
    /// The provider waits for the customer; a webhook tells how it ends.
    RequiresAction {
        /// The provider's id of the charge, by which the webhook names it.
        external_payment_id: ExternalPaymentId,
    },
    /// The provider is still at it; ask again.
    Processing,
    /// It was called off; nothing was or will be taken.
    Cancelled,
}

/// How calling off a charge has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancellation {
    /// It is called off: nothing was or will be taken under its key.
    Cancelled,
    /// It was refused for good before: nothing was or will be taken under its key.
    Declined {
        /// The provider's stable code.
        code: String,
        /// The provider's sentence.
        reason: String,
    },
    /// Too late: the money was taken. Give it back.
    Captured(Captured),
}

/// Why a provider has not done what it was asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProviderError {
    /// Refused for good: for certain nothing happened. The customer has to pay otherwise.
    #[error("the provider declined with {code}: {reason}")]
    Declined {
        /// The provider's stable code.
        code: String,
        /// The provider's sentence.
        reason: String,
    },
    /// For certain nothing happened, and it may at another attempt (under its own key).
    #[error("the provider can't do it now: {reason}")]
    Transient {
        /// What is in the way.
        reason: String,
    },
    /// No answer: it may or may not have happened. Ask with [`PaymentProvider::find`], never start another attempt.
    #[error("the provider gave no answer: {reason}")]
    Unknown {
        /// What went wrong.
        reason: String,
    },
    /// Nothing happened yet: the customer has to act, and a webhook tells how it ends.
    #[error("the customer has to act before {external_payment_id} goes on")]
    RequiresAction {
        /// The provider's id of the charge, by which the webhook names it.
        external_payment_id: ExternalPaymentId,
    },
}

impl ProviderError {
    /// A stable name for programs. A declined charge has the provider's own code besides.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Declined { .. } => "payment_declined",
            Self::Transient { .. } => "provider_unavailable",
            Self::Unknown { .. } => "provider_unknown",
            Self::RequiresAction { .. } => "requires_action",
        }
    }

    /// What a caller can do about it. All but a refusal is retryable under the same key without harm.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Declined { .. } => Kind::Terminal,
            Self::Transient { .. } | Self::Unknown { .. } | Self::RequiresAction { .. } => Kind::Retryable,
        }
    }

    /// Whether for certain nothing happened, nor will under this key.
    pub fn is_certain(&self) -> bool {
        matches!(self, Self::Declined { .. } | Self::Transient { .. })
    }
}
