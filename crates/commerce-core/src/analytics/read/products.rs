use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::Analytics;
use crate::analytics::figures::{PRODUCT_DAYS, PRODUCTS, ProductFigures, ProductRecord, count, money};
use crate::analytics::{Day, DayRange, Error, Ratio};
use crate::id::ProductId;
use crate::store::StoreError;
use crate::value::{Money, Violation};

/// The most products that can be asked for.
pub const MAX_LIMIT: usize = 100;

/// The products that sold best.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopSelling {
    /// The first day asked for.
    pub from: Day,
    /// The last.
    pub to: Day,
    /// The products, the most pieces first, then the most purchases, then by id.
    pub items: Vec<ProductSales>,
}

/// How often a product was seen, ordered and bought.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProductSales {
    /// The product.
    pub product_id: ProductId,
    /// Its name, as the catalog last said it, or else the last order.
    pub name: Option<String>,
    /// Its SKU.
    pub sku: Option<String>,
    /// How often it was viewed.
    pub views: u64,
    /// How often it was put into an order.
    pub cart_adds: u64,
    /// Orders with it that were paid and not called off.
    pub purchases: u64,
    /// Pieces in these orders.
    pub units_sold: u64,
    /// What they brought, one amount for each currency.
    pub revenue: Vec<Money>,
    /// Purchases for each view; none without views.
    pub conversion: Option<Ratio>,
}

impl TopSelling {
    /// What is wrong with asking for so many products.
    pub fn limit_fault(limit: usize) -> Option<Violation> {
        let detail = format!("must be 1 to {MAX_LIMIT}, is {limit}");
        (!(1..=MAX_LIMIT).contains(&limit)).then(|| Violation::new("/limit", "out_of_range", detail))
    }
}

impl Analytics {
    /// The products of which the most pieces were sold. Pieces, because revenue in two currencies has no order.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `limit` is not 1 to [`MAX_LIMIT`]; [`Error::Money`] when a sum is beyond what money can
    /// say; otherwise when the store can't be read.
    pub async fn top_selling(&self, range: DayRange, limit: usize) -> Result<TopSelling, Error> {
        if let Some(fault) = TopSelling::limit_fault(limit) {
            return Err(Error::Invalid(vec![fault]));
        }
        let mut sums: BTreeMap<String, ProductFigures> = BTreeMap::new();
        self.each(self.ask_range(PRODUCT_DAYS, range), |id, figures: ProductFigures| {
            let (_, product) = id.split_once('/').unwrap_or_default();
            sums.entry(product.to_owned()).or_default().add(&figures);
            Ok(())
        })
        .await?;
        let mut best: Vec<_> = sums.into_iter().filter(|(_, figures)| figures.units > 0).collect();
        // Stable, so what ties stays in the order of the ids.
        best.sort_by_key(|(_, figures)| Reverse((figures.units, figures.purchases)));
        best.truncate(limit);
        let mut items = Vec::with_capacity(best.len());
        for (product, figures) in best {
            let record = self.get(PRODUCTS, &product).await?;
            items.push(sales(&product, record, &figures)?);
        }
        Ok(TopSelling { from: range.from(), to: range.to(), items })
    }

    /// The metrics of one product since the beginning; zeros for one that nothing is known of.
    ///
    /// # Errors
    /// See [`top_selling`](Self::top_selling).
    pub async fn product(&self, product_id: ProductId) -> Result<ProductSales, Error> {
        let id = product_id.to_string();
        let record: ProductRecord = self.get(PRODUCTS, &id).await?;
        let total = record.total.clone();
        sales(&id, record, &total)
    }
}

fn sales(id: &str, record: ProductRecord, figures: &ProductFigures) -> Result<ProductSales, Error> {
    let damaged = |source: uuid::Error| StoreError::Damaged {
        what: format!("figures of product {id:?}"),
        source: source.into(),
    };
    let (views, purchases) = (count(figures.views), count(figures.purchases));
    let revenue = figures.revenue.iter().map(|(currency, minor)| money(minor, currency));
    Ok(ProductSales {
        product_id: id.parse().map_err(damaged)?,
        name: record.name.map(|known| known.text),
        sku: record.sku.map(|known| known.text),
        views,
        cart_adds: count(figures.cart_adds),
        purchases,
        units_sold: count(figures.units),
        revenue: revenue.collect::<Result<_, _>>()?,
        conversion: Ratio::of(purchases, views),
    })
}
