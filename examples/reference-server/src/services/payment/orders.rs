//! The payment service's own copy of orders: whose each is. It follows the order service's events, and says who may open
//! a payment of an order. A checkout doesn't ask it: its message says whose order is paid for.

use async_trait::async_trait;
use commerce_core::commit::{DocumentWrite, Expected};
use commerce_core::event::decode;
use commerce_core::id::{CustomerId, OrderId};
use commerce_core::order::{Order, OrderEvent};
use commerce_core::store::StoreError;
use commerce_core::{Aggregate, Context};
use commerce_outbox::{Envelope, HandleError, Handled, Handler, PublishedEvent, Scope};
use serde::{Deserialize, Serialize};

use super::Payments;
use crate::services::body;

/// The copy: a document for each order, by its id.
pub const ORDER_COPY: &str = "order-copy";

/// An order, as far as payments need it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct CopiedOrder {
    customer_id: CustomerId,
}

/// Takes the events of orders into the copy.
pub(super) struct KeepCopy;

#[async_trait]
impl Handler for KeepCopy {
    async fn handle(&self, envelope: &Envelope, mut scope: Scope) -> Result<Handled, HandleError> {
        let event: PublishedEvent = body(envelope)?;
        if event.stream_kind != Order::KIND {
            return Ok(scope.finish());
        }
        let change = decode::<OrderEvent>(&event.event_type, event.fields.get().as_bytes())
            .map_err(HandleError::terminal)?;
        // Whose it is never changes.
        let OrderEvent::OrderPlaced { customer_id, .. } = change else { return Ok(scope.finish()) };
        let id = &event.stream_id;
        // An event may come again after its claim in the inbox has expired.
        if scope.store().document(scope.context().tenant(), ORDER_COPY, id).await?.is_none() {
            let copied = CopiedOrder { customer_id };
            let write = DocumentWrite::json(ORDER_COPY, id.clone(), Expected::ABSENT, &copied)?;
            scope.write(|commit| commit.document(write));
        }
        Ok(scope.finish())
    }
}

impl Payments {
    /// Whose order it is. None for one that was never placed, or of which nothing has been heard yet.
    pub(crate) async fn customer_of(
        &self,
        order_id: OrderId,
        context: &Context,
    ) -> Result<Option<CustomerId>, StoreError> {
        let found = self.store.document(context.tenant(), ORDER_COPY, &order_id.to_string()).await?;
        let copied: Option<CopiedOrder> = found.map(|found| found.json()).transpose()?;
        Ok(copied.map(|copied| copied.customer_id))
    }
}
