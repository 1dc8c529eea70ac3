//! What ends a payment that is under way: a webhook, someone who confirms it, or the provider's answer when it is asked
//! again.

use std::time::Duration;

use commerce_core::Context;
use commerce_core::commit::{Claim, Commit, CommitError, Conflict};
use commerce_core::id::PaymentId;
use commerce_core::payment::{
    ChargeState, ExternalPaymentId, NextStep, Payment, PaymentCommand, PaymentStatus,
};
use commerce_core::store::{Document, Query, StoreError};
use futures_util::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::awaited::AWAITED;
use super::books::events_of;
use super::by_hand::{ORDER_ENDED, give_all_back};
use super::differing;
use super::failed_refund::FailedRefund;
use super::{PaymentError, Payments};
use crate::services::{Session, bug};

/// The scope of the claims of webhooks that were taken in.
const TAKEN_IN: &str = "webhook/stripe";
/// So long a webhook is known again: far longer than a provider goes on sending it.
pub(super) const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// So often a webhook is decided anew when others were faster.
const ATTEMPTS: u32 = 10;
/// So often is looked whether the provider is to be asked again.
const LOOK: Duration = Duration::from_secs(5);
/// So many payments are asked for in one look.
const IN_ONE_LOOK: usize = 100;
/// So many of them at once: a provider that is silent about some must not keep the others waiting.
const AT_ONCE: usize = 16;

/// What a provider tells by itself.
pub(crate) struct Notice {
    /// The same when it is told again.
    pub(crate) event_id: String,
    /// Of which payment. None when it is none of ours.
    pub(crate) payment_id: Option<PaymentId>,
    /// Of what.
    pub(crate) told: Told,
}

/// What a provider tells of a payment.
pub(crate) enum Told {
    /// How it stands with the money.
    Charge(ChargeState),
    /// A refund failed after all.
    FailedRefund(FailedRefund),
    /// Nothing that matters here.
    Nothing,
}

/// A payment with what was recorded of it, and the commit that is to be made for it.
pub(crate) struct Recorded {
    /// As it will stand.
    pub(crate) payment: Session<Payment>,
    /// Its events and all that belongs to them.
    pub(crate) commit: Commit,
    /// The provider's id of the charge, while the payment is under way.
    pub(crate) charge: Option<ExternalPaymentId>,
}

impl Recorded {
    pub(super) fn is(&self, status: PaymentStatus) -> bool {
        self.payment.state().status() == Some(status)
    }
}

impl Payments {
    /// Decides what follows from a provider's answer: an end is told to whoever waits for it, a payment that stays under
    /// way stays awaited. What is captured for an order that has ended goes back with it.
    pub(super) async fn record(
        &self,
        mut payment: Session<Payment>,
        step: NextStep,
        context: &Context,
    ) -> Result<Recorded, PaymentError> {
        let awaited = self.awaited(&payment, context).await?;
        let awaited = match step {
            NextStep::Record(command) => {
                payment.decide(command, context)?;
                awaited
            }
            NextStep::AwaitWebhook { external_payment_id } => awaited.known_as(external_payment_id),
            NextStep::Differs(captured) => awaited.known_as(captured.external_payment_id),
            NextStep::Find | NextStep::CaptureAgain => awaited,
        };
        let pay_out = if self.outlives_its_order(payment.state(), context).await? {
            give_all_back(&mut payment, ORDER_ENDED, context)?
        } else {
            None
        };
        let commit = pay_out.into_iter().fold(events_of(&payment)?, Commit::message);
        let charge = awaited.charge_of(&payment);
        let commit = match payment.state().status() {
            Some(PaymentStatus::Processing) => awaited.asked_again().keep(&payment, context, commit)?,
            _ => awaited.tell(&payment, commit)?,
        };
        Ok(Recorded { payment, commit, charge })
    }

    /// Takes in what a provider has told, once.
    ///
    /// # Errors
    /// When it could not be taken in: it has to be told again.
    pub(crate) async fn take_in(&self, notice: &Notice, context: &Context) -> Result<(), PaymentError> {
        let mut attempt = 1;
        loop {
            if self.store.claimed(context.tenant(), TAKEN_IN, &notice.event_id).await?.is_some() {
                return Ok(());
            }
            let claim = Claim::new(TAKEN_IN, &notice.event_id).until(context.now().plus(KNOWN_FOR));
            let commit = Commit::within(context).and(self.effect_of(notice, context).await?).claim(claim);
            match self.store.commit(commit).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict(Conflict::Claim { key, .. })) if key.scope == TAKEN_IN => {
                    return Ok(());
                }
                Err(CommitError::Conflict(_)) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn effect_of(&self, notice: &Notice, context: &Context) -> Result<Commit, PaymentError> {
        let (payment_id, told) = match (&notice.told, notice.payment_id) {
            (Told::FailedRefund(failed), payment_id) => {
                return self.refund_failed(payment_id, failed, context).await;
            }
            (Told::Charge(told), Some(payment_id)) => (payment_id, told),
            (Told::Charge(_), None) | (Told::Nothing, _) => return Ok(Commit::new()),
        };
        let payment = Session::<Payment>::load(&self.store, context, payment_id).await?;
        if !payment.exists() {
            // Another shop may have the same account at the provider.
            warn!(event = notice.event_id, payment = %payment_id, "a webhook is about no payment of this shop");
            return Ok(Commit::new());
        }
        match NextStep::after_webhook(payment.state(), told) {
            None => Ok(Commit::new()),
            Some(NextStep::Record(command)) => {
                match self.record(payment, NextStep::Record(command), context).await {
                    Ok(recorded) => Ok(recorded.commit),
                    Err(PaymentError::Rejected(rejection)) => {
                        self.stray(payment_id, told, &rejection, context).await
                    }
                    Err(error) => Err(error),
                }
            }
            Some(NextStep::Differs(captured)) => Err(differing::refused(payment.state(), &captured)),
            Some(_) => self.effect_of_asking(payment, told, context).await,
        }
    }

    /// A webhook of an end that is not believed by itself. Of one that tells of another amount only the provider's word
    /// counts, and without a word of it the webhook is refused, so that the operator sees it at the provider too.
    async fn effect_of_asking(
        &self,
        payment: Session<Payment>,
        told: &ChargeState,
        context: &Context,
    ) -> Result<Commit, PaymentError> {
        match (self.find(payment.state()).await, told) {
            (NextStep::Find, _) => Err(PaymentError::ProviderUnavailable),
            (step @ NextStep::Record(PaymentCommand::Succeed { .. }), _) => {
                Ok(self.record(payment, step, context).await?.commit)
            }
            (_, ChargeState::Captured(captured)) => Err(differing::refused(payment.state(), captured)),
            (NextStep::Differs(_), _) => Err(PaymentError::CapturedDiffers),
            (NextStep::CaptureAgain, _) => Ok(Commit::new()),
            (step, _) => Ok(self.record(payment, step, context).await?.commit),
        }
    }

    /// Someone who should know says that the customer has acted. The provider's word counts, where it has one.
    ///
    /// # Errors
    /// When the payment is not under way; when the customer has not acted after all; when the provider doesn't say, or
    /// has taken something else.
    pub(crate) async fn confirm(
        &self,
        payment: Session<Payment>,
        context: &Context,
    ) -> Result<Recorded, PaymentError> {
        match self.confirmed(payment.state()).await {
            NextStep::AwaitWebhook { .. } => Err(PaymentError::RequiresAction),
            NextStep::Differs(_) => Err(PaymentError::CapturedDiffers),
            NextStep::Find | NextStep::CaptureAgain => Err(PaymentError::ProviderUnavailable),
            step => self.record(payment, step, context).await,
        }
    }

    /// Asks the provider again about payments of which nothing was heard, until `shutdown`: one that was processed for a
    /// client whose process died, or whose webhook was lost.
    pub async fn run_follow_up(&self, shutdown: CancellationToken) {
        while tokio::time::timeout(LOOK, shutdown.cancelled()).await.is_err() {
            if let Err(error) = self.follow_up().await {
                warn!(%error, "payments that are under way are out of reach");
            }
        }
    }

    /// Asks the provider about the payments whose time it is now. One that can't be settled does not stop the others.
    ///
    /// # Errors
    /// When the store can't be asked.
    pub async fn follow_up(&self) -> Result<(), StoreError> {
        let due = Query::all_tenants(AWAITED)
            .at_most("ask_at", self.host.now())
            .ascending("ask_at")
            .limit(IN_ONE_LOOK);
        let ask = |document: Document| async move {
            if let Err(error) = self.ask_again(&document).await {
                // Most often someone was faster. It is found again at the next look, if it is still there.
                warn!(payment = document.id, %error, "a payment was not settled");
            }
        };
        stream::iter(self.store.documents(&due).await?).for_each_concurrent(AT_ONCE, ask).await;
        Ok(())
    }

    async fn ask_again(&self, document: &Document) -> Result<(), PaymentError> {
        let context = self.host.context().with_tenant(document.tenant.clone()).with_actor("follow-up");
        let payment_id = document.id.parse().map_err(bug)?;
        let payment = Session::<Payment>::load(&self.store, &context, payment_id).await?;
        let step = if self.outlives_its_order(payment.state(), &context).await? {
            self.call_off(payment.state(), ORDER_ENDED).await
        } else {
            self.ask_provider(payment.state(), false).await
        };
        let Recorded { payment, commit, .. } = self.record(payment, step, &context).await?;
        self.store.commit(Commit::within(&context).and(commit)).await?;
        if let Some(status) = payment.state().status().filter(|status| *status != PaymentStatus::Processing) {
            info!(payment = document.id, %status, "a payment was settled by asking");
        }
        Ok(())
    }
}
