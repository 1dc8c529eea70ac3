//! Orders by their customers.

use async_trait::async_trait;
use commerce_core::Aggregate;
use commerce_core::order::{Order, PlacedOrder};
use commerce_core::projection::{Projection, ProjectionError, Views};
use commerce_core::stream::RecordedEvent;

use super::{Fields, Row, fold};

/// The collection of orders: [`Row`]s of [`Order`], by `customer`, `status` and `order`, which is the order's id: ids
/// rise with time.
pub const ORDERS: &str = "orders";

/// Follows the orders' events.
pub struct OrdersView;

#[async_trait]
impl Projection for OrdersView {
    fn name(&self) -> &str {
        "orders"
    }

    fn version(&self) -> u32 {
        1
    }

    fn collections(&self) -> &[&'static str] {
        &[ORDERS]
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        match event.stream.kind() {
            Order::KIND => fold(event, views, ORDERS, fields).await,
            _ => Ok(()),
        }
    }
}

fn fields(row: &Row<Order>) -> Fields {
    let customer = row.state.placed().map(PlacedOrder::customer_id);
    let status = row.state.status().map_or("", |status| status.as_str());
    vec![
        ("customer".into(), customer.map_or_else(String::new, |customer| customer.to_string()).into()),
        ("status".into(), status.to_owned().into()),
        ("order".into(), row.id.clone().into()),
    ]
}
