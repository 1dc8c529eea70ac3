//! What the shipping service knows of orders: which have parcels that staff made, and which have ended. No saga calls these
//! parcels off for certain: staff may make one after a cancellation has asked for what is packed, or for an order that is
//! given up before it has a shipment of its own.
//!
//! Whoever makes a parcel by hand writes the order's document, and so does the order's end, each on the version that it has
//! read. So either the end finds the parcel, or the parcel is refused.

use std::sync::Arc;

use async_trait::async_trait;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::event::CodecError;
use commerce_core::id::{OrderId, ShipmentId};
use commerce_core::order::{Order, OrderEvent};
use commerce_core::shipping::{Shipment, ShipmentCommand, ShipmentStatus};
use commerce_core::store::Store;
use commerce_core::stream::Version;
use commerce_core::{Aggregate, Context};
use commerce_outbox::{Envelope, HandleError, Handled, Handler, PublishedEvent, Scope};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::Shipping;
use crate::services::{Session, body, bug};

/// What is known of orders: a document for each, by its id.
pub const KNOWN_ORDERS: &str = "known-orders";
/// Why the parcels of an order that has failed go nowhere.
const FAILED: &str = "the order has failed";

/// An order, as far as parcels that staff make need it. One without a document has none of these, and has not ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct KnownOrder {
    #[serde(skip)]
    version: Version,
    /// How many parcels staff have made for it.
    made_by_hand: u64,
    /// It was cancelled, or has failed.
    ended: bool,
}

/// The order was cancelled or has failed: nothing is packed for it any more.
#[derive(Debug, thiserror::Error)]
#[error("the order was cancelled or has failed")]
pub(crate) struct OrderEnded;

impl KnownOrder {
    /// What is known of an order.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn load(
        store: &Arc<dyn Store>,
        context: &Context,
        order_id: OrderId,
    ) -> Result<Self, HandleError> {
        match store.document(context.tenant(), KNOWN_ORDERS, &order_id.to_string()).await? {
            Some(found) => Ok(Self { version: found.version, ..found.json()? }),
            None => Ok(Self::default()),
        }
    }

    /// Whether parcels were made by hand that are called off once the order's end is known.
    pub(crate) fn will_call_parcels_off(&self) -> bool {
        self.made_by_hand > 0 && !self.ended
    }

    /// Staff make a parcel for it, provided that nothing was heard of the order meanwhile, and nobody else makes one.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn with_a_parcel(&self) -> Result<Self, OrderEnded> {
        if self.ended {
            return Err(OrderEnded);
        }
        Ok(Self { made_by_hand: self.made_by_hand.saturating_add(1), ..self.clone() })
    }

    /// What writes it, if it still is as it was read.
    ///
    /// # Errors
    /// Never, as all of it can be written as JSON.
    pub(crate) fn put(&self, order_id: OrderId) -> Result<DocumentWrite, CodecError> {
        DocumentWrite::json(KNOWN_ORDERS, order_id.to_string(), Expected::Version(self.version), self)
    }
}

/// Takes the ends of orders in, and calls off with them what is packed.
pub(super) struct FollowOrders(pub(super) Shipping);

#[async_trait]
impl Handler for FollowOrders {
    async fn handle(&self, envelope: &Envelope, mut scope: Scope) -> Result<Handled, HandleError> {
        let event: PublishedEvent = body(envelope)?;
        if event.stream_kind != Order::KIND {
            return Ok(scope.finish());
        }
        let Some(reason) = why_it_ended(event.decode()?) else { return Ok(scope.finish()) };
        let order_id: OrderId = event.stream_id.parse().map_err(bug)?;
        let context = scope.context().clone();
        let known = KnownOrder::load(&self.0.store, &context, order_id).await?;
        // An event may come again after its claim in the inbox has expired. Nothing was packed since.
        if known.ended {
            return Ok(scope.finish());
        }
        // Looked for after the document was read: what is made from then on makes this a conflict.
        let called_off = self.0.call_off_with(order_id, &reason, &context).await?;
        let ended = KnownOrder { ended: true, ..known }.put(order_id)?;
        scope.write(|commit| commit.document(ended).and(called_off));
        Ok(scope.finish())
    }
}

/// None as long as it has not.
fn why_it_ended(event: OrderEvent) -> Option<String> {
    match event {
        OrderEvent::OrderCancelled { reason, .. } => Some(reason),
        OrderEvent::OrderFailed { .. } => Some(FAILED.to_owned()),
        _ => None,
    }
}

impl Shipping {
    /// What is to be committed when an order has ended: whatever is packed for it goes nowhere. What has left can't be kept
    /// back.
    async fn call_off_with(
        &self,
        order_id: OrderId,
        reason: &str,
        context: &Context,
    ) -> Result<Commit, HandleError> {
        let mut called_off = Commit::new();
        for id in self.shipments_of(order_id, context).await? {
            let mut shipment = Session::<Shipment>::load(&self.store, context, id).await?;
            let Some(status) = shipment.state().status() else { continue };
            if status.has_left() {
                warn_of(id, order_id, status);
                continue;
            }
            shipment.decide(ShipmentCommand::Cancel { reason: reason.to_owned() }, context).map_err(bug)?;
            // One that leaves meanwhile makes this a conflict, and is looked at again.
            called_off = called_off.and(shipment.write_to(Commit::new())?);
        }
        Ok(called_off)
    }
}

/// A parcel that has left is for people to see to, unless it is back already.
fn warn_of(shipment: ShipmentId, order: OrderId, status: ShipmentStatus) {
    if status != ShipmentStatus::Returned {
        warn!(%shipment, %order, %status, "a parcel has left the warehouse, and its order has ended");
    }
}
