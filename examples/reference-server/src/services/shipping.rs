//! Shipping: one parcel for each order, and what staff make in its place or beside it, as long as the order has not ended
//! (`orders`).

mod orders;

use std::iter::once;
use std::sync::Arc;

use commerce_adapters::http::Problem;
use commerce_core::commit::{Claim, Commit};
use commerce_core::id::{OrderId, ShipmentId};
use commerce_core::shipping::{
    Carrier, Package, Shipment, ShipmentCommand, ShipmentStatus, Speed, TrackingNumber, quote,
};
use commerce_core::store::{Query, Store};
use commerce_core::value::Decimal;
use commerce_core::{Context, Host};
use commerce_outbox::{Bus, Consumer, HandleError, Handled, Message, Scope};
use commerce_saga::{Reply, Request, action, compensation};
use tracing::debug;

use super::{Session, bug};
use crate::messages::{
    CallOffShipment, CancelShipment, CreateShipment, HandOverShipment, ORDER_EVENTS, SHIPPING,
};
use crate::views::View;
use crate::views::shipping::{SHIPMENTS, ShippingView};
use orders::FollowOrders;
pub use orders::KNOWN_ORDERS;
pub(crate) use orders::{KnownOrder, OrderEnded};

/// The scope of the claims by which tracking numbers are unique. A number is its shipment's for good: whoever asks by
/// the number of one that was cancelled must not be told of another.
pub(crate) const TRACKING: &str = "tracking-number";

/// The shipping service.
#[derive(Clone)]
pub struct Shipping {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    view: View,
}

impl Shipping {
    /// On this store.
    pub fn new(store: Arc<dyn Store>, host: Arc<dyn Host>) -> Self {
        let view = View::new(store.clone(), Arc::new(ShippingView));
        Self { store, host, view }
    }

    /// What it does with the messages it gets, and with what it hears of orders.
    pub fn consumer(&self, bus: Arc<dyn Bus>) -> Consumer {
        let (create, cancel, call_off) = (self.clone(), self.clone(), self.clone());
        let hand_over = self.clone();
        Consumer::new("shipping", bus, self.store.clone(), self.host.clone())
            .on_type(
                SHIPPING,
                CreateShipment::TYPE,
                action(move |message, request, scope| create.clone().create(message, request, scope)),
            )
            .on_type(
                SHIPPING,
                CancelShipment::TYPE,
                compensation(move |message, request, scope| cancel.clone().cancel(message, request, scope)),
            )
            .on_type(
                SHIPPING,
                CallOffShipment::TYPE,
                action(move |message, request, scope| call_off.clone().call_off(message, request, scope)),
            )
            .on_topic(ORDER_EVENTS, Arc::new(FollowOrders(self.clone())))
            .on(move |message: HandOverShipment, scope| hand_over.clone().hand_over(message, scope))
    }

    async fn create(
        self,
        message: CreateShipment,
        request: Request,
        mut scope: Scope,
    ) -> Result<Handled, HandleError> {
        let package = standard_parcel()?;
        let (carrier, speed) = (Carrier::Ups, Speed::Standard);
        let cost = quote(&package, carrier, speed, message.order_total.currency()).map_err(bug)?;
        let context = scope.context().clone();
        let tracking_number = self.free_number(message.shipment_id, &context).await?;
        let claim = Claim::new(TRACKING, tracking_number.as_str());
        let command = ShipmentCommand::Create {
            order_id: message.order_id,
            customer_id: message.customer_id,
            tracking_number,
            carrier,
            speed,
            address: Box::new(message.address),
            package,
            cost,
        };
        let mut shipment = Session::<Shipment>::absent(message.shipment_id);
        if let Err(rejection) = shipment.decide(command, &context) {
            return request.finish(scope, &Reply::failed(rejection.code(), rejection));
        }
        let commit = shipment.write_to(Commit::new())?;
        scope.write(|base| base.and(commit).claim(claim));
        request.finish(scope, &Reply::done(&())?)
    }

    /// The shipment's own number. Another parcel may bear it that was given one by hand: the checkout can't wait for it, as it
    /// is never given back.
    async fn free_number(
        &self,
        shipment_id: ShipmentId,
        context: &Context,
    ) -> Result<TrackingNumber, HandleError> {
        let own = TrackingNumber::of(shipment_id);
        let taken = self.store.claimed(context.tenant(), TRACKING, own.as_str()).await?;
        let another = || TrackingNumber::of(ShipmentId(context.new_id(1)));
        Ok(if taken.is_some() { another() } else { own })
    }

    async fn cancel(
        self,
        message: CancelShipment,
        request: Request,
        scope: Scope,
    ) -> Result<Handled, HandleError> {
        let context = scope.context().clone();
        let shipment = Session::<Shipment>::load(&self.store, &context, message.shipment_id).await?;
        withdraw(shipment, message.reason, request, scope)
    }

    /// As long as all that was packed for the order is in the house: its own parcel, and what staff have made in its place
    /// or beside it. There may be none: the checkout that was to make it was given up.
    async fn call_off(
        self,
        message: CallOffShipment,
        request: Request,
        mut scope: Scope,
    ) -> Result<Handled, HandleError> {
        let context = scope.context().clone();
        let mut called_off = Commit::new();
        // Its own first.
        let others = self.shipments_of(message.order_id, &context).await?;
        let others = others.into_iter().filter(|id| *id != message.shipment_id);
        for id in once(message.shipment_id).chain(others) {
            let mut shipment = Session::<Shipment>::load(&self.store, &context, id).await?;
            let Some(created) = shipment.state().created() else { continue };
            if created.has_left() {
                let detail = format!("the parcel has left the warehouse: it is {}", created.status());
                return request.finish(scope, &Reply::failed("already_shipped", detail));
            }
            let command = ShipmentCommand::Cancel { reason: message.reason.clone() };
            if let Err(rejection) = shipment.decide(command, &context) {
                return request.finish(scope, &Reply::failed(rejection.code(), rejection));
            }
            // One that leaves meanwhile makes this a conflict, and is looked at again.
            called_off = called_off.and(shipment.write_to(Commit::new())?);
        }
        scope.write(|base| base.and(called_off));
        request.finish(scope, &Reply::done(&())?)
    }

    /// An order's shipments, with all that was made before this call.
    async fn shipments_of(
        &self,
        order_id: OrderId,
        context: &Context,
    ) -> Result<Vec<ShipmentId>, HandleError> {
        let of_order =
            Query::of(context.tenant(), SHIPMENTS).equals("order", order_id.to_string()).limit(usize::MAX);
        let not_now = |problem: Problem| {
            HandleError::retryable(format!("the order's shipments can't be looked for: {}", problem.code()))
        };
        let rows = self.view.fresh().await.map_err(not_now)?.query(&of_order).await?;
        rows.iter().map(|row| row.id.parse().map_err(bug)).collect()
    }
}

impl Shipping {
    /// Whoever shipped the order has moved its parcel too, if it was still in the house. Where none was, or it is open which of
    /// several it was, the order was shipped in another way.
    async fn hand_over(self, message: HandOverShipment, mut scope: Scope) -> Result<Handled, HandleError> {
        let context = scope.context().clone();
        let found = self.to_be_handed_over(&message, &context).await?;
        let Some((mut shipment, status)) = found else { return Ok(scope.finish()) };
        let description = format!("handed over to {} as {}", message.carrier, message.tracking_number);
        if status == ShipmentStatus::Pending {
            shipment.decide(ShipmentCommand::SchedulePickup { at: context.now() }, &context).map_err(bug)?;
        }
        shipment.decide(ShipmentCommand::PickUp, &context).map_err(bug)?;
        let noted = ShipmentCommand::AddTracking {
            status: "handed over".to_owned(),
            location: None,
            description: Some(description),
        };
        if let Err(rejection) = shipment.decide(noted, &context) {
            // Its history may be full: it is on its way all the same.
            debug!(shipment = %shipment.id(), %rejection, "the number of a parcel is not in its history");
        }
        let commit = shipment.write_to(Commit::new())?;
        scope.write(|base| base.and(commit));
        Ok(scope.finish())
    }
}

impl Shipping {
    /// The order's own parcel; the one that was made in its place, if it was called off.
    async fn to_be_handed_over(
        &self,
        message: &HandOverShipment,
        context: &Context,
    ) -> Result<Option<(Session<Shipment>, ShipmentStatus)>, HandleError> {
        let own = Session::<Shipment>::load(&self.store, context, message.shipment_id).await?;
        match own.state().status() {
            None | Some(ShipmentStatus::Cancelled) => {}
            Some(status) if status.has_left() || status.is_final() => return Ok(None),
            Some(status) => return Ok(Some((own, status))),
        }
        let mut packed = Vec::new();
        for id in self.shipments_of(message.order_id, context).await? {
            let other = Session::<Shipment>::load(&self.store, context, id).await?;
            let status = other.state().status().filter(|status| !status.has_left() && !status.is_final());
            packed.extend(status.map(|status| (other, status)));
        }
        let only = packed.pop();
        Ok(only.filter(|_| packed.is_empty()))
    }
}

/// Cancels a shipment.
fn withdraw(
    mut shipment: Session<Shipment>,
    reason: String,
    request: Request,
    mut scope: Scope,
) -> Result<Handled, HandleError> {
    let context = scope.context().clone();
    if let Err(rejection) = shipment.decide(ShipmentCommand::Cancel { reason }, &context) {
        return request.finish(scope, &Reply::failed(rejection.code(), rejection));
    }
    let commit = shipment.write_to(Commit::new())?;
    scope.write(|base| base.and(commit));
    request.finish(scope, &Reply::done(&())?)
}

/// Invoices say nothing of weights and sizes: each order goes as one parcel of 1 kg, 30 × 20 × 10 cm.
fn standard_parcel() -> Result<Package, HandleError> {
    let cm = |centimetres: u8| Decimal::from(centimetres);
    Package::new(Decimal::ONE, cm(30), cm(20), cm(10)).map_err(|_| bug("the standard parcel is no parcel"))
}
