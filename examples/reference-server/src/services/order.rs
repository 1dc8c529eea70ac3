//! Order: places orders, and is the home of the sagas that see them through.

use std::sync::Arc;

use commerce_core::commit::{Commit, CommitError, Conflict};
use commerce_core::id::{self, CustomerId, OrderId, PaymentId, ShipmentId};
use commerce_core::inventory::reservation::{Demand, Line};
use commerce_core::order::{Order, OrderCommand, OrderLine, OrderRejection, demand};
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::repository::Repository;
use commerce_core::store::{Store, StoreError};
use commerce_core::value::{Address, Currency, Money};
use commerce_core::{Context, Host};
use commerce_outbox::{Bus, Consumer, HandleError, Scope};
use commerce_saga::Orchestrator;
use uuid::Uuid;

use super::{Session, bug};
use crate::messages::ORDER_REPLIES;
use crate::sagas::{place_order, return_goods};

/// The order service.
#[derive(Clone)]
pub struct Orders {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    orchestrator: Orchestrator,
    orders: Repository<Order>,
}

/// An order from a channel that carries its own prices. Clients can't use it.
#[derive(Clone)]
pub struct ImportedOrder {
    /// Its id, which follows from the invoice's number: placing an invoice twice places one order.
    pub order_id: OrderId,
    /// Who bought.
    pub customer_id: CustomerId,
    /// What, at which prices.
    pub lines: Vec<OrderLine>,
    /// Where to.
    pub shipping_address: Address,
    /// In which currency.
    pub currency: Currency,
    /// How it is paid.
    pub method: PaymentMethod,
    /// What the payment provider knows the means by.
    pub token: PaymentToken,
}

/// What became of a wish that may have been uttered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It began now.
    Now,
    /// It had begun before.
    Before,
}

/// Goods that come back.
#[derive(Clone)]
pub struct Return {
    /// Its id, which follows from the credit note's line.
    pub return_id: Uuid,
    /// The payment that is given back in part.
    pub payment_id: PaymentId,
    /// What comes back.
    pub product_id: commerce_core::id::ProductId,
    /// How many.
    pub quantity: u32,
    /// How much is given back.
    pub amount: Money,
    /// Why.
    pub reason: String,
}

impl Orders {
    /// On this store, carried on by this orchestrator.
    pub fn new(store: Arc<dyn Store>, host: Arc<dyn Host>, orchestrator: Orchestrator) -> Self {
        let orders = Repository::new(store.clone());
        Self { store, host, orchestrator, orders }
    }

    /// What it does with the replies it gets.
    pub fn consumer(&self, bus: Arc<dyn Bus>) -> Consumer {
        let consumer = Consumer::new("order", bus, self.store.clone(), self.host.clone());
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

    /// Places an order and begins its checkout, in one commit.
    ///
    /// # Errors
    /// When the order can't be, or the store fails.
    pub async fn place_imported(&self, order: ImportedOrder) -> Result<Begun, PlaceError> {
        let context = self.host.context().with_actor("import").with_correlation(order.order_id.0);
        self.place_imported_within(order, context).await
    }

    /// The same, within a larger operation.
    ///
    /// # Errors
    /// When the order can't be, or the store fails.
    pub async fn place_imported_within(
        &self,
        order: ImportedOrder,
        context: Context,
    ) -> Result<Begun, PlaceError> {
        let mut session = Session::<Order>::absent(order.order_id);
        let place = OrderCommand::Place {
            customer_id: order.customer_id,
            lines: order.lines.clone(),
            shipping_address: order.shipping_address.clone(),
            currency: order.currency,
        };
        session.decide(place, &context)?;
        session.decide(OrderCommand::InitiatePayment, &context)?;
        let total = session
            .state()
            .placed()
            .map(|placed| placed.total())
            .ok_or_else(|| bug("an order without total"))?;
        let commit = session.write_to(Commit::within(&context)).map_err(HandleError::from)?;
        let mut scope = Scope::new(context, self.store.clone(), commit);
        let state = place_order::PlaceOrder {
            order_id: order.order_id,
            payment_id: payment_of(order.order_id),
            shipment_id: shipment_of(order.order_id),
            demand: demand_of(&order.lines)?,
            total,
            method: order.method,
            token: order.token,
            address: order.shipping_address,
        };
        let id = order.order_id.to_string();
        let begin = self.orchestrator.begin(place_order::NAME, &id, &state, &mut scope);
        begin.await.map_err(HandleError::from)?;
        Ok(begun(self.store.commit(scope.into_commit()).await)?)
    }

    /// Takes goods back: restocks them and gives the money back.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take_back(&self, goods: Return) -> Result<Begun, HandleError> {
        let context = self.host.context().with_actor("import").with_correlation(goods.return_id);
        let id = goods.return_id.to_string();
        let state = return_goods::ReturnGoods {
            return_id: goods.return_id,
            payment_id: goods.payment_id,
            product_id: goods.product_id,
            quantity: goods.quantity,
            amount: goods.amount,
            reason: goods.reason,
        };
        let commit = Commit::within(&context);
        let mut scope = Scope::new(context, self.store.clone(), commit);
        self.orchestrator.begin(return_goods::NAME, &id, &state, &mut scope).await?;
        begun(self.store.commit(scope.into_commit()).await)
    }
}

/// Two lines of one product are one demand.
fn demand_of(lines: &[OrderLine]) -> Result<Demand, HandleError> {
    let demand = demand(lines).into_iter().map(|(product_id, quantity)| Line { product_id, quantity });
    Demand::new(demand).map_err(bug)
}

/// The payment of an order. Its id follows from the order's, so that whoever knows one knows the other.
pub fn payment_of(order_id: OrderId) -> PaymentId {
    PaymentId(id::derive(order_id.0, 1))
}

/// The shipment of an order, likewise.
pub fn shipment_of(order_id: OrderId) -> ShipmentId {
    ShipmentId(id::derive(order_id.0, 2))
}

/// Why an order was not placed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It can't be.
    #[error(transparent)]
    Rejected(#[from] OrderRejection),
    /// The store failed.
    #[error(transparent)]
    Handle(#[from] HandleError),
}

/// The stream or the instance is there: it had begun before.
fn begun(result: Result<commerce_core::commit::Committed, CommitError>) -> Result<Begun, HandleError> {
    match result {
        Ok(_) => Ok(Begun::Now),
        Err(CommitError::Conflict(Conflict::Stream { .. } | Conflict::Document { .. })) => Ok(Begun::Before),
        Err(error) => Err(error.into()),
    }
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
