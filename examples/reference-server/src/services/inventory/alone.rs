//! What is kept for an order item by item: a record for each order and product, beside those of whole orders.
//!
//! The record's version is the barrier between requests for the same order and product; what several orders do to one
//! item is between their decisions about the item, as everywhere in this service.

use commerce_core::Context;
use commerce_core::commit::{Commit, DocumentWrite};
use commerce_core::event::CodecError;
use commerce_core::id::{OrderId, ProductId};
use commerce_core::inventory::StockItem;
use commerce_core::inventory::reservation::{
    Reservation, ReservationRequest, ReservationStatus, Settlement, settle_alone,
};
use commerce_core::owned::Decision;
use commerce_core::store::StoreError;
use commerce_outbox::HandleError;

use super::{Inventory, findable};
use crate::services::owned_error;

/// The records of what is kept for orders item by item, by [`kept_alone_id`].
pub const KEPT_ALONE: &str = "item-reservations";

/// Under which id the record of an order and a product is found.
pub fn kept_alone_id(order_id: OrderId, product_id: ProductId) -> String {
    format!("{order_id}/{product_id}")
}

/// What is on record of an order and a product.
pub(crate) struct KeptAlone {
    order_id: OrderId,
    product_id: ProductId,
    record: Option<Reservation>,
    version: u64,
}

impl KeptAlone {
    pub(crate) fn record(&self) -> Option<&Reservation> {
        self.record.as_ref()
    }

    /// What the request comes to. An item that was never in stock is none.
    pub(crate) fn settle(
        &self,
        asked: &ReservationRequest,
        item: Option<&StockItem>,
        context: &Context,
    ) -> Settlement {
        settle_alone(self.record(), asked, item, context)
    }

    /// The record as it is to be written, if nobody has written it since.
    pub(crate) fn write(&self, record: &Reservation) -> Result<DocumentWrite, CodecError> {
        findable(KEPT_ALONE, kept_alone_id(self.order_id, self.product_id), record, self.version)
    }

    /// The end of the record, if it keeps something: that is part of the whole order's reservation from now on.
    pub(super) fn taken_over(&self) -> Result<Option<DocumentWrite>, CodecError> {
        let active = self.record().filter(|record| record.status() == ReservationStatus::Active);
        active.map(|record| self.write(&record.taken_over())).transpose()
    }
}

/// Of `found`, the records of what the items keep already for an order that has not reserved yet.
///
/// # Errors
/// An item that keeps something and whose record was not looked for.
pub(super) fn kept_already<'f, 'i>(
    asked: &ReservationRequest,
    item: impl Fn(ProductId) -> Option<&'i StockItem>,
    found: &'f [KeptAlone],
) -> Result<Vec<&'f KeptAlone>, ProductId> {
    let ReservationRequest::Reserve { order_id, demand, .. } = asked else { return Ok(Vec::new()) };
    let lines = demand.lines().iter().map(|line| line.product_id);
    let kept = lines.filter(|id| item(*id).is_some_and(|item| item.hold(*order_id).is_some()));
    kept.map(|id| found.iter().find(|kept| kept.product_id == id).ok_or(id)).collect()
}

impl Inventory {
    /// What is on record of an order and a product.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) async fn kept_alone(
        &self,
        context: &Context,
        order_id: OrderId,
        product_id: ProductId,
    ) -> Result<KeptAlone, StoreError> {
        let id = kept_alone_id(order_id, product_id);
        let document = self.store.document(context.tenant(), KEPT_ALONE, &id).await?;
        let record = document.as_ref().map(|document| document.json()).transpose()?;
        let version = document.map_or(0, |document| document.version);
        Ok(KeptAlone { order_id, product_id, record, version })
    }

    /// Gives back what is kept for an order by itself, if its time is up.
    pub(super) async fn expire_alone(
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
                let settlement = kept.settle(&asked, held.get(&product_id), context);
                let mut commit = Commit::new();
                if let Some(record) = &settlement.record {
                    commit = commit.document(kept.write(record)?);
                }
                let events = settlement.changes.into_iter().flat_map(|(_, events)| events).collect();
                Ok::<_, CodecError>(Decision::new(()).events(product_id, events).with(commit))
            });
            decided.await.map_err(owned_error)?;
        }
        Ok(())
    }
}
