//! Payments whose end is awaited: by a saga, which is answered with it, and by this service, which asks the provider
//! again as long as nothing is heard.
//!
//! The record is written in the commit that leaves a payment under way, and deleted in the commit that ends it. Both
//! expect the payment's version, so that an end is never overlooked.

use std::time::Duration;

use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::payment::{ExternalPaymentId, Payment, PaymentStatus};
use commerce_core::stream::{StreamId, Version};
use commerce_core::{Context, Timestamp};
use commerce_outbox::HandleError;
use commerce_saga::{Reply, Request};
use serde::{Deserialize, Serialize};

use super::{PaymentError, Payments};
use crate::services::Session;

/// One document for each payment whose end is awaited, under the payment's id: by `external_payment_id`, if the
/// provider has said it, and by `ask_at`.
pub(crate) const AWAITED: &str = "awaited-payments";
/// After so long the provider is asked again; after twice as long the next time, and so on.
const ASK_AFTER: Duration = Duration::from_secs(60);
/// But so often at least.
const ASK_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Who waits for a payment's end, and what is known of the charge.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Awaited {
    #[serde(skip)]
    version: Version,
    /// The provider's id of the charge, once it has said it.
    external_payment_id: Option<ExternalPaymentId>,
    /// The saga's request that is to be answered.
    request: Option<Request>,
    /// How often it was found to be under way.
    asked: u32,
}

impl Awaited {
    fn put(&self, id: &str, ask_at: Timestamp) -> Result<DocumentWrite, HandleError> {
        let write = DocumentWrite::json(AWAITED, id, Expected::Version(self.version), self)?;
        let write = write.field("ask_at", ask_at);
        Ok(match &self.external_payment_id {
            Some(external) => write.field("external_payment_id", external.as_str()),
            None => write,
        })
    }

    /// The charge is known by this id from now on.
    pub(super) fn known_as(self, external_payment_id: ExternalPaymentId) -> Self {
        Self { external_payment_id: Some(external_payment_id), ..self }
    }

    /// This request is to be answered, in the place of an earlier one.
    pub(super) fn answering(self, request: Request) -> Self {
        Self { request: Some(request), ..self }
    }

    /// The payment is under way still: keeps this, provided that it has not ended meanwhile.
    pub(super) fn keep(
        &self,
        payment: &Session<Payment>,
        context: &Context,
        commit: Commit,
    ) -> Result<Commit, HandleError> {
        let wait = ASK_AFTER.saturating_mul(2_u32.saturating_pow(self.asked)).min(ASK_EVERY);
        let commit = commit.document(self.put(&payment.id().to_string(), context.now().plus(wait))?);
        Ok(if payment.events().is_empty() { unchanged(payment, commit) } else { commit })
    }

    /// The provider is asked at once. Whoever is about to record an end on what was known before has to decide anew.
    pub(super) fn at_once(
        self,
        payment: &Session<Payment>,
        context: &Context,
    ) -> Result<Commit, HandleError> {
        let soon = Self { asked: 0, ..self }.put(&payment.id().to_string(), context.now())?;
        Ok(unchanged(payment, Commit::new().document(soon)))
    }

    /// The payment has ended: nothing is awaited any more.
    pub(super) fn forget(&self, payment: &Session<Payment>, commit: Commit) -> Commit {
        if self.version == 0 {
            return commit;
        }
        let expected = Expected::Version(self.version);
        commit.document(DocumentWrite::delete(AWAITED, payment.id().to_string(), expected))
    }

    /// The same, and whoever waits is told.
    pub(super) fn tell(&self, payment: &Session<Payment>, commit: Commit) -> Result<Commit, HandleError> {
        let commit = self.forget(payment, commit);
        match (&self.request, end_of(payment.state())?) {
            (Some(request), Some(reply)) => Ok(request.answer(commit, &reply)?),
            _ => Ok(commit),
        }
    }

    /// The provider's id of the charge, while the payment is under way.
    pub(super) fn charge_of(&self, payment: &Session<Payment>) -> Option<ExternalPaymentId> {
        let is_under_way = payment.state().status() == Some(PaymentStatus::Processing);
        self.external_payment_id.clone().filter(|_| is_under_way)
    }

    /// Once more it was found to be under way.
    pub(super) fn asked_again(self) -> Self {
        Self { asked: self.asked.saturating_add(1), ..self }
    }
}

impl Payments {
    /// The provider's id of the charge of a payment that is under way, once the provider has said it.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn charge_of(
        &self,
        payment: &Session<Payment>,
        context: &Context,
    ) -> Result<Option<ExternalPaymentId>, PaymentError> {
        if payment.state().status() != Some(PaymentStatus::Processing) {
            return Ok(None);
        }
        Ok(self.awaited(payment, context).await?.charge_of(payment))
    }

    /// Who waits for a payment's end; no one, if there is no record.
    pub(super) async fn awaited(
        &self,
        payment: &Session<Payment>,
        context: &Context,
    ) -> Result<Awaited, PaymentError> {
        let found = self.store.document(context.tenant(), AWAITED, &payment.id().to_string()).await?;
        match found {
            Some(document) => Ok(Awaited { version: document.version, ..document.json()? }),
            None => Ok(Awaited::default()),
        }
    }
}

/// Provided that the payment has not changed meanwhile.
fn unchanged(payment: &Session<Payment>, commit: Commit) -> Commit {
    let expected = Expected::Version(payment.loaded_version());
    commit.append(StreamId::of::<Payment>(payment.id()), expected, Vec::new())
}

/// How a payment has ended, in the words of a saga's reply. None while it is under way.
pub(super) fn end_of(payment: &Payment) -> Result<Option<Reply>, HandleError> {
    Ok(match payment.status() {
        Some(PaymentStatus::Failed | PaymentStatus::Cancelled) => {
            let (code, reason) =
                payment.failure().map_or(("cancelled", "the payment was cancelled"), |failure| {
                    (&failure.code, &failure.reason)
                });
            Some(Reply::failed(code, reason))
        }
        Some(status) if status.is_captured() => Some(Reply::done(&())?),
        _ => None,
    })
}
