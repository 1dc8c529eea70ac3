//! What the order service hears of shipments: orders are shipped and delivered as their parcels are.

use std::time::Duration;

use async_trait::async_trait;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::event::CodecError;
use commerce_core::id::{OrderId, ShipmentId};
use commerce_core::order::{Order, OrderCommand, OrderStatus};
use commerce_core::shipping::{Carrier, Shipment, ShipmentEvent, TrackingNumber};
use commerce_core::store::{Document, Query, StoreError};
use commerce_core::{Aggregate, Context};
use commerce_outbox::{Envelope, HandleError, Handled, Handler, PublishedEvent, Scope};
use serde::{Deserialize, Serialize};

use super::shipment_of;
use crate::services::{Session, bug};

/// The parcels under way, by their shipment's id; those that are not their order's own can be found by `order`, too.
pub const PARCELS: &str = "parcels";

/// So long another parcel of an order waits for the first word of the order's own, which may be none: a checkout that was
/// given up has made none, and older programs kept nothing of one that had ended.
const FIRST_WORD: Duration = Duration::from_mins(1);

/// Only the first event of a shipment says whose it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Parcel {
    order_id: OrderId,
    tracking_number: TrackingNumber,
    carrier: Carrier,
    /// Older programs didn't write it.
    #[serde(default)]
    stage: Stage,
}

/// How far a parcel has come. Of an order's own, the order says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    #[default]
    Packed,
    Sent,
    Delivered,
    /// It reaches nobody any more. This is kept of an order's own parcel, as one that is over is not waited for.
    Over,
}

/// Takes the events of shipments into their orders.
pub(super) struct FollowParcels;

#[async_trait]
impl Handler for FollowParcels {
    async fn handle(&self, envelope: &Envelope, mut scope: Scope) -> Result<Handled, HandleError> {
        let event: PublishedEvent = envelope.body().map_err(HandleError::terminal)?;
        if event.stream_kind != Shipment::KIND {
            return Ok(scope.finish());
        }
        let change: ShipmentEvent = event.decode()?;
        let id: ShipmentId = event.stream_id.parse().map_err(HandleError::terminal)?;
        let known = Known::find(id, &scope).await?;
        match (change, known.filter(|known| known.parcel.stage != Stage::Over)) {
            (ShipmentEvent::ShipmentCreated { order_id, tracking_number, carrier, .. }, None) => {
                let parcel = Parcel { order_id, tracking_number, carrier, stage: Stage::Packed };
                Known { id, parcel, version: 0 }.keep(&mut scope)?;
            }
            (
                ShipmentEvent::ShipmentPickedUp { .. }
                | ShipmentEvent::ShipmentInTransit { .. }
                | ShipmentEvent::ShipmentOutForDelivery { .. },
                Some(known),
            ) => known.comes_to(Stage::Sent, &mut scope).await?,
            (ShipmentEvent::ShipmentDelivered { .. }, Some(known)) => {
                known.comes_to(Stage::Delivered, &mut scope).await?;
            }
            // What nobody took comes back: another may be delivered in its place before it has.
            (
                ShipmentEvent::ShipmentCancelled { .. }
                | ShipmentEvent::ShipmentReturned { .. }
                | ShipmentEvent::DeliveryAttemptFailed { last: true, .. },
                Some(known),
            ) => known.ends(&mut scope).await?,
            _ => {}
        }
        Ok(scope.finish())
    }
}

/// A parcel that was heard of.
struct Known {
    id: ShipmentId,
    parcel: Parcel,
    version: u64,
}

impl Known {
    async fn find(id: ShipmentId, scope: &Scope) -> Result<Option<Self>, StoreError> {
        let found = scope.store().document(scope.context().tenant(), PARCELS, &id.to_string()).await?;
        found.map(|document| Self::read(id, &document)).transpose()
    }

    fn read(id: ShipmentId, document: &Document) -> Result<Self, StoreError> {
        Ok(Self { id, parcel: document.json()?, version: document.version })
    }

    fn own_id(&self) -> ShipmentId {
        shipment_of(self.parcel.order_id)
    }

    /// What it has come to is its order's news, too. A parcel that is not the order's own says nothing about it as long as that
    /// one may come: it may be a letter, or what was forgotten. What it has come to is kept until then.
    async fn comes_to(mut self, stage: Stage, scope: &mut Scope) -> Result<(), HandleError> {
        let is_news = std::mem::replace(&mut self.parcel.stage, stage) != stage;
        let context = scope.context().clone();
        let mut order = Session::<Order>::load(scope.store(), &context, self.parcel.order_id).await?;
        let status = order.state().status();
        if self.own_id() == self.id {
            if is_being_paid(status) {
                return Err(HandleError::not_yet("the order's checkout is still under way"));
            }
            self.moves(&mut order, &context)?;
            if stage == Stage::Delivered {
                self.forget_delivered(&self.others(scope).await?, scope);
                self.forget(scope);
            }
        } else {
            let own = Self::find(self.own_id(), scope).await?;
            if may_come(own.as_ref(), status, scope)? {
                return if is_news { self.stands_back(own, scope) } else { Ok(()) };
            }
            self.moves(&mut order, &context)?;
            if stage == Stage::Delivered {
                own.iter().for_each(|own| own.forget(scope));
                self.forget(scope);
            }
        }
        let events = order.write_to(Commit::new())?;
        scope.write(|commit| commit.and(events));
        Ok(())
    }

    /// Leaves the order to its own parcel. That one's document is written anew, as it was: of the two commits, this and the one
    /// in which that parcel ends, whichever is second is decided again on what the first has left.
    fn stands_back(self, own: Option<Self>, scope: &mut Scope) -> Result<(), HandleError> {
        self.keep(scope)?;
        own.iter().try_for_each(|own| own.keep(scope))?;
        Ok(())
    }

    /// It reaches nobody. If it was the order's own, the order has come as far as the furthest of its other parcels.
    async fn ends(self, scope: &mut Scope) -> Result<(), HandleError> {
        if self.own_id() != self.id {
            self.forget(scope);
            return Ok(());
        }
        let context = scope.context().clone();
        let mut order = Session::<Order>::load(scope.store(), &context, self.parcel.order_id).await?;
        let others = self.others(scope).await?;
        if is_being_paid(order.state().status()) && !others.is_empty() {
            return Err(HandleError::not_yet("the order's checkout is still under way"));
        }
        if let Some(furthest) = others.iter().max_by_key(|other| other.parcel.stage) {
            furthest.moves(&mut order, &context)?;
        }
        self.forget_delivered(&others, scope);
        // Nothing that is sent for an order that has ended has to know.
        match order.state().status() {
            None | Some(OrderStatus::Delivered | OrderStatus::Cancelled | OrderStatus::Failed) => {
                self.forget(scope);
            }
            Some(_) => self.over().keep(scope)?,
        }
        let events = order.write_to(Commit::new())?;
        scope.write(|commit| commit.and(events));
        Ok(())
    }

    /// Marks its order as shipped, unless it is; and as delivered, if the parcel is.
    fn moves(&self, order: &mut Session<Order>, context: &Context) -> Result<(), HandleError> {
        let Parcel { tracking_number, carrier, stage, .. } = &self.parcel;
        if *stage >= Stage::Sent && order.state().status() == Some(OrderStatus::Confirmed) {
            let ship = OrderCommand::Ship { tracking_number: tracking_number.clone(), carrier: *carrier };
            order.decide(ship, context).map_err(bug)?;
        }
        if *stage == Stage::Delivered && order.state().status() == Some(OrderStatus::Shipped) {
            order.decide(OrderCommand::Deliver, context).map_err(bug)?;
        }
        Ok(())
    }

    /// The order's parcels that are not its own.
    async fn others(&self, scope: &Scope) -> Result<Vec<Self>, HandleError> {
        let of_order = Query::of(scope.context().tenant(), PARCELS)
            .equals("order", self.parcel.order_id.to_string())
            .limit(usize::MAX);
        let found = scope.store().documents(&of_order).await?;
        found.iter().map(|one| Ok(Self::read(one.id.parse().map_err(bug)?, one)?)).collect()
    }

    fn over(mut self) -> Self {
        self.parcel.stage = Stage::Over;
        self
    }

    fn keep(&self, scope: &mut Scope) -> Result<(), CodecError> {
        let expected = Expected::Version(self.version);
        let mut write = DocumentWrite::json(PARCELS, self.id.to_string(), expected, &self.parcel)?;
        // An order's own is found by its id: most orders have no other.
        if self.own_id() != self.id {
            write = write.field("order", self.parcel.order_id.to_string());
        }
        scope.write(|commit| commit.document(write));
        Ok(())
    }

    fn forget(&self, scope: &mut Scope) {
        let delete = DocumentWrite::delete(PARCELS, self.id.to_string(), Expected::Version(self.version));
        scope.write(|commit| commit.document(delete));
    }

    /// Nothing more is heard of these; they were kept for the order.
    fn forget_delivered(&self, others: &[Self], scope: &mut Scope) {
        others
            .iter()
            .filter(|other| other.parcel.stage == Stage::Delivered)
            .for_each(|one| one.forget(scope));
    }
}

fn is_being_paid(status: Option<OrderStatus>) -> bool {
    matches!(status, Some(OrderStatus::PaymentInitiated | OrderStatus::PaymentCompleted))
}

/// Whether an order's own parcel is, or may be, under way. The first word of it may come later than that of another.
fn may_come(own: Option<&Known>, status: Option<OrderStatus>, scope: &Scope) -> Result<bool, HandleError> {
    match (own, status) {
        (Some(own), _) => Ok(own.parcel.stage != Stage::Over),
        (None, Some(OrderStatus::Confirmed | OrderStatus::Shipped)) if scope.waited() <= FIRST_WORD => {
            Err(HandleError::not_yet("nothing was heard of the order's own parcel yet"))
        }
        (None, Some(OrderStatus::Pending)) => Ok(true),
        (None, status) => Ok(is_being_paid(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_that_an_older_program_kept_is_one_in_the_house() {
        let kept = serde_json::json!({
            "order_id": "0190a0a0-0000-7000-8000-000000000000", "tracking_number": "TRK1", "carrier": "dhl",
        });
        let parcel: Parcel = serde_json::from_value(kept).unwrap();
        assert_eq!(parcel.stage, Stage::Packed);
    }
}
