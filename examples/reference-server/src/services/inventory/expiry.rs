//! What is kept for an order is given back when its time is up.

use std::time::Duration;

use commerce_core::Context;
use commerce_core::commit::Commit;
use commerce_core::event::CodecError;
use commerce_core::inventory::reservation::{Reservation, ReservationRequest, settle_alone};
use commerce_core::owned::Decision;
use commerce_core::store::{Document, Query, StoreError};
use commerce_outbox::HandleError;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::alone::KeptAlone;
use super::{Inventory, KEPT_ALONE, RESERVATIONS};

/// So often reservations are looked for whose time is up.
const EXPIRY_POLL: Duration = Duration::from_secs(1);
/// So many expired reservations are settled in one look.
const EXPIRED_AT_ONCE: usize = 10_000;

impl Inventory {
    /// Gives back, until `shutdown`, what was kept for orders whose time is up. It begins after `grace`: what was under
    /// way when a process ended has that long to be carried on, however long the process was gone.
    pub async fn run_expiry(&self, grace: Duration, shutdown: CancellationToken) {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(grace) => {}
        }
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(EXPIRY_POLL) => {}
            }
            if let Err(error) = self.expire_due().await {
                warn!(%error, "expired reservations are out of reach");
            }
        }
    }

    /// Gives back what was kept for orders whose time is up now. One that can't be settled does not stop the others.
    ///
    /// # Errors
    /// When the store can't be asked.
    pub async fn expire_due(&self) -> Result<(), StoreError> {
        let due = self.host.now();
        for collection in [RESERVATIONS, KEPT_ALONE] {
            let query = Query::all_tenants(collection)
                .at_most("expires_at", due)
                .ascending("expires_at")
                .limit(EXPIRED_AT_ONCE);
            for document in self.store.documents(&query).await? {
                if let Err(error) = self.expire(&document).await {
                    // Most often someone was faster. It is found again at the next look, if it is still there.
                    warn!(collection, reservation = document.id, %error, "a reservation was not expired");
                }
            }
        }
        Ok(())
    }

    async fn expire(&self, document: &Document) -> Result<(), HandleError> {
        let reservation: Reservation = document.json()?;
        let context = self.host.context().with_tenant(document.tenant.clone()).with_actor("expiry");
        if &*document.collection == KEPT_ALONE {
            return self.expire_alone(&reservation, document.version, &context).await;
        }
        let asked = ReservationRequest::Expire { order_id: reservation.order_id() };
        let base = Commit::within(&context);
        self.decide(asked, &context, base, |_, commit| Ok(commit)).await
    }

    /// Gives back what is kept for an order by itself, if its time is up.
    async fn expire_alone(
        &self,
        record: &Reservation,
        version: u64,
        context: &Context,
    ) -> Result<(), HandleError> {
        let order_id = record.order_id();
        let asked = ReservationRequest::Expire { order_id };
        for product_id in record.lines().iter().map(|line| line.product_id) {
            let kept = KeptAlone { order_id, product_id, record: Some(record.clone()), version };
            let ids = [product_id];
            let decided = self.items.decide(context, &ids, |held| {
                let item = held.get(&product_id);
                let settlement = settle_alone(Some(record), None, product_id, &asked, item, context);
                let mut commit = Commit::new();
                if let Some(record) = &settlement.record {
                    commit = commit.document(kept.write(record)?);
                }
                let events = settlement.changes.into_iter().flat_map(|(_, events)| events).collect();
                Ok::<_, CodecError>(Decision::new(()).events(product_id, events).with(commit))
            });
            decided.await?;
        }
        Ok(())
    }
}
