//! What is shown of stock.

use commerce_core::id::ProductId;
use commerce_core::inventory::reservation::{Reservation, ReservationStatus};
use commerce_core::inventory::{StockItem, StockRejection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::inventory::{Reserved, StockCount};

/// A product's stock. Quantities are pieces.
#[derive(Serialize, ToSchema)]
pub(super) struct StockItemShown {
    /// The product's.
    id: Uuid,
    product_id: Uuid,
    sku: String,
    name: String,
    /// In the house, reserved ones included.
    on_hand: u64,
    /// Kept for orders.
    reserved: u64,
    /// On hand and not reserved.
    available: u64,
    reorder_level: u32,
    reorder_quantity: u32,
    /// Whether no more than the reorder level are available.
    low_stock: bool,
    #[schema(format = DateTime)]
    last_restocked_at: Option<String>,
}

impl StockItemShown {
    /// # Errors
    /// When the product was never taken into stock.
    pub(super) fn of(id: ProductId, item: &StockItem) -> Result<Self, StockRejection> {
        Self::of_count(id, &StockCount::from(item))
    }

    /// # Errors
    /// When the product was never taken into stock.
    pub(super) fn of_count(id: ProductId, count: &StockCount) -> Result<Self, StockRejection> {
        let sku = count.sku.as_ref().ok_or(StockRejection::NotFound)?;
        Ok(Self {
            id: id.0,
            product_id: id.0,
            sku: sku.to_string(),
            name: count.name.clone(),
            on_hand: count.on_hand,
            reserved: count.reserved,
            available: count.available(),
            reorder_level: count.reorder_level,
            reorder_quantity: count.reorder_quantity,
            low_stock: count.is_low(),
            last_restocked_at: count.last_restocked_at.map(|at| at.to_string()),
        })
    }
}

/// Where a reservation stands.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReservationStanding {
    Active,
    Confirmed,
    Released,
    Expired,
}

impl ReservationStanding {
    /// One that was rejected, or not asked for as a whole, was never kept, and counts as given back.
    pub(super) fn of(status: ReservationStatus) -> Self {
        match status {
            ReservationStatus::Active => Self::Active,
            ReservationStatus::Confirmed => Self::Confirmed,
            ReservationStatus::Expired => Self::Expired,
            ReservationStatus::Released | ReservationStatus::Rejected | ReservationStatus::ItemByItem => {
                Self::Released
            }
        }
    }

    pub(super) fn status(self) -> ReservationStatus {
        match self {
            Self::Active => ReservationStatus::Active,
            Self::Confirmed => ReservationStatus::Confirmed,
            Self::Released => ReservationStatus::Released,
            Self::Expired => ReservationStatus::Expired,
        }
    }
}

/// A product's stock, and what was asked about it for an order.
#[derive(Serialize, ToSchema)]
pub(super) struct KeptShown {
    #[serde(flatten)]
    pub(super) item: StockItemShown,
    pub(super) reservation: KeptFor,
}

/// What is, or was, kept for an order.
#[derive(Serialize, ToSchema)]
pub(super) struct KeptFor {
    order_id: Uuid,
    quantity: u64,
    status: ReservationStanding,
    /// Until when it is, or was, kept.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl KeptFor {
    pub(super) fn of(record: &Reservation) -> Self {
        Self {
            order_id: record.order_id().0,
            quantity: record.lines().iter().map(|line| line.quantity).sum(),
            status: ReservationStanding::of(record.status()),
            expires_at: record.expires_at().map(|at| at.to_string()),
        }
    }
}

/// A reservation of a product.
#[derive(Serialize, ToSchema)]
pub(super) struct ReservationShown {
    product_id: Uuid,
    order_id: Uuid,
    quantity: u64,
    status: ReservationStanding,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime)]
    reserved_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl ReservationShown {
    pub(super) fn of(product_id: ProductId, reserved: &Reserved) -> Self {
        Self {
            product_id: product_id.0,
            order_id: reserved.order_id.0,
            quantity: reserved.quantity,
            status: ReservationStanding::of(reserved.status),
            expires_at: reserved.expires_at.to_string(),
            reserved_at: reserved.reserved_at.to_string(),
            updated_at: reserved.updated_at.to_string(),
        }
    }
}
