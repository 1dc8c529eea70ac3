//! The projection from facts to figures.
//!
//! Facts of different services arrive in any order: a delivery may be known before the order it belongs to. So each
//! fact first changes what is known of its order or payment, a small document, and then every figure by the
//! *difference* between what that document meant before and what it means after. The last fact to arrive completes the same
//! figures, whichever it is.
//!
//! | collection | id | what |
//! |---|---|---|
//! | `orders`, `order-lines`, `payments` | its id | what is known of it |
//! | `days` | day | orders by status, funnel |
//! | `revenue` | grain/period/currency | revenue |
//! | `products`, `product-days` | product, day/product | product metrics |
//! | `customers` | customer | customer metrics |
//! | `progress` | `facts` | how far the projection has come |
//!
//! A fact writes a bounded number of documents; one that concerns an order's lines, two for each product of them.

mod customer;
mod day;
mod document;
mod lines;
mod order;
mod payment;
mod product;
mod progress;
mod revenue;
mod sums;

use async_trait::async_trait;

pub(super) use customer::{CustomerFigures, Spent};
pub(super) use day::DayFigures;
pub(super) use product::{ProductFigures, ProductRecord};
pub(super) use progress::ProgressRecord;
pub(super) use revenue::RevenueFigures;
pub(super) use sums::{count, money};

use super::{Day, FACT_KIND, Fact};
use crate::projection::{Projection, ProjectionError, Views};
use crate::stream::RecordedEvent;
use crate::upcast;
use product::Known;

/// The name of the projection.
pub(super) const NAME: &str = "analytics";

pub(super) const CUSTOMERS: &str = "customers";
pub(super) const DAYS: &str = "days";
pub(super) const PRODUCTS: &str = "products";
pub(super) const PRODUCT_DAYS: &str = "product-days";
pub(super) const PROGRESS: &str = "progress";
pub(super) const REVENUE: &str = "revenue";

/// Turns facts into figures. Caught up by a [`Projector`](crate::projection::Projector) over the store that
/// [`Analytics`](super::Analytics) reads, and rebuilt by it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures;

#[async_trait]
impl Projection for Figures {
    fn name(&self) -> &str {
        NAME
    }

    fn version(&self) -> u32 {
        1
    }

    fn collections(&self) -> &[&'static str] {
        &[CUSTOMERS, DAYS, "order-lines", "orders", "payments", PRODUCT_DAYS, PRODUCTS, PROGRESS, REVENUE]
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        if event.stream.kind() != FACT_KIND {
            return Ok(());
        }
        let fact = upcast::decode(event)?;
        take_in(&fact, views).await?;
        progress::record(event, views).await
    }
}

async fn take_in(fact: &Fact, views: &mut Views<'_>) -> Result<(), ProjectionError> {
    match fact {
        Fact::OrderPlaced { order_id, customer_id, currency, lines, placed_at } => {
            lines::add(views, *order_id, *currency, lines, *placed_at).await?;
            let placed = order::Placed { customer_id: *customer_id, currency: *currency, at: *placed_at };
            order::change(views, *order_id, |order| order.place(placed)).await
        }
        Fact::OrderItemAdded { order_id, currency, line, added_at } => {
            lines::add(views, *order_id, *currency, std::slice::from_ref(line), *added_at).await
        }
        Fact::OrderStatusChanged { order_id, status, changed_at } => {
            order::change(views, *order_id, |order| order.reach(*status, *changed_at)).await
        }
        Fact::PaymentOpened { payment_id, order_id, amount } => {
            payment::change(views, *payment_id, |payment| payment.open(*order_id, *amount)).await
        }
        Fact::PaymentCaptured { payment_id, captured_at } => {
            payment::change(views, *payment_id, |payment| payment.capture(*captured_at)).await
        }
        Fact::Refunded { payment_id, amount, refunded_at } => {
            revenue::refund(views, *amount, *refunded_at).await?;
            payment::change(views, *payment_id, |payment| payment.refund(*amount)).await
        }
        Fact::ProductNamed { product_id, name, sku, named_at } => {
            let said = |text: &String| Known { by_catalog: true, at: *named_at, text: text.clone() };
            let (name, sku) = (said(name), sku.as_ref().map(said));
            product::change_record(views, *product_id, |record| record.learn(name, sku)).await
        }
        Fact::ProductViewed { product_id, viewed_at } => {
            let day = Day::of(*viewed_at);
            day::change(views, day, |figures| figures.views += 1).await?;
            product::change(views, *product_id, day, |figures| figures.views += 1).await
        }
    }
}
