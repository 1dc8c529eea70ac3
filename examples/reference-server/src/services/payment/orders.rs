//! The payment service's own copy of orders: whose each is, what it costs, and whether it still is to be paid. It follows
//! the order service's events, says who may open a payment of an order by hand, and which payment that was
//! (`by_hand`). A checkout doesn't ask it: its message says whose order is paid for, and how much.

use async_trait::async_trait;
use commerce_core::commit::{DocumentWrite, Expected};
use commerce_core::event::CodecError;
use commerce_core::id::{CustomerId, OrderId, PaymentId};
use commerce_core::order::{Order, OrderEvent};
use commerce_core::stream::Version;
use commerce_core::value::Money;
use commerce_core::{Aggregate, Context};
use commerce_outbox::{Envelope, HandleError, Handled, Handler, PublishedEvent, Scope};
use serde::{Deserialize, Serialize};

use super::{PaymentError, Payments};
use crate::services::{body, bug};

/// The copy: a document for each order, by its id.
pub const ORDER_COPY: &str = "order-copy";

/// An order, as far as payments need it. One that nothing was heard of is open, and no one's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CopiedOrder {
    #[serde(skip)]
    version: Version,
    /// Whose it is.
    customer_id: Option<CustomerId>,
    /// What it costs.
    total: Option<Money>,
    standing: Standing,
    /// The last of its events that changed the copy.
    seen: Version,
    /// The payment that was last opened by hand. Those before it are not live any more, as an order has one live payment.
    by_hand: Option<PaymentId>,
}

/// Whether an order is to be paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// It is not paid yet, as far as is known.
    #[default]
    Open,
    /// A checkout has paid it.
    Paid,
    /// It was cancelled, or has failed.
    Ended,
}

impl CopiedOrder {
    pub(crate) fn customer_id(&self) -> Option<CustomerId> {
        self.customer_id
    }

    /// Whether a payment was opened by hand that is ended once the order's end is known.
    pub(crate) fn will_end_a_payment(&self) -> bool {
        self.by_hand.is_some() && !self.has_ended()
    }

    pub(super) fn by_hand(&self) -> Option<PaymentId> {
        self.by_hand
    }

    /// It was cancelled, or has failed.
    pub(super) fn has_ended(&self) -> bool {
        self.standing == Standing::Ended
    }

    /// Whether this is what it costs, as far as that is known.
    pub(super) fn costs(&self, amount: Option<Money>) -> bool {
        self.total.is_none() || self.total == amount
    }

    /// Nobody pays for an order that has ended.
    ///
    /// # Errors
    /// When it has.
    pub(crate) fn may_be_paid(&self) -> Result<(), PaymentError> {
        if self.has_ended() { Err(PaymentError::OrderEnded) } else { Ok(()) }
    }

    /// Its customer pays all of it, and once.
    ///
    /// # Errors
    /// When it has ended or is paid; when it costs something else.
    pub(crate) fn may_be_paid_with(&self, amount: Money) -> Result<(), PaymentError> {
        self.may_be_paid()?;
        match self.total {
            _ if self.standing == Standing::Paid => Err(PaymentError::OrderPaid),
            Some(total) if total != amount => Err(PaymentError::AmountDiffers { total }),
            _ => Ok(()),
        }
    }

    /// This payment is opened by hand, provided that nothing was heard of the order meanwhile.
    pub(crate) fn paid_by_hand(
        self,
        order_id: OrderId,
        payment_id: PaymentId,
    ) -> Result<DocumentWrite, CodecError> {
        Self { by_hand: Some(payment_id), ..self }.put(order_id)
    }

    fn put(&self, order_id: OrderId) -> Result<DocumentWrite, CodecError> {
        DocumentWrite::json(ORDER_COPY, order_id.to_string(), Expected::Version(self.version), self)
    }

    /// The order after this event. None if nothing changes that concerns payments.
    fn after(self, event: OrderEvent) -> Option<Self> {
        match event {
            OrderEvent::OrderPlaced { customer_id, total, .. } => {
                Some(Self { customer_id: Some(customer_id), total: Some(total), ..self })
            }
            OrderEvent::OrderItemAdded { total, .. } => Some(Self { total: Some(total), ..self }),
            OrderEvent::PaymentCompleted { .. } => Some(Self { standing: Standing::Paid, ..self }),
            OrderEvent::OrderCancelled { .. } | OrderEvent::OrderFailed { .. } => {
                Some(Self { standing: Standing::Ended, ..self })
            }
            _ => None,
        }
    }
}

/// Takes the events of orders into the copy. What they mean for a payment that was opened by hand is part of the commit.
pub(super) struct KeepCopy(pub(super) Payments);

#[async_trait]
impl Handler for KeepCopy {
    async fn handle(&self, envelope: &Envelope, mut scope: Scope) -> Result<Handled, HandleError> {
        let event: PublishedEvent = body(envelope)?;
        if event.stream_kind != Order::KIND {
            return Ok(scope.finish());
        }
        let change: OrderEvent = event.decode()?;
        let order_id: OrderId = event.stream_id.parse().map_err(bug)?;
        let context = scope.context().clone();
        let copied = self.0.copy_of(order_id, &context).await?;
        // An event may come again after its claim in the inbox has expired.
        if event.version <= copied.seen {
            return Ok(scope.finish());
        }
        let Some(copied) = copied.after(change) else { return Ok(scope.finish()) };
        let copied = CopiedOrder { seen: event.version, ..copied };
        let followed = self.0.follow_order(&copied, &context).await.map_err(super::messages::handled)?;
        let write = copied.put(order_id)?;
        scope.write(|commit| commit.document(write).and(followed));
        Ok(scope.finish())
    }
}

impl Payments {
    /// What is known of an order.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn copy_of(
        &self,
        order_id: OrderId,
        context: &Context,
    ) -> Result<CopiedOrder, HandleError> {
        match self.store.document(context.tenant(), ORDER_COPY, &order_id.to_string()).await? {
            Some(found) => Ok(CopiedOrder { version: found.version, ..found.json()? }),
            None => Ok(CopiedOrder::default()),
        }
    }
}
