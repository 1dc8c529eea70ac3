//! Cancellation of an order that was confirmed: its shipment is called off, its money given back, its goods put back into
//! stock, and the order cancelled.
//!
//! Shipping decides: a parcel that has left the warehouse is not called back, and the order stays as it is. Once the
//! shipment is called off there is no way back: what follows is tried until it is done, and waits for an operator if it
//! can't be (docs/decisions/0015-cancelling.md).

use std::time::Duration;

use commerce_core::commit::ClaimKey;
use commerce_core::id::{OrderId, PaymentId, ShipmentId};
use commerce_core::order::OrderCommand;
use commerce_outbox::{RetryPolicy, Scope};
use commerce_saga::{BuildError, Failure, Saga, StepError, Version};
use serde::{Deserialize, Serialize};

use crate::messages::{CallOffShipment, ORDER_REPLIES, PutBackStock, RefundOrder};
use crate::services::order::{WAY, instruct};

/// The saga's name.
pub const NAME: &str = "cancel-order";

/// What a cancellation has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CancelOrder {
    /// The order.
    pub order_id: OrderId,
    /// Its payment.
    pub payment_id: PaymentId,
    /// Its shipment.
    pub shipment_id: ShipmentId,
    /// Why it is cancelled.
    pub reason: String,
}

/// The definition. Each answer is awaited for `within`. Once the shipment is called off there is no way back: what follows has
/// the patience of `giving_back`.
///
/// # Errors
/// Never, as long as the definition makes sense: a test builds it.
pub fn definition(within: Duration, giving_back: RetryPolicy) -> Result<Saga<CancelOrder>, BuildError> {
    Saga::builder::<CancelOrder>(NAME, Version(1))
        .replies_to(ORDER_REPLIES)
        .request("cancel-shipment", |order: &CancelOrder| CallOffShipment {
            order_id: order.order_id,
            shipment_id: order.shipment_id,
            reason: order.reason.clone(),
        })
        .reply_within(within)
        .decisive()
        .request("refund", |order| RefundOrder {
            order_id: order.order_id,
            payment_id: order.payment_id,
            reason: order.reason.clone(),
        })
        .reply_within(within)
        .undo_retry(giving_back)
        .request("restock", |order| PutBackStock {
            order_id: order.order_id,
            reason: "the order was cancelled".to_owned(),
        })
        .reply_within(within)
        .undo_retry(giving_back)
        .local("cancel-order", CancelOrder::cancelled)
        .when_undone(CancelOrder::refused)
        .build()
}

impl CancelOrder {
    async fn cancelled(self, scope: Scope) -> Result<(Self, Scope), StepError> {
        let command = OrderCommand::Cancel { reason: self.reason.clone() };
        match instruct(self.order_id, command, scope).await? {
            Ok(scope) => Ok(self.leave_way(scope)),
            Err(rejection) => Err(StepError::failed(rejection.code(), rejection)),
        }
    }

    /// Nothing was done: the order goes its way.
    async fn refused(self, _: Failure, scope: Scope) -> Result<(Self, Scope), StepError> {
        Ok(self.leave_way(scope))
    }

    fn leave_way(self, mut scope: Scope) -> (Self, Scope) {
        let way = ClaimKey::new(WAY, self.order_id.to_string());
        scope.write(|commit| commit.release(way));
        (self, scope)
    }
}
