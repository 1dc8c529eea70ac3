//! Payments by their orders, and by the provider's ids of their charges.

use async_trait::async_trait;
use commerce_core::Aggregate;
use commerce_core::payment::Payment;
use commerce_core::projection::{Projection, ProjectionError, Views};
use commerce_core::stream::RecordedEvent;

use super::{Fields, Row, fold};

/// The collection of payments: [`Row`]s of [`Payment`], by `order` and, once they have succeeded, by
/// `external_payment_id`.
pub const PAYMENTS: &str = "payments";

/// Follows the payments' events.
pub struct PaymentView;

#[async_trait]
impl Projection for PaymentView {
    fn name(&self) -> &str {
        "payment"
    }

    fn version(&self) -> u32 {
        2
    }

    fn collections(&self) -> &[&'static str] {
        &[PAYMENTS]
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        match event.stream.kind() {
            Payment::KIND => fold(event, views, PAYMENTS, fields).await,
            _ => Ok(()),
        }
    }
}

fn fields(row: &Row<Payment>) -> Fields {
    let order = row.state.order_id().map(|order| ("order".into(), order.to_string().into()));
    let external = row.state.external_payment_id();
    let external = external.map(|id| ("external_payment_id".into(), id.as_str().into()));
    order.into_iter().chain(external).collect()
}
