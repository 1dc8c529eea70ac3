//! What each order is made of, and what its products gain by it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{self, Figure};
use super::order::OrderRecord;
use super::product::{self, Known, Sale};
use crate::analytics::{Day, FactLine};
use crate::id::{OrderId, ProductId};
use crate::projection::{ProjectionError, Views};
use crate::time::Timestamp;
use crate::value::Currency;

/// What an order takes of each product.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct OrderLines(BTreeMap<ProductId, Sale>);

impl Figure for OrderLines {
    const COLLECTION: &'static str = "order-lines";
}

/// Lines have come into an order.
pub(super) async fn add(
    views: &mut Views<'_>,
    order_id: OrderId,
    currency: Currency,
    lines: &[FactLine],
    at: Timestamp,
) -> Result<(), ProjectionError> {
    let id = order_id.to_string();
    let before: OrderLines = document::get(views, &id).await?;
    let mut after = before.clone();
    for line in lines {
        let sale = after.0.entry(line.product_id).or_default();
        sale.units += i64::from(line.quantity);
        sale.revenue.add(currency, line.total_minor());
        put_into_cart(views, line, at).await?;
    }
    document::put(views, &id, &after, Vec::new())?;
    let order: OrderRecord = document::get(views, &id).await?;
    if let Some(day) = order.sold_on() {
        move_products(views, &before, -1, day).await?;
        move_products(views, &after, 1, day).await?;
    }
    Ok(())
}

/// An order counts as sold on another day than before, or no more, or now.
pub(super) async fn move_sale(
    views: &mut Views<'_>,
    order_id: &str,
    before: Option<Day>,
    after: Option<Day>,
) -> Result<(), ProjectionError> {
    if before == after {
        return Ok(());
    }
    let lines: OrderLines = document::get(views, order_id).await?;
    for (day, times) in before.map(|day| (day, -1)).into_iter().chain(after.map(|day| (day, 1))) {
        move_products(views, &lines, times, day).await?;
    }
    Ok(())
}

async fn put_into_cart(views: &mut Views<'_>, line: &FactLine, at: Timestamp) -> Result<(), ProjectionError> {
    let said = |text: &str| Known { by_catalog: false, at, text: text.to_owned() };
    let (name, sku) = (said(&line.name), said(&line.sku));
    product::change_record(views, line.product_id, |record| record.learn(name, Some(sku))).await?;
    product::change(views, line.product_id, Day::of(at), |figures| figures.cart_adds += 1).await
}

async fn move_products(
    views: &mut Views<'_>,
    lines: &OrderLines,
    times: i64,
    day: Day,
) -> Result<(), ProjectionError> {
    for (product_id, sale) in &lines.0 {
        product::change(views, *product_id, day, |figures| sale.add_to(figures, times)).await?;
    }
    Ok(())
}
