//! What the order service hears of shipments: orders are shipped and delivered as their parcels are.

use async_trait::async_trait;
use commerce_core::Aggregate;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::id::{OrderId, ShipmentId};
use commerce_core::order::{Order, OrderCommand, OrderStatus};
use commerce_core::shipping::{Carrier, Shipment, ShipmentEvent, TrackingNumber};
use commerce_outbox::{Envelope, HandleError, Handled, Handler, PublishedEvent, Scope};
use serde::{Deserialize, Serialize};

use super::shipment_of;
use crate::services::{Session, bug};

/// The parcels under way, by their shipment's id.
pub const PARCELS: &str = "parcels";

/// Only the first event of a shipment says whose it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Parcel {
    order_id: OrderId,
    tracking_number: TrackingNumber,
    carrier: Carrier,
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
        let shipment_id: ShipmentId = event.stream_id.parse().map_err(HandleError::terminal)?;
        let id = &event.stream_id;
        let found = scope.store().document(scope.context().tenant(), PARCELS, id).await?;
        let version = found.as_ref().map_or(0, |found| found.version);
        let parcel: Option<Parcel> = found.as_ref().map(|found| found.json()).transpose()?;
        match (change, parcel) {
            (ShipmentEvent::ShipmentCreated { order_id, tracking_number, carrier, .. }, None) => {
                let parcel = Parcel { order_id, tracking_number, carrier };
                let write = DocumentWrite::json(PARCELS, id.clone(), Expected::ABSENT, &parcel)?;
                scope.write(|commit| commit.document(write));
            }
            (
                ShipmentEvent::ShipmentPickedUp { .. }
                | ShipmentEvent::ShipmentInTransit { .. }
                | ShipmentEvent::ShipmentOutForDelivery { .. },
                Some(parcel),
            ) => parcel.move_order(shipment_id, false, &mut scope).await?,
            (ShipmentEvent::ShipmentDelivered { .. }, Some(parcel)) => {
                parcel.move_order(shipment_id, true, &mut scope).await?;
                forget(id, version, &mut scope);
            }
            // What nobody took comes back: another may be delivered in its place before it has.
            (
                ShipmentEvent::ShipmentCancelled { .. }
                | ShipmentEvent::ShipmentReturned { .. }
                | ShipmentEvent::DeliveryAttemptFailed { last: true, .. },
                Some(_),
            ) => forget(id, version, &mut scope),
            _ => {}
        }
        Ok(scope.finish())
    }
}

fn forget(id: &str, version: u64, scope: &mut Scope) {
    let delete = DocumentWrite::delete(PARCELS, id.to_owned(), Expected::Version(version));
    scope.write(|commit| commit.document(delete));
}

impl Parcel {
    /// Marks its order as shipped, unless it is; and as delivered, if the parcel is. A parcel that is not the order's own
    /// says nothing about it as long as that one may come: it may be a letter, or what was forgotten.
    async fn move_order(
        self,
        shipment_id: ShipmentId,
        delivered: bool,
        scope: &mut Scope,
    ) -> Result<(), HandleError> {
        let context = scope.context().clone();
        let mut order = Session::<Order>::load(scope.store(), &context, self.order_id).await?;
        let Some(placed) = order.state().placed() else { return Ok(()) };
        let status = placed.status();
        if matches!(status, OrderStatus::PaymentInitiated | OrderStatus::PaymentCompleted)
            && shipment_of(self.order_id) == shipment_id
        {
            return Err(HandleError::not_yet("the order's checkout is still under way"));
        }
        let own = placed.shipment_id();
        if own != Some(shipment_id) && may_come(own, scope).await? {
            return Ok(());
        }
        if status == OrderStatus::Confirmed {
            let ship = OrderCommand::Ship { tracking_number: self.tracking_number, carrier: self.carrier };
            order.decide(ship, &context).map_err(bug)?;
        }
        if delivered && order.state().status() == Some(OrderStatus::Shipped) {
            order.decide(OrderCommand::Deliver, &context).map_err(bug)?;
        }
        let events = order.write_to(Commit::new())?;
        scope.write(|commit| commit.and(events));
        Ok(())
    }
}

/// Whether a parcel is, or may be, under way.
async fn may_come(own: Option<ShipmentId>, scope: &Scope) -> Result<bool, HandleError> {
    let Some(own) = own else { return Ok(false) };
    let found = scope.store().document(scope.context().tenant(), PARCELS, &own.to_string()).await?;
    Ok(found.is_some())
}
