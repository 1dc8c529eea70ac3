//! A payment that a client has processed.

use std::time::Duration;

use commerce_core::Context;
use commerce_core::commit::Commit;
use commerce_core::payment::{NextStep, Payment, PaymentCommand, PaymentStatus, PaymentToken};

use super::awaited::Awaited;
use super::books::events_of;
use super::settle::Recorded;
use super::{PaymentError, Payments};
use crate::services::Session;

/// So many attempts are made while the client waits.
const ATTEMPTS: u32 = 3;
/// The wait after the first; it doubles.
const PAUSE: Duration = Duration::from_millis(100);

/// A payment of which it is durable that the provider is called.
pub(crate) struct Announced {
    payment: Session<Payment>,
    /// The provider has not been called in this attempt.
    fresh: bool,
}

impl Payments {
    /// Makes durable that the provider is about to be called, and that it will be asked what became of that if this
    /// process doesn't live to know. A payment that is processed with this token already stays as it is.
    ///
    /// # Errors
    /// When the payment can't be processed, or its order has ended; when the provider is out of order, in which case nothing is written; when
    /// someone else has changed the payment ([`Kind::Conflict`](commerce_core::error::Kind::Conflict)).
    pub(crate) async fn announce(
        &self,
        mut payment: Session<Payment>,
        token: PaymentToken,
        context: &Context,
    ) -> Result<Announced, PaymentError> {
        if self.outlives_its_order(payment.state(), context).await? {
            return Err(PaymentError::OrderEnded);
        }
        let attempt = payment.state().attempt().max(1);
        payment.decide(PaymentCommand::StartProcessing { attempt, token }, context)?;
        if let Some(retry_after) = self.provider.held_back() {
            return Err(PaymentError::CircuitOpen { retry_after });
        }
        if payment.events().is_empty() {
            return Ok(Announced { payment, fresh: false });
        }
        let commit = Commit::within(context).and(events_of(&payment)?);
        self.store.commit(Awaited::default().keep(&payment, context, commit)?).await?;
        Ok(Announced { payment: payment.committed(), fresh: true })
    }

    /// Has the provider take the money, and answers what is to be committed of it, if anything. A payment that is under
    /// way still waits for the customer, or for an answer that the provider owes.
    ///
    /// # Errors
    /// When the provider is out of order or can't take the money now: the payment is under way, and can be processed
    /// again.
    pub(crate) async fn charge(
        &self,
        announced: Announced,
        context: &Context,
    ) -> Result<Recorded, PaymentError> {
        let Announced { mut payment, mut fresh } = announced;
        for tried in 0..ATTEMPTS {
            let step = self.ask_provider(payment.state(), fresh).await;
            match step {
                NextStep::Record(next @ PaymentCommand::StartProcessing { .. }) => {
                    payment.decide(next, context)?;
                    self.store.commit(Commit::within(context).and(events_of(&payment)?)).await?;
                    (payment, fresh) = (payment.committed(), true);
                    tokio::time::sleep(PAUSE.saturating_mul(2_u32.saturating_pow(tried))).await;
                }
                step => {
                    let recorded = self.record(payment, step, context).await?;
                    return match self.provider.held_back() {
                        Some(retry_after) if recorded.is(PaymentStatus::Processing) => {
                            Err(PaymentError::CircuitOpen { retry_after })
                        }
                        _ => Ok(recorded),
                    };
                }
            }
        }
        Err(PaymentError::ProviderUnavailable)
    }
}
