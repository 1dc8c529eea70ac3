//! How often each product is seen, ordered and bought: in all, and on each day.

use serde::{Deserialize, Serialize};

use super::document::{self, Figure, field};
use super::sums::Amounts;
use crate::analytics::Day;
use crate::id::ProductId;
use crate::projection::{ProjectionError, Views};
use crate::time::Timestamp;

/// How often a product was seen, ordered and bought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::analytics) struct ProductFigures {
    pub(in crate::analytics) views: i64,
    /// How often it was put into an order: lines that were placed, and lines that were added.
    pub(in crate::analytics) cart_adds: i64,
    /// Orders with it that were paid and not called off.
    pub(in crate::analytics) purchases: i64,
    /// How many pieces these orders took.
    pub(in crate::analytics) units: i64,
    /// What its lines in these orders add up to.
    pub(in crate::analytics) revenue: Amounts,
}

impl ProductFigures {
    /// Both together.
    pub(in crate::analytics) fn add(&mut self, other: &Self) {
        self.views += other.views;
        self.cart_adds += other.cart_adds;
        self.purchases += other.purchases;
        self.units += other.units;
        self.revenue.add_all(&other.revenue, 1);
    }
}

impl Figure for ProductFigures {
    const COLLECTION: &'static str = super::PRODUCT_DAYS;
}

/// A product in all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::analytics) struct ProductRecord {
    pub(in crate::analytics) name: Option<Known>,
    pub(in crate::analytics) sku: Option<Known>,
    pub(in crate::analytics) total: ProductFigures,
}

impl Figure for ProductRecord {
    const COLLECTION: &'static str = super::PRODUCTS;
}

/// A text, and how well it is known. The greater one is believed: what the catalog says rather than what an order
/// says, then what was said last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::analytics) struct Known {
    pub(in crate::analytics) by_catalog: bool,
    pub(in crate::analytics) at: Timestamp,
    pub(in crate::analytics) text: String,
}

impl ProductRecord {
    /// Believes these unless better ones are known.
    pub(super) fn learn(&mut self, name: Known, sku: Option<Known>) {
        self.name = self.name.take().max(Some(name));
        self.sku = self.sku.take().max(sku);
    }
}

/// What an order took of a product.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sale {
    pub(super) units: i64,
    pub(super) revenue: Amounts,
}

impl Sale {
    /// Counts it so many times: minus once takes it away.
    pub(super) fn add_to(&self, figures: &mut ProductFigures, times: i64) {
        figures.purchases += times;
        figures.units += self.units * times;
        figures.revenue.add_all(&self.revenue, times);
    }
}

/// Changes the figures of a product in all and on a day.
pub(super) async fn change(
    views: &mut Views<'_>,
    product_id: ProductId,
    day: Day,
    change: impl Fn(&mut ProductFigures),
) -> Result<(), ProjectionError> {
    change_record(views, product_id, |record| change(&mut record.total)).await?;
    document::change(views, &format!("{day}/{product_id}"), vec![field("day", day)], &change).await
}

pub(super) async fn change_record(
    views: &mut Views<'_>,
    product_id: ProductId,
    change: impl FnOnce(&mut ProductRecord),
) -> Result<(), ProjectionError> {
    document::change(views, &product_id.to_string(), Vec::new(), change).await
}
