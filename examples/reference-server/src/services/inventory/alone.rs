//! What is kept for an order item by item: a record for each order and product, beside those of whole orders.
//!
//! The record's version is the barrier between requests for the same order and product; what several orders do to one
//! item is between their decisions about the item, as everywhere in this service. Between what is kept item by item and
//! the order's checkout, the barrier is the version of the whole order's record, which both write.

use commerce_core::Context;
use commerce_core::commit::DocumentWrite;
use commerce_core::event::CodecError;
use commerce_core::id::{OrderId, ProductId};
use commerce_core::inventory::StockItem;
use commerce_core::inventory::reservation::{
    Reservation, ReservationRequest, ReservationStatus, Settlement, settle_alone,
};
use commerce_core::store::StoreError;

use super::whole::Whole;
use super::{Inventory, findable};

/// The records of what is kept for orders item by item, by [`kept_alone_id`].
pub const KEPT_ALONE: &str = "item-reservations";

/// Under which id the record of an order and a product is found.
pub fn kept_alone_id(order_id: OrderId, product_id: ProductId) -> String {
    format!("{order_id}/{product_id}")
}

/// What is on record of an order and a product.
pub(super) struct KeptAlone {
    pub(super) order_id: OrderId,
    pub(super) product_id: ProductId,
    pub(super) record: Option<Reservation>,
    pub(super) version: u64,
}

impl KeptAlone {
    pub(super) fn is_of(&self, product_id: ProductId) -> bool {
        self.product_id == product_id
    }

    pub(super) fn is_active(&self) -> bool {
        self.status() == Some(ReservationStatus::Active)
    }

    /// How many are out.
    pub(super) fn handed_out(&self) -> u64 {
        let confirmed = self.record.iter().filter(|record| record.status() == ReservationStatus::Confirmed);
        confirmed.flat_map(Reservation::lines).map(|line| line.quantity).sum()
    }

    fn status(&self) -> Option<ReservationStatus> {
        self.record.as_ref().map(Reservation::status)
    }

    /// The record as it is to be written, if nobody has written it since.
    pub(super) fn write(&self, record: &Reservation) -> Result<DocumentWrite, CodecError> {
        findable(KEPT_ALONE, kept_alone_id(self.order_id, self.product_id), record, self.version)
    }

    /// The end of the record, if something is kept or out: that is part of the whole order's reservation from now on.
    pub(super) fn taken_over(&self) -> Result<Option<DocumentWrite>, CodecError> {
        let live = self.record.as_ref().filter(|record| !record.came_to_nothing());
        live.map(|record| self.write(&record.taken_over())).transpose()
    }
}

/// What people who ask for an item of an order find on record.
pub(crate) struct ByHand {
    kept: KeptAlone,
    whole: Whole,
}

impl ByHand {
    pub(crate) fn record(&self) -> Option<&Reservation> {
        self.kept.record.as_ref()
    }

    /// Whether something else was found than before.
    pub(crate) fn differs_from(&self, before: &Self) -> bool {
        self.versions() != before.versions()
    }

    fn versions(&self) -> (u64, u64) {
        (self.kept.version, self.whole.version())
    }

    /// What the request comes to. An item that was never in stock is none.
    pub(crate) fn settle(
        &self,
        asked: &ReservationRequest,
        item: Option<&StockItem>,
        context: &Context,
    ) -> Settlement {
        settle_alone(self.record(), self.whole.record(), self.kept.product_id, asked, item, context)
    }

    /// The record as it is to be written, if nobody has written it since. What is newly kept is told to the checkout that
    /// may come, and must not have come.
    pub(crate) fn writes(&self, record: &Reservation) -> Result<Vec<DocumentWrite>, CodecError> {
        let mut writes = vec![self.kept.write(record)?];
        if record.status() == ReservationStatus::Active && self.whole.is_open() {
            writes.push(self.whole.write(&Reservation::item_by_item(record.order_id()))?);
        }
        Ok(writes)
    }
}

impl Inventory {
    /// What is on record of an order and a product.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(super) async fn kept_alone(
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

    /// What is on record of an order and a product, for those who work on it by hand.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) async fn by_hand(
        &self,
        context: &Context,
        order_id: OrderId,
        product_id: ProductId,
    ) -> Result<ByHand, StoreError> {
        let kept = self.kept_alone(context, order_id, product_id).await?;
        Ok(ByHand { kept, whole: self.whole(context, order_id).await? })
    }
}
