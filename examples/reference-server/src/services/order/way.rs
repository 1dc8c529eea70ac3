//! The way of an order, as its customer and the shop's people have it go.

use commerce_core::commit::{Claim, ClaimKey, Commit, Expected};
use commerce_core::id::{CustomerId, OrderId};
use commerce_core::inventory::reservation::{Demand, Line};
use commerce_core::order::{
    Order, OrderCommand, OrderEvent, OrderRejection, OrderStatus, PlacedOrder, Wanted, priced,
};
use commerce_core::payment::{Payment, PaymentMethod, PaymentToken};
use commerce_core::shipping::{Carrier, TrackingNumber};
use commerce_core::stream::StreamId;
use commerce_core::value::{Address, Violation};
use commerce_core::{Aggregate, Context};
use commerce_outbox::{HandleError, Message, Scope};
use commerce_saga::{Instance, SagaError, SagaStatus};

use super::{Orders, WayError, copy, payment_of, shipment_of};
use crate::messages::{HandOutStock, HandOverShipment};
use crate::sagas::{cancel_order, place_order};
use crate::services::{Session, bug};

/// The scope of the claim on what becomes of an order. A cancellation holds it until it has ended; what would take the
/// order another way takes it to find out, and leaves it at once.
pub(crate) const WAY: &str = "order-way";

/// By what means an order is paid.
#[derive(Clone, Debug)]
pub struct Means {
    /// The method.
    pub method: PaymentMethod,
    /// What the payment provider knows the means by.
    pub token: PaymentToken,
}

/// What a customer wants.
#[derive(Clone, Debug)]
pub(crate) struct NewOrder {
    pub(crate) customer_id: CustomerId,
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) shipping_address: Address,
    /// With them, the checkout begins at once.
    pub(crate) means: Option<Means>,
}

impl Orders {
    /// A new order's id: those of its payment and its shipment follow from it.
    pub(crate) fn new_order_id(&self) -> OrderId {
        OrderId(self.host.new_id())
    }

    /// Places an order at the catalog's prices. Answers what else belongs into the commit.
    pub(crate) async fn place(
        &self,
        order: &mut Session<Order>,
        new: NewOrder,
        context: &Context,
    ) -> Result<Commit, WayError> {
        let NewOrder { customer_id, wanted, shipping_address, means } = new;
        let product_ids = wanted.iter().map(|item| item.product_id).collect();
        let offers = copy::offers(&self.store, context.tenant(), product_ids).await?;
        let (lines, currency) = priced(&wanted, |product_id| offers.get(&product_id).cloned())?;
        order.decide(OrderCommand::Place { customer_id, lines, shipping_address, currency }, context)?;
        can_be_paid(order, "/items")?;
        match means {
            Some(means) => self.pay(order, means, context).await,
            None => Ok(Commit::new()),
        }
    }

    /// Adds a product at the catalog's price.
    pub(crate) async fn add_item(
        &self,
        order: &mut Session<Order>,
        wanted: Wanted,
        context: &Context,
    ) -> Result<(), WayError> {
        let placed = placed(order)?;
        if placed.status() != OrderStatus::Pending {
            return Err(OrderRejection::WrongState { status: placed.status(), command: "add_item" }.into());
        }
        let product_ids = [wanted.product_id].into();
        let mut offers = copy::offers(&self.store, context.tenant(), product_ids).await?;
        let line = placed.line_for(wanted, offers.remove(&wanted.product_id))?;
        order.decide(OrderCommand::AddItem { line }, context)?;
        Ok(can_be_paid(order, "/quantity")?)
    }

    /// Has the customer pay: the checkout begins in the same commit.
    pub(crate) async fn pay(
        &self,
        order: &mut Session<Order>,
        means: Means,
        context: &Context,
    ) -> Result<Commit, WayError> {
        if matches!(placed(order)?.status(), OrderStatus::PaymentInitiated | OrderStatus::PaymentCompleted) {
            return Err(WayError::CheckoutInProgress);
        }
        order.decide(OrderCommand::InitiatePayment, context)?;
        Ok(self.begin_checkout(order, means, context).await?)
    }

    pub(super) async fn begin_checkout(
        &self,
        order: &Session<Order>,
        means: Means,
        context: &Context,
    ) -> Result<Commit, HandleError> {
        let order_id = *order.id();
        let placed = order.state().placed().ok_or_else(|| bug("a checkout of no order"))?;
        let state = place_order::PlaceOrder {
            order_id,
            payment_id: payment_of(order_id),
            shipment_id: shipment_of(order_id),
            demand: demand_of(placed)?,
            total: placed.total(),
            method: means.method,
            token: means.token,
            address: placed.shipping_address().clone(),
            customer_id: Some(placed.customer_id()),
        };
        let mut scope = Scope::new(context.clone(), self.store.clone(), Commit::new());
        self.orchestrator.begin(place_order::NAME, &order_id.to_string(), &state, &mut scope).await?;
        Ok(scope.into_commit())
    }

    /// Confirms an order whose checkout an operator has given up. Its goods are handed out, so that what is kept for it
    /// does not go to another when its time is up.
    pub(crate) async fn confirm(
        &self,
        order: &mut Session<Order>,
        context: &Context,
    ) -> Result<Commit, WayError> {
        let order_id = *order.id();
        placed(order)?;
        if is_under_way(self.checkout_of(order_id, context).await?.as_ref()) {
            return Err(WayError::CheckoutInProgress);
        }
        let confirm = OrderCommand::Confirm { shipment_id: shipment_of(order_id) };
        let commit = self.take_way(order, confirm, context).await?;
        if order.events().is_empty() {
            return Ok(commit);
        }
        Ok(commit.message(HandOutStock { order_id }.to_message().map_err(HandleError::from)?))
    }

    /// Marks an order as shipped. Its shipment hears of it, so that it doesn't wait in the warehouse any more.
    pub(crate) async fn ship(
        &self,
        order: &mut Session<Order>,
        tracking_number: TrackingNumber,
        carrier: Carrier,
        context: &Context,
    ) -> Result<Commit, WayError> {
        let order_id = *order.id();
        let handed_over = HandOverShipment {
            order_id,
            shipment_id: placed(order)?.shipment_id().unwrap_or(shipment_of(order_id)),
            tracking_number: tracking_number.clone(),
            carrier,
        };
        let commit = self.take_way(order, OrderCommand::Ship { tracking_number, carrier }, context).await?;
        if order.events().is_empty() {
            return Ok(commit);
        }
        Ok(commit.message(handed_over.to_message().map_err(HandleError::from)?))
    }

    /// Gives a command to an order that isn't being cancelled.
    async fn take_way(
        &self,
        order: &mut Session<Order>,
        command: OrderCommand,
        context: &Context,
    ) -> Result<Commit, WayError> {
        placed(order)?;
        let cancellation = self.cancellation_of(*order.id(), context).await?;
        if is_under_way(cancellation.as_ref()) {
            return Err(WayError::CancellationInProgress);
        }
        order.decide(command, context)?;
        if order.events().is_empty() {
            return Ok(Commit::new());
        }
        let way = ClaimKey::new(WAY, order.id().to_string());
        // One that an operator has given up has left its claim behind, and never comes back for it.
        let commit = if cancellation.is_some() { Commit::new().release(way.clone()) } else { Commit::new() };
        Ok(commit.claim(Claim::new(way.scope, way.key).until(context.now())))
    }

    /// Cancels an order at once where nothing was begun yet. Its checkout, while that is under way, is turned back; what is
    /// to be undone after that, a cancellation undoes.
    pub(crate) async fn cancel(
        &self,
        order: &mut Session<Order>,
        reason: String,
        context: &Context,
    ) -> Result<Commit, WayError> {
        let order_id = *order.id();
        match placed(order)?.status() {
            OrderStatus::PaymentInitiated | OrderStatus::PaymentCompleted => {
                match self.turn_back_checkout(order, &reason, context).await? {
                    Ok(commit) => Ok(commit),
                    Err(_) if is_under_way(self.checkout_of(order_id, context).await?.as_ref()) => {
                        Err(WayError::CheckoutInProgress)
                    }
                    // One that an operator has given up left behind what it had done. Of one that has just ended the order
                    // tells when it is read again, which the commit sees to.
                    Err(_) => self.begin_cancellation(order, reason, context).await,
                }
            }
            OrderStatus::Confirmed => self.begin_cancellation(order, reason, context).await,
            _ => {
                order.decide(OrderCommand::Cancel { reason }, context)?;
                Ok(Commit::new())
            }
        }
    }

    /// Has the checkout undo what it has done; it cancels the order then. One that does so already goes on with it. Inside,
    /// why it can't.
    async fn turn_back_checkout(
        &self,
        order: &Session<Order>,
        reason: &str,
        context: &Context,
    ) -> Result<Result<Commit, SagaError>, WayError> {
        let Some(reason) = accepted(reason, order, context)? else { return Ok(Ok(Commit::new())) };
        let mut scope = Scope::new(context.clone(), self.store.clone(), unchanged(order));
        let id = order.id().to_string();
        match self.orchestrator.abort_within(place_order::NAME, &id, &reason, &mut scope).await {
            Ok(()) => Ok(Ok(scope.into_commit())),
            Err(
                refusal @ (SagaError::NotFound { .. }
                | SagaError::WrongStatus { .. }
                | SagaError::NoWayBack { .. }),
            ) => Ok(Err(refusal)),
            Err(error) => Err(error.into()),
        }
    }

    async fn begin_cancellation(
        &self,
        order: &Session<Order>,
        reason: String,
        context: &Context,
    ) -> Result<Commit, WayError> {
        let order_id = *order.id();
        let Some(reason) = accepted(&reason, order, context)? else { return Ok(Commit::new()) };
        if let Some(before) = self.cancellation_of(order_id, context).await? {
            return if before.status.is_final() { Err(refused(&before)) } else { Ok(Commit::new()) };
        }
        let state = cancel_order::CancelOrder {
            order_id,
            payment_id: payment_of(order_id),
            shipment_id: shipment_of(order_id),
            reason,
        };
        let commit = unchanged(order).claim(Claim::new(WAY, order_id.to_string()));
        let mut scope = Scope::new(context.clone(), self.store.clone(), commit);
        self.orchestrator.begin(cancel_order::NAME, &order_id.to_string(), &state, &mut scope).await?;
        Ok(scope.into_commit())
    }

    /// The order's checkout, if it has begun.
    pub(crate) async fn checkout_of(
        &self,
        order_id: OrderId,
        context: &Context,
    ) -> Result<Option<Instance>, SagaError> {
        self.run_of(place_order::NAME, order_id, context).await
    }

    /// The order's cancellation, if it has begun.
    pub(crate) async fn cancellation_of(
        &self,
        order_id: OrderId,
        context: &Context,
    ) -> Result<Option<Instance>, SagaError> {
        self.run_of(cancel_order::NAME, order_id, context).await
    }

    async fn run_of(
        &self,
        saga: &str,
        order_id: OrderId,
        context: &Context,
    ) -> Result<Option<Instance>, SagaError> {
        match self.orchestrator.instance(context.tenant(), saga, &order_id.to_string()).await {
            Ok(instance) => Ok(Some(instance)),
            Err(SagaError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn placed(order: &Session<Order>) -> Result<&PlacedOrder, OrderRejection> {
    order.state().placed().ok_or(OrderRejection::NotFound)
}

/// An order that no payment can be made for is not taken. `pointer`: what of the request made it so dear.
fn can_be_paid(order: &Session<Order>, pointer: &str) -> Result<(), OrderRejection> {
    Payment::check_amount(placed(order)?.total()).map_err(|violation| {
        OrderRejection::Invalid(vec![Violation { pointer: pointer.to_owned(), ..violation }])
    })
}

/// What the order would note as the reason: nothing is begun that it refuses. None if it is cancelled already.
fn accepted(
    reason: &str,
    order: &Session<Order>,
    context: &Context,
) -> Result<Option<String>, OrderRejection> {
    let decided = order.state().decide(OrderCommand::Cancel { reason: reason.to_owned() }, context)?;
    Ok(decided.into_iter().find_map(|event| match event {
        OrderEvent::OrderCancelled { reason, .. } => Some(reason),
        _ => None,
    }))
}

/// A commit that expects the order to be as it was when this was decided.
fn unchanged(order: &Session<Order>) -> Commit {
    let stream = StreamId::of::<Order>(order.id());
    Commit::new().append(stream, Expected::Version(order.loaded_version()), Vec::new())
}

fn is_under_way(run: Option<&Instance>) -> bool {
    run.is_some_and(|run| !run.status.is_final())
}

fn refused(run: &Instance) -> WayError {
    let why = match (&run.failure, run.status) {
        (Some(failure), _) => failure.detail.clone(),
        (None, SagaStatus::Abandoned) => "an operator has given its cancellation up".to_owned(),
        (None, _) => "its cancellation has ended".to_owned(),
    };
    WayError::CancellationRefused(why)
}

/// Two lines of one product are one demand.
fn demand_of(order: &PlacedOrder) -> Result<Demand, HandleError> {
    let demand = order.demand().into_iter().map(|(product_id, quantity)| Line { product_id, quantity });
    Demand::new(demand).map_err(bug)
}
