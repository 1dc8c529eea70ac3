use super::Fact;
use crate::analytics::FactLine;
use crate::id::OrderId;
use crate::order::{OrderEvent, OrderLine, OrderStatus, PlacedLine};
use crate::time::Timestamp;

/// What an event of an order tells.
pub(super) fn fact(order_id: OrderId, event: OrderEvent) -> Option<Fact> {
    let moved = |status, changed_at: Timestamp| Fact::OrderStatusChanged { order_id, status, changed_at };
    Some(match event {
        OrderEvent::OrderPlaced { customer_id, lines, currency, placed_at, .. } => {
            let lines = lines.into_iter().map(FactLine::from).collect();
            Fact::OrderPlaced { order_id, customer_id, currency, lines, placed_at }
        }
        OrderEvent::OrderItemAdded { line, added_at, .. } => Fact::OrderItemAdded {
            order_id,
            currency: line.unit_price.currency(),
            line: line.into(),
            added_at,
        },
        OrderEvent::PaymentInitiated { initiated_at } => moved(OrderStatus::PaymentInitiated, initiated_at),
        OrderEvent::PaymentCompleted { completed_at, .. } => {
            moved(OrderStatus::PaymentCompleted, completed_at)
        }
        OrderEvent::OrderConfirmed { confirmed_at, .. } => moved(OrderStatus::Confirmed, confirmed_at),
        OrderEvent::OrderShipped { shipped_at, .. } => moved(OrderStatus::Shipped, shipped_at),
        OrderEvent::OrderDelivered { delivered_at } => moved(OrderStatus::Delivered, delivered_at),
        OrderEvent::OrderCancelled { cancelled_at, .. } => moved(OrderStatus::Cancelled, cancelled_at),
        OrderEvent::OrderFailed { failed_at, .. } => moved(OrderStatus::Failed, failed_at),
    })
}

impl From<PlacedLine> for FactLine {
    fn from(line: PlacedLine) -> Self {
        Self {
            product_id: line.product_id,
            sku: line.sku.to_string(),
            name: line.name,
            unit_price_minor: line.unit_price_minor,
            quantity: line.quantity.get(),
        }
    }
}

impl From<OrderLine> for FactLine {
    fn from(line: OrderLine) -> Self {
        PlacedLine::from(line).into()
    }
}
