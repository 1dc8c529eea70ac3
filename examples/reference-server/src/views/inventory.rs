//! Stock items, and what becomes of their reservations.

use async_trait::async_trait;
use commerce_core::id::OrderId;
use commerce_core::inventory::reservation::ReservationStatus;
use commerce_core::inventory::{StockEvent, StockItem};
use commerce_core::projection::{Projection, ProjectionError, Views};
use commerce_core::stream::RecordedEvent;
use commerce_core::upcast::decode;
use commerce_core::{Aggregate, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Fields, Row, fold};

/// The collection of stock items: [`Row`]s of [`StockItem`], by `low` (0 or 1).
pub const ITEMS: &str = "stock-items";
/// The collection of reservations: [`Reserved`], by `product` and `status`; its ids are `reserved_id`s.
pub const RESERVED: &str = "stock-reservations";

/// What is or was kept of a product for an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reserved {
    /// For which order.
    pub order_id: OrderId,
    /// How many.
    pub quantity: u64,
    /// What became of it.
    pub status: ReservationStatus,
    /// Until when it is, or was, kept.
    pub expires_at: Timestamp,
    /// Since when it was kept.
    pub reserved_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Orders are in the order of their ids, which is nearly that of time.
pub(crate) fn reserved_id(product_id: &str, order_id: OrderId) -> String {
    format!("{product_id}/{order_id}")
}

/// Follows the events of stock.
pub struct InventoryView;

#[async_trait]
impl Projection for InventoryView {
    fn name(&self) -> &str {
        "inventory"
    }

    fn version(&self) -> u32 {
        1
    }

    fn collections(&self) -> &[&'static str] {
        &[ITEMS, RESERVED]
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        if event.stream.kind() != StockItem::KIND {
            return Ok(());
        }
        fold(event, views, ITEMS, item_fields).await?;
        reservation(event, views).await
    }
}

fn item_fields(row: &Row<StockItem>) -> Fields {
    vec![("low".into(), i64::from(row.state.is_low()).into())]
}

async fn reservation(event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
    let at = event.recorded_at;
    let (order_id, status) = match decode(event)? {
        StockEvent::StockReserved { order_id, quantity, expires_at } => {
            let status = ReservationStatus::Active;
            let row = Reserved { order_id, quantity, status, expires_at, reserved_at: at, updated_at: at };
            return put(event.stream.id(), &row, views);
        }
        StockEvent::ReservationConfirmed { order_id, .. } => (order_id, ReservationStatus::Confirmed),
        StockEvent::ReservationReleased { order_id, .. } => (order_id, ReservationStatus::Released),
        StockEvent::ReservationExpired { order_id, .. } => (order_id, ReservationStatus::Expired),
        // Goods of the order are back on the shelf.
        StockEvent::StockAdjusted { order_id: Some(order_id), .. } => (order_id, ReservationStatus::Released),
        _ => return Ok(()),
    };
    let id = reserved_id(event.stream.id(), order_id);
    if let Some(row) = views.get::<Reserved>(RESERVED, &id).await? {
        put(event.stream.id(), &Reserved { status, updated_at: at, ..row }, views)?;
    }
    Ok(())
}

fn put(product_id: &str, row: &Reserved, views: &mut Views<'_>) -> Result<(), ProjectionError> {
    let status = status_name(row.status);
    let fields = vec![("product".into(), product_id.to_owned().into()), ("status".into(), status.into())];
    views.put_with(RESERVED, &reserved_id(product_id, row.order_id), row, fields)
}

/// As it is written.
pub(crate) fn status_name(status: ReservationStatus) -> &'static str {
    match status {
        ReservationStatus::Active => "active",
        ReservationStatus::Confirmed => "confirmed",
        ReservationStatus::Released => "released",
        ReservationStatus::Expired => "expired",
        ReservationStatus::Rejected => "rejected",
        ReservationStatus::ItemByItem => "item_by_item",
    }
}

#[cfg(test)]
mod tests {
    use commerce_core::id::ProductId;

    use super::*;

    #[test]
    fn ids_of_one_product_lie_together_in_the_order_of_the_orders() {
        let id = |n| {
            reserved_id(&ProductId(uuid::Uuid::from_u128(1)).to_string(), OrderId(uuid::Uuid::from_u128(n)))
        };
        assert!(id(2) < id(10));
    }

    #[test]
    fn statuses_are_named_as_they_are_written() {
        use ReservationStatus::{Active, Confirmed, Expired, ItemByItem, Rejected, Released};
        for status in [Active, Confirmed, Released, Expired, Rejected, ItemByItem] {
            assert_eq!(serde_json::json!(status), status_name(status));
        }
    }
}
