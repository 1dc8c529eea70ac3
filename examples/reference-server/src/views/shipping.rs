//! Shipments by what they are looked for.

use async_trait::async_trait;
use commerce_core::Aggregate;
use commerce_core::projection::{Projection, ProjectionError, Views};
use commerce_core::shipping::Shipment;
use commerce_core::stream::RecordedEvent;

use super::{Fields, Row, fold};

/// The collection of shipments: [`Row`]s of [`Shipment`], by `order`, `tracking`, `status`, `customer`, if it is known, and
/// `due`: when they should arrive, as long as they may.
pub const SHIPMENTS: &str = "shipments";

/// Follows the events of shipments.
pub struct ShippingView;

#[async_trait]
impl Projection for ShippingView {
    fn name(&self) -> &str {
        "shipping"
    }

    fn version(&self) -> u32 {
        3
    }

    fn collections(&self) -> &[&'static str] {
        &[SHIPMENTS]
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        match event.stream.kind() {
            Shipment::KIND => fold(event, views, SHIPMENTS, fields).await,
            _ => Ok(()),
        }
    }
}

fn fields(row: &Row<Shipment>) -> Fields {
    let Some(shipment) = row.state.created() else { return Vec::new() };
    let mut fields: Fields = vec![
        ("order".into(), shipment.order_id().to_string().into()),
        ("tracking".into(), shipment.tracking_number().as_str().into()),
        ("status".into(), shipment.status().as_str().into()),
    ];
    if let Some(customer) = shipment.customer_id() {
        fields.push(("customer".into(), customer.to_string().into()));
    }
    if shipment.status().is_under_way() {
        fields.push(("due".into(), shipment.estimated_delivery().into()));
    }
    fields
}
