//! What is asked of stock.

use std::time::Duration;

use commerce_adapters::http::Problem;
use commerce_core::Context;
use commerce_core::id::{OrderId, ProductId};
use commerce_core::inventory::reservation::{DEFAULT_DURATION, Demand, Line, ReservationRequest};
use commerce_core::inventory::{Reason, StockCommand};
use commerce_core::value::{Sku, Violation};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest that something is kept by hand: thirty days. What is kept longer is no reservation but a sale.
const LONGEST: u32 = 30 * 24 * 60 * 60;

/// A product that is taken into stock.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StockItemBody {
    /// The product, as in the catalog.
    pub(super) product_id: Uuid,
    /// Its stock-keeping unit, unique in any case.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,50}$", example = "LAMP-01")]
    sku: String,
    /// What people call it.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    /// How many there are to begin with.
    #[schema(minimum = 0, maximum = 4294967295_u32)]
    initial_stock: u32,
    /// At how many left it is low; 10 unless it is said.
    #[schema(minimum = 0, maximum = 4294967295_u32)]
    reorder_level: Option<u32>,
    /// How many to order then; 100 unless it is said.
    #[schema(minimum = 1, maximum = 4294967295_u32)]
    reorder_quantity: Option<u32>,
}

impl StockItemBody {
    pub(super) fn command(self) -> Result<(Sku, StockCommand), Problem> {
        let Self { sku, name, initial_stock, reorder_level, reorder_quantity, .. } = self;
        let command = StockCommand::create(&sku, &name, initial_stock, reorder_level, reorder_quantity)
            .map_err(Problem::violations)?;
        let sku = Sku::parse(&sku).map_err(|error| Problem::violations(vec![error.at("/sku")]))?;
        Ok((sku, command))
    }
}

/// A correction of what is on hand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdjustBody {
    /// The difference, not zero: more (a delivery) or fewer (a loss), but never fewer than are reserved.
    #[schema(minimum = -4294967295_i64, maximum = 4294967295_i64)]
    quantity: i64,
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    reason: String,
}

impl AdjustBody {
    pub(super) fn command(self) -> Result<StockCommand, Problem> {
        let quantity = match self.quantity {
            0 => Err(Violation::new("/quantity", "must_not_be_zero", "must add or take away at least one")),
            // What ever came in is bounded: no single slip may use that up.
            far if far.unsigned_abs() > u32::MAX.into() => {
                let detail = format!("must be from -{0} to {0}", u32::MAX);
                Err(Violation::new("/quantity", "out_of_range", detail))
            }
            quantity => Ok(quantity),
        };
        match (quantity, Reason::parse(&self.reason)) {
            (Ok(quantity), Ok(reason)) => Ok(StockCommand::Adjust { quantity, reason }),
            (quantity, reason) => {
                Err(Problem::violations(quantity.err().into_iter().chain(reason.err()).collect()))
            }
        }
    }
}

/// When a product is low.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReorderBody {
    /// At how many left it is low.
    #[schema(minimum = 0, maximum = 4294967295_u32)]
    reorder_level: u32,
    /// How many to order then.
    #[schema(minimum = 1, maximum = 4294967295_u32)]
    reorder_quantity: u32,
}

impl ReorderBody {
    pub(super) fn command(self) -> StockCommand {
        let Self { reorder_level, reorder_quantity } = self;
        StockCommand::ChangeReorderSettings { reorder_level, reorder_quantity }
    }
}

/// What is to be kept for an order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReserveBody {
    /// For which order.
    order_id: Uuid,
    /// How many.
    #[schema(minimum = 1, maximum = 9007199254740991_u64)]
    quantity: u64,
    /// For how long; 15 minutes unless it is said.
    #[schema(minimum = 1, maximum = 2592000)]
    expires_in_seconds: Option<u32>,
}

impl ReserveBody {
    pub(super) fn request(
        self,
        product_id: ProductId,
        context: &Context,
    ) -> Result<ReservationRequest, Problem> {
        let line = Line { product_id, quantity: self.quantity };
        let demand = Demand::new([line])
            .map_err(|error| Violation::new("/quantity", error.code(), "must be at least one"));
        let duration = match self.expires_in_seconds {
            None => Ok(DEFAULT_DURATION),
            Some(seconds @ 1..=LONGEST) => Ok(Duration::from_secs(seconds.into())),
            Some(_) => {
                let detail = format!("must be from 1 to {LONGEST}");
                Err(Violation::new("/expires_in_seconds", "out_of_range", detail))
            }
        };
        match (demand, duration) {
            (Ok(demand), Ok(duration)) => Ok(ReservationRequest::Reserve {
                order_id: OrderId(self.order_id),
                demand,
                expires_at: context.now().plus(duration),
            }),
            (demand, duration) => {
                Err(Problem::violations(demand.err().into_iter().chain(duration.err()).collect()))
            }
        }
    }
}

/// An order for which something is kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptForBody {
    /// Which order.
    pub(super) order_id: Uuid,
}
