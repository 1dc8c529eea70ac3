//! Order: places orders, and is the home of the sagas that see them through.

use std::sync::Arc;

use commerce_core::commit::Commit;
use commerce_core::id::{self, OrderId, PaymentId, ShipmentId};
use commerce_core::order::{Order, OrderCommand, OrderRejection};
use commerce_core::repository::Repository;
use commerce_core::store::{Store, StoreError};
use commerce_core::{Context, Host};
use commerce_outbox::{Bus, Consumer, HandleError, Scope};
use commerce_saga::Orchestrator;

use super::Session;
use crate::messages::{CATALOG_EVENTS, ORDER_REPLIES, SHIPPING_EVENTS};

mod copy;
mod import;
mod parcels;
mod refusal;
mod way;

pub use copy::CATALOG_COPY;
pub use import::{Begun, ImportedOrder, PlaceError, Return};
pub use parcels::PARCELS;
pub(crate) use refusal::WayError;
pub use way::Means;
pub(crate) use way::{NewOrder, WAY};

/// The order service.
#[derive(Clone)]
pub struct Orders {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    orchestrator: Orchestrator,
    orders: Repository<Order>,
}

impl Orders {
    /// On this store, carried on by this orchestrator.
    pub fn new(store: Arc<dyn Store>, host: Arc<dyn Host>, orchestrator: Orchestrator) -> Self {
        let orders = Repository::new(store.clone());
        Self { store, host, orchestrator, orders }
    }

    /// What it does with the replies it gets, and with what it hears of the catalog and of shipments.
    pub fn consumer(&self, bus: Arc<dyn Bus>) -> Consumer {
        let consumer = Consumer::new("order", bus, self.store.clone(), self.host.clone())
            .on_topic(CATALOG_EVENTS, Arc::new(copy::KeepCopy))
            .on_topic(SHIPPING_EVENTS, Arc::new(parcels::FollowParcels));
        self.orchestrator.attach(consumer, ORDER_REPLIES)
    }

    /// Carries the order service's sagas on.
    pub fn orchestrator(&self) -> &Orchestrator {
        &self.orchestrator
    }

    /// An order as it stands.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn order(&self, order_id: OrderId) -> Result<Order, StoreError> {
        Ok(self.orders.load(self.host.context().tenant(), &order_id).await?.state)
    }
}

/// The payment of an order. Its id follows from the order's, so that whoever knows one knows the other.
pub fn payment_of(order_id: OrderId) -> PaymentId {
    PaymentId(id::derive(order_id.0, 1))
}

/// The shipment of an order, likewise.
pub fn shipment_of(order_id: OrderId) -> ShipmentId {
    ShipmentId(id::derive(order_id.0, 2))
}

/// Gives an order a command within a saga's commit.
pub(crate) async fn instruct(
    order_id: OrderId,
    command: OrderCommand,
    mut scope: Scope,
) -> Result<Result<Scope, OrderRejection>, HandleError> {
    let context: Context = scope.context().clone();
    let mut order = Session::<Order>::load(scope.store(), &context, order_id).await?;
    if let Err(rejection) = order.decide(command, &context) {
        return Ok(Err(rejection));
    }
    let events = order.write_to(Commit::new())?;
    scope.write(|commit| commit.and(events));
    Ok(Ok(scope))
}
