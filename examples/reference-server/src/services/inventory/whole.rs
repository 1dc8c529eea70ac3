//! What is kept for whole orders, decided by ownership.

use commerce_core::Context;
use commerce_core::commit::{Commit, DocumentWrite};
use commerce_core::event::CodecError;
use commerce_core::id::{OrderId, ProductId};
use commerce_core::inventory::StockItem;
use commerce_core::inventory::reservation::{
    Line, Reservation, ReservationRejection, ReservationRequest, ReservationStatus, settle_with,
};
use commerce_core::owned::{Decision, Holding, OwnedError};
use commerce_core::store::StoreError;
use commerce_outbox::HandleError;

use super::alone::KeptAlone;
use super::{Inventory, RESERVATIONS, findable};

/// So often a decision is made again because goods of its order were kept or handed out by hand in the meantime.
const ATTEMPTS: usize = 10;

/// What is on record of a whole order.
pub(super) struct Whole {
    record: Option<Reservation>,
    version: u64,
}

impl Whole {
    pub(super) fn record(&self) -> Option<&Reservation> {
        self.record.as_ref()
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Whether the order has asked for nothing yet.
    pub(super) fn is_open(&self) -> bool {
        self.record().is_none_or(|record| record.status() == ReservationStatus::ItemByItem)
    }

    pub(super) fn write(&self, record: &Reservation) -> Result<DocumentWrite, CodecError> {
        findable(RESERVATIONS, record.order_id().to_string(), record, self.version)
    }

    /// The lines that a request is about.
    fn lines<'r>(&'r self, request: &'r ReservationRequest) -> &'r [Line] {
        match (self.record(), request) {
            (Some(record), _) if !self.is_open() => record.lines(),
            (_, ReservationRequest::Reserve { demand, .. }) => demand.lines(),
            _ => &[],
        }
    }
}

/// A request for a whole order, with all that its decision needs besides the items.
struct Asked<'a> {
    request: &'a ReservationRequest,
    whole: Whole,
    /// What its order has item by item, as far as that was looked for.
    alone: Vec<KeptAlone>,
}

impl Asked<'_> {
    fn ids(&self) -> Vec<ProductId> {
        self.whole.lines(self.request).iter().map(|line| line.product_id).collect()
    }

    /// What it comes to, written down, with what `finish` adds to `base`.
    fn decision(
        &self,
        held: &Holding<'_, StockItem>,
        context: &Context,
        base: Commit,
        finish: impl Fn(&Result<ReservationStatus, ReservationRejection>, Commit) -> Result<Commit, CodecError>,
    ) -> Result<Decision<StockItem, ()>, Undecided> {
        let item = |id: ProductId| held.get(&id).filter(|item| item.exists());
        self.agrees_with(item)?;
        let out = |id| self.alone.iter().find(|kept| kept.is_of(id)).map_or(0, KeptAlone::handed_out);
        let settlement = settle_with(self.whole.record(), self.request, item, out, context);
        let mut commit = base;
        if let Some(record) = &settlement.record {
            commit = commit.document(self.whole.write(record)?);
        }
        if settlement.answer == Ok(ReservationStatus::Active) {
            for kept in &self.alone {
                commit.documents.extend(kept.taken_over()?);
            }
        }
        let decision = Decision::new(()).with(finish(&settlement.answer, commit)?);
        Ok(settlement
            .changes
            .into_iter()
            .fold(decision, |decision, (id, events)| decision.events(id, events)))
    }

    /// Whether, before the order's first request to reserve, its items keep for it what its records say.
    fn agrees_with<'i>(&self, item: impl Fn(ProductId) -> Option<&'i StockItem>) -> Result<(), Undecided> {
        let ReservationRequest::Reserve { order_id, demand, .. } = self.request else { return Ok(()) };
        if !self.whole.is_open() {
            return Ok(());
        }
        let on_record = |id: ProductId| self.alone.iter().any(|kept| kept.is_of(id) && kept.is_active());
        let on_item = |id: ProductId| item(id).is_some_and(|item| item.hold(*order_id).is_some());
        let mut ids = demand.lines().iter().map(|line| line.product_id);
        match ids.find(|id| on_item(*id) != on_record(*id)) {
            Some(id) => Err(Undecided::KeptAlone(id)),
            None => Ok(()),
        }
    }
}

impl Inventory {
    /// Decides a request in memory, and commits it with what `finish` adds to `base`.
    ///
    /// # Errors
    /// When the store fails, or others were faster too often. A refusal is no error: `finish` is told of it.
    pub async fn decide(
        &self,
        request: ReservationRequest,
        context: &Context,
        base: Commit,
        finish: impl Fn(&Result<ReservationStatus, ReservationRejection>, Commit) -> Result<Commit, CodecError>,
    ) -> Result<(), HandleError> {
        let mut look = false;
        for _ in 0..ATTEMPTS {
            let asked = self.asked(&request, look, context).await?;
            let ids = asked.ids();
            let decided =
                self.items.decide(context, &ids, |held| asked.decision(held, context, base.clone(), &finish));
            match decided.await {
                Ok(_) => return Ok(()),
                Err(OwnedError::Rejected(Undecided::KeptAlone(_))) => look = true,
                Err(error) => return Err(error.into()),
            }
        }
        Err(HandleError::retryable("goods of the order are kept by hand at the same time, again and again"))
    }

    /// What a decision needs. What the order has item by item is looked for if its record tells of any, or `look` says so:
    /// for hardly any order.
    async fn asked<'a>(
        &self,
        request: &'a ReservationRequest,
        look: bool,
        context: &Context,
    ) -> Result<Asked<'a>, StoreError> {
        let order_id = request.order_id();
        let mut asked = Asked { request, whole: self.whole(context, order_id).await?, alone: Vec::new() };
        let is_told_of = asked.whole.is_open() && asked.whole.record().is_some();
        if look || is_told_of {
            for product_id in asked.ids() {
                asked.alone.push(self.kept_alone(context, order_id, product_id).await?);
            }
        }
        Ok(asked)
    }

    /// What is on record of an order as a whole.
    pub(super) async fn whole(&self, context: &Context, order_id: OrderId) -> Result<Whole, StoreError> {
        let found = self.store.document(context.tenant(), RESERVATIONS, &order_id.to_string()).await?;
        let record = found.as_ref().map(|document| document.json()).transpose()?;
        Ok(Whole { record, version: found.map_or(0, |document| document.version) })
    }
}

/// Why an order's request can't be decided yet.
#[derive(Debug, thiserror::Error)]
enum Undecided {
    #[error("what is kept of product {0} for the order by itself has changed")]
    KeptAlone(ProductId),
    #[error(transparent)]
    Codec(#[from] CodecError),
}
