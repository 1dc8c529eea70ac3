//! Checkout: stock is reserved, the payment captured, a shipment made, the stock handed out, the order confirmed; or
//! nothing of it, if a step fails or the customer thinks better of it.
//!
//! The order is confirmed with the last answer, not before the reservation is: an order that is confirmed has
//! everything it needs, and one that fails was never confirmed (docs/decisions/0006-checkout.md).

use std::time::Duration;

use commerce_core::id::{CustomerId, OrderId, PaymentId, ShipmentId};
use commerce_core::inventory::reservation::{DEFAULT_DURATION, Demand};
use commerce_core::order::{Failure as OrderFailure, OrderCommand, OrderRejection};
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::value::{Address, Money};
use commerce_outbox::{RetryPolicy, Scope};
use commerce_saga::{BuildError, Failure, Note, Saga, StepError, Version};
use serde::{Deserialize, Serialize};
use tracing::debug;

use crate::messages::{
    CancelPayment, CancelShipment, CapturePayment, ConfirmReservation, CreateShipment, ORDER_REPLIES,
    ReleaseStock, ReserveStock,
};
use crate::services::order::instruct;

/// The saga's name.
pub const NAME: &str = "place-order";
/// So often the payment is asked for before the order is given up.
pub const PAYMENT_TRIES: u32 = 3;
/// A provider may be away for a while: what was paid is given back once it is there again, and an operator is asked after three
/// quarters of an hour.
pub const GIVING_BACK: RetryPolicy = RetryPolicy {
    attempts: 20,
    first_wait: Duration::from_millis(200),
    longest_wait: Duration::from_secs(300),
};

/// What a checkout has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// The order.
    pub order_id: OrderId,
    /// Its payment.
    pub payment_id: PaymentId,
    /// Its shipment.
    pub shipment_id: ShipmentId,
    /// How many of each product.
    pub demand: Demand,
    /// What it costs.
    pub total: Money,
    /// How it is paid.
    pub method: PaymentMethod,
    /// What the provider knows the means by.
    pub token: PaymentToken,
    /// Where to.
    pub address: Address,
    /// Whose order it is.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
}

/// The definition. Each answer is awaited for `within`, but that of the payment, in each of its tries, for `paid_within`:
/// its customer may have to act. What was paid is given back with the patience of `giving_back`.
///
/// # Errors
/// Never, as long as the definition makes sense: a test builds it.
pub fn definition(
    within: Duration,
    paid_within: Duration,
    giving_back: RetryPolicy,
) -> Result<Saga<PlaceOrder>, BuildError> {
    Saga::builder::<PlaceOrder>(NAME, Version(1))
        .replies_to(ORDER_REPLIES)
        .request("reserve-stock", |order: &PlaceOrder| ReserveStock {
            order_id: order.order_id,
            demand: order.demand.clone(),
            for_at_most: DEFAULT_DURATION,
        })
        .reply_within(within)
        .undo_because(|order, wish| ReleaseStock { order_id: order.order_id, reason: why(wish) })
        .request("capture-payment", |order| CapturePayment {
            order_id: order.order_id,
            payment_id: order.payment_id,
            customer_id: order.customer_id,
            amount: order.total,
            method: order.method,
            token: order.token.clone(),
        })
        .reply_within(paid_within)
        .retry(RetryPolicy { attempts: PAYMENT_TRIES, ..RetryPolicy::default() })
        .then(PlaceOrder::paid)
        .undo_because(|order, wish| CancelPayment {
            order_id: order.order_id,
            payment_id: order.payment_id,
            reason: why(wish),
        })
        .undo_retry(giving_back)
        .request("create-shipment", |order| CreateShipment {
            order_id: order.order_id,
            shipment_id: order.shipment_id,
            customer_id: order.customer_id,
            address: order.address.clone(),
            order_total: order.total,
        })
        .reply_within(within)
        .undo_because(|order, wish| CancelShipment {
            order_id: order.order_id,
            shipment_id: order.shipment_id,
            reason: why(wish),
        })
        .request("confirm-reservation", |order| ConfirmReservation { order_id: order.order_id })
        .reply_within(within)
        .then(PlaceOrder::confirmed)
        // What is kept is released by undoing that step, what is handed out put back.
        .undone_with("reserve-stock")
        .when_undone(PlaceOrder::failed)
        .when_aborted(PlaceOrder::cancelled)
        .build()
}

/// What is said of an order's payment, parcel and stock. The customer's own words stay with the order.
fn why(wish: Option<&Note>) -> String {
    let why = if wish.is_some() { "the order was cancelled" } else { "the order failed" };
    why.to_owned()
}

impl PlaceOrder {
    async fn paid(self, (): (), scope: Scope) -> Result<(Self, Scope), StepError> {
        let command = OrderCommand::CompletePayment { payment_id: self.payment_id };
        self.instruct(command, scope).await
    }

    async fn confirmed(self, (): (), scope: Scope) -> Result<(Self, Scope), StepError> {
        let command = OrderCommand::Confirm { shipment_id: self.shipment_id };
        self.instruct(command, scope).await
    }

    /// An order that doesn't allow it any more (a customer has cancelled it) fails the checkout.
    async fn instruct(self, command: OrderCommand, scope: Scope) -> Result<(Self, Scope), StepError> {
        match instruct(self.order_id, command, scope).await? {
            Ok(scope) => Ok((self, scope)),
            Err(rejection) => Err(StepError::failed(rejection.code(), rejection)),
        }
    }

    async fn failed(self, failure: Failure, scope: Scope) -> Result<(Self, Scope), StepError> {
        let Failure { step, code, detail } = failure;
        self.end(OrderCommand::Fail { failure: OrderFailure { step, code, detail } }, scope).await
    }

    /// Its customer has thought better of it, and all is undone.
    async fn cancelled(self, wish: Note, scope: Scope) -> Result<(Self, Scope), StepError> {
        self.end(OrderCommand::cancel(&wish.reason), scope).await
    }

    async fn end(self, command: OrderCommand, scope: Scope) -> Result<(Self, Scope), StepError> {
        let unchanged = scope.fork();
        match instruct(self.order_id, command, scope).await? {
            Ok(scope) => Ok((self, scope)),
            Err(rejection @ (OrderRejection::WrongState { .. } | OrderRejection::NotFound)) => {
                debug!(order = %self.order_id, %rejection, "the order had ended before its checkout was undone");
                Ok((self, unchanged))
            }
            // An order that nothing ends any more is for someone to see.
            Err(rejection) => Err(StepError::failed(rejection.code(), rejection)),
        }
    }
}
