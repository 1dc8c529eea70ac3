//! The provider.

use std::time::Duration;

use async_trait::async_trait;
use commerce_core::payment::{
    Cancellation, CaptureRequest, Captured, ChargeState, CustomerAction, ExternalPaymentId, PaymentProvider,
    ProviderError, RefundRequest, Refunded,
};
use commerce_core::value::{Currency, Money};
use secrecy::SecretString;

use super::amount::smallest;
use super::client::ApiClient;
use super::failure::Failure;
use super::intent::{Intent, Progress};
use super::locate::NotOpened;
use super::{InvalidStripeOptions, StripeOptions};
use crate::resilience::CircuitBreaker;

/// Takes money by Stripe, and gives it back. The module's page says how, and what holds.
///
/// ```
/// use commerce_adapters::stripe::{Stripe, StripeOptions};
///
/// let stripe = Stripe::new("sk_test_123".to_owned().into(), &StripeOptions::default())?;
/// assert!(!format!("{stripe:?}").contains("sk_test"));
/// # Ok::<(), commerce_adapters::stripe::InvalidStripeOptions>(())
/// ```
#[derive(Debug)]
pub struct Stripe {
    api: ApiClient,
}

impl Stripe {
    /// With this secret key. Nothing is sent yet.
    ///
    /// # Errors
    /// When the options can't work.
    pub fn new(secret_key: SecretString, options: &StripeOptions) -> Result<Self, InvalidStripeOptions> {
        Ok(Self { api: ApiClient::new(secret_key, options)? })
    }

    /// What holds requests back while Stripe is out of order; for metrics.
    pub fn breaker(&self) -> &CircuitBreaker {
        self.api.breaker()
    }

    /// Whether it takes real money, by its key: what its webhooks say of themselves must agree. None if the key doesn't
    /// say.
    ///
    /// ```
    /// use commerce_adapters::stripe::{Stripe, StripeOptions};
    ///
    /// let livemode = |key: &str| Ok(Stripe::new(key.to_owned().into(), &StripeOptions::default())?.livemode());
    /// assert_eq!((livemode("sk_live_1")?, livemode("rk_test_1")?), (Some(true), Some(false)));
    /// # Ok::<(), commerce_adapters::stripe::InvalidStripeOptions>(())
    /// ```
    pub fn livemode(&self) -> Option<bool> {
        self.api.livemode()
    }

    /// A confirmation that failed, though not because of the card: an intent that was not touched by it is called off,
    /// and only then it is said that nothing happened.
    async fn settle(&self, id: &str, unless_touched: ProviderError) -> Result<Captured, ProviderError> {
        let intent = self.api.look(id).await?;
        if intent.progress() != Progress::Untouched {
            return intent.answer();
        }
        let closed = self.api.close(id).await?;
        if closed.progress() == Progress::Captured { closed.answer() } else { Err(unless_touched) }
    }
}

#[async_trait]
impl PaymentProvider for Stripe {
    async fn capture(&self, request: &CaptureRequest) -> Result<Captured, ProviderError> {
        let intent = self.api.open(request).await?;
        match self.api.confirm(&intent, request.token.as_str()).await {
            Ok(confirmed) => confirmed.answer(),
            Err(Failure::Refused(refusal)) => {
                let declined = ProviderError::Declined { code: refusal.code(), reason: refusal.reason() };
                if refusal.is_of_card() { Err(declined) } else { self.settle(&intent.id, declined).await }
            }
            Err(failure @ Failure::Server { kept: true, .. }) => {
                let transient = ProviderError::Transient { reason: failure.to_string() };
                self.settle(&intent.id, transient).await
            }
            Err(failure) => Err(failure.into()),
        }
    }

    async fn find(&self, request: &CaptureRequest) -> Result<Option<ChargeState>, ProviderError> {
        let intents = match self.api.intents_of(request).await {
            Err(NotOpened::Never { code, reason }) => {
                return Ok(Some(ChargeState::Declined { code, reason }));
            }
            intents => intents?,
        };
        let Some(furthest) = furthest(intents) else { return Ok(None) };
        Ok(match furthest.progress_of(request.amount) {
            Progress::Untouched => None,
            Progress::Cancelled => Some(ChargeState::Cancelled),
            Progress::RequiresAction => {
                Some(ChargeState::RequiresAction { external_payment_id: furthest.external_id()? })
            }
            Progress::Processing => Some(ChargeState::Processing),
            Progress::Captured => Some(ChargeState::Captured(furthest.captured()?)),
            Progress::Declined { code, reason } => {
                // Another card could still pay it, by someone who has its client secret.
                let closed = self.api.close(&furthest.id).await?;
                Some(match closed.progress() {
                    Progress::Captured => ChargeState::Captured(closed.captured()?),
                    _ => ChargeState::Declined { code, reason },
                })
            }
        })
    }

    async fn action(&self, charge: &ExternalPaymentId) -> Result<Option<CustomerAction>, ProviderError> {
        Ok(self.api.look(charge.as_str()).await?.action())
    }

    fn held_back(&self) -> Option<Duration> {
        self.breaker().held_back()
    }

    fn step(&self, currency: Currency) -> Money {
        smallest(currency)
    }

    async fn cancel(&self, request: &CaptureRequest) -> Result<Cancellation, ProviderError> {
        let intents = match self.api.intents_of(request).await {
            Err(NotOpened::Never { code, reason }) => return Ok(Cancellation::Declined { code, reason }),
            intents => intents?,
        };
        // The one to confirm comes first, so that `find` sees nothing cancelled while that one may still be confirmed.
        let mut closed = Vec::with_capacity(intents.len());
        for intent in &intents {
            let ended = self.api.close(&intent.id).await?;
            // Once cancelled, an intent may not say any more why it was declined.
            let declined = matches!(intent.progress(), Progress::Declined { .. }) && ended.is_cancelled();
            closed.push(if declined { intent.clone() } else { ended });
        }
        Ok(match furthest(closed) {
            Some(intent) => match intent.progress_of(request.amount) {
                Progress::Captured => Cancellation::Captured(intent.captured()?),
                Progress::Declined { code, reason } => Cancellation::Declined { code, reason },
                _ => Cancellation::Cancelled,
            },
            None => Cancellation::Cancelled,
        })
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, ProviderError> {
        self.api.refund(request).await
    }
}

fn furthest(intents: Vec<Intent>) -> Option<Intent> {
    intents.into_iter().max_by_key(Intent::progress)
}

impl From<NotOpened> for ProviderError {
    fn from(not_opened: NotOpened) -> Self {
        match not_opened {
            NotOpened::Never { code, reason } => Self::Declined { code, reason },
            NotOpened::Unknown(failure) => failure.into(),
        }
    }
}
