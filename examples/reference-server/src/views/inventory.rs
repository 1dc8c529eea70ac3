//! Stock items, and what becomes of their reservations.

use async_trait::async_trait;
use commerce_core::id::OrderId;
use commerce_core::inventory::reservation::ReservationStatus;
use commerce_core::inventory::{StockEvent, StockItem};
use commerce_core::projection::{Projection, ProjectionError, Views};
use commerce_core::stream::RecordedEvent;
use commerce_core::upcast::decode;
use commerce_core::value::Sku;
use commerce_core::{Aggregate, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Fields, Row, fold_with};

/// The collection of stock items: [`Row`]s of [`StockCount`], by `low` (0 or 1).
pub const ITEMS: &str = "stock-items";
/// The collection of reservations: [`Reserved`], by `product` and `status`; its ids are `reserved_id`s.
pub const RESERVED: &str = "stock-reservations";

/// How much there is of a product: a [`StockItem`] without its reservations, of which there may be tens of thousands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StockCount {
    /// The product's stock-keeping unit, once it was taken into stock.
    pub sku: Option<Sku>,
    /// What people call it.
    pub name: String,
    /// How many are in the house, reserved ones included.
    pub on_hand: u64,
    /// How many of those are kept for orders.
    pub reserved: u64,
    /// At how many available it is low.
    pub reorder_level: u32,
    /// How many to order when it is low.
    pub reorder_quantity: u32,
    /// When some were last added.
    pub last_restocked_at: Option<Timestamp>,
}

impl StockCount {
    /// How many can be promised: on hand and not reserved.
    pub fn available(&self) -> u64 {
        self.on_hand.saturating_sub(self.reserved)
    }

    /// Whether what is available is at or below the reorder level.
    pub fn is_low(&self) -> bool {
        self.sku.is_some() && self.available() <= u64::from(self.reorder_level)
    }

    /// As the item does. Each event says how many it is about, as nothing is kept for an order twice at a time.
    fn apply(&mut self, event: &StockEvent) {
        match event {
            StockEvent::StockItemCreated { sku, name, initial_stock, reorder_level, reorder_quantity } => {
                self.sku = Some(sku.clone());
                self.name.clone_from(name);
                self.on_hand = u64::from(*initial_stock);
                (self.reorder_level, self.reorder_quantity) = (*reorder_level, *reorder_quantity);
            }
            StockEvent::StockReserved { quantity, .. } => {
                self.reserved = self.reserved.saturating_add(*quantity);
            }
            StockEvent::ReservationConfirmed { quantity, .. } => {
                self.reserved = self.reserved.saturating_sub(*quantity);
                self.on_hand = self.on_hand.saturating_sub(*quantity);
            }
            StockEvent::ReservationReleased { quantity, .. }
            | StockEvent::ReservationExpired { quantity, .. } => {
                self.reserved = self.reserved.saturating_sub(*quantity);
            }
            StockEvent::StockAdjusted { quantity, at, .. } => {
                self.on_hand = self.on_hand.saturating_add_signed(*quantity);
                if *quantity > 0 {
                    self.last_restocked_at = Some(*at);
                }
            }
            StockEvent::ReorderSettingsChanged { reorder_level, reorder_quantity } => {
                (self.reorder_level, self.reorder_quantity) = (*reorder_level, *reorder_quantity);
            }
            StockEvent::StockReservationRejected { .. } | StockEvent::LowStockDetected { .. } => {}
        }
    }
}

impl From<&StockItem> for StockCount {
    fn from(item: &StockItem) -> Self {
        Self {
            sku: item.sku().cloned(),
            name: item.name().to_owned(),
            on_hand: item.on_hand(),
            reserved: item.reserved(),
            reorder_level: item.reorder_level(),
            reorder_quantity: item.reorder_quantity(),
            last_restocked_at: item.last_restocked_at(),
        }
    }
}

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
        2
    }

    fn collections(&self) -> &[&'static str] {
        &[ITEMS, RESERVED]
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        if event.stream.kind() != StockItem::KIND {
            return Ok(());
        }
        let change: StockEvent = decode(event)?;
        fold_with(event, views, ITEMS, |count: &mut StockCount| count.apply(&change), item_fields).await?;
        reservation(change, event, views).await
    }
}

fn item_fields(row: &Row<StockCount>) -> Fields {
    vec![("low".into(), i64::from(row.state.is_low()).into())]
}

async fn reservation(
    change: StockEvent,
    event: &RecordedEvent,
    views: &mut Views<'_>,
) -> Result<(), ProjectionError> {
    let at = event.recorded_at;
    let (order_id, status) = match change {
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
    use commerce_core::Context;
    use commerce_core::id::ProductId;
    use commerce_core::inventory::{Reason, StockCommand};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn at(minutes: u64) -> Context {
        let begin = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        Context::new(begin.plus(std::time::Duration::from_mins(minutes)), Uuid::nil())
    }

    fn a_command() -> impl Strategy<Value = StockCommand> {
        let reason = || Reason::parse("counted").unwrap();
        let order_id = (1_u128..6).prop_map(|id| OrderId(Uuid::from_u128(id)));
        let create = (0_u32..30, 0_u32..9).prop_map(|(initial_stock, level)| {
            StockCommand::create("TEA", "Tea", initial_stock, Some(level), None).unwrap()
        });
        prop_oneof![
            1 => create,
            4 => (order_id.clone(), 0_u64..12, 0_u64..90).prop_map(|(order_id, quantity, minutes)| {
                StockCommand::Reserve { order_id, quantity, expires_at: at(minutes).now() }
            }),
            2 => order_id.clone().prop_map(|order_id| StockCommand::Confirm { order_id }),
            1 => order_id.clone().prop_map(move |order_id| StockCommand::Release { order_id, reason: reason() }),
            1 => order_id.prop_map(|order_id| StockCommand::Expire { order_id }),
            3 => (-12_i64..12).prop_map(move |quantity| StockCommand::Adjust { quantity, reason: reason() }),
            1 => (0_u32..15, 1_u32..3).prop_map(|(reorder_level, reorder_quantity)| {
                StockCommand::ChangeReorderSettings { reorder_level, reorder_quantity }
            }),
        ]
    }

    proptest! {
        #[test]
        fn the_list_counts_as_the_item_does(commands in vec((0_u64..60, a_command()), 1..100)) {
            let (mut item, mut count) = (StockItem::default(), StockCount::default());
            for (minutes, command) in commands {
                for event in item.decide(command, &at(minutes)).unwrap_or_default() {
                    item.apply(&event);
                    count.apply(&event);
                    prop_assert_eq!(&count, &StockCount::from(&item));
                    prop_assert_eq!((count.available(), count.is_low()), (item.available(), item.is_low()));
                }
            }
        }
    }

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
