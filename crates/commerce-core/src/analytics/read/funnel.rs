use serde::Serialize;

use super::Analytics;
use crate::analytics::figures::count;
use crate::analytics::{Day, DayRange, Error, Ratio};

/// How many views led to orders, and how far these came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConversionFunnel {
    /// The first day asked for.
    pub from: Day,
    /// The last.
    pub to: Day,
    /// How often products were viewed on these days.
    pub views: u64,
    /// Orders placed on these days.
    pub orders_placed: u64,
    /// How many of them were paid, by now.
    pub orders_paid: u64,
    /// How many of them were delivered, by now.
    pub orders_delivered: u64,
    /// Orders placed for each view. Above one where orders are placed without a look.
    pub view_to_order: Option<Ratio>,
    /// Orders paid for each placed.
    pub order_to_paid: Option<Ratio>,
    /// Orders delivered for each paid.
    pub paid_to_delivered: Option<Ratio>,
    /// Orders delivered for each view.
    pub overall: Option<Ratio>,
}

impl Analytics {
    /// The way from a look to a delivery.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn conversion_funnel(&self, range: DayRange) -> Result<ConversionFunnel, Error> {
        let (mut views, mut placed, mut paid, mut delivered) = (0, 0, 0, 0);
        for figures in self.days(range).await?.values() {
            views += count(figures.views);
            placed += count(figures.placed);
            paid += count(figures.paid);
            delivered += count(figures.delivered);
        }
        Ok(ConversionFunnel {
            from: range.from(),
            to: range.to(),
            views,
            orders_placed: placed,
            orders_paid: paid,
            orders_delivered: delivered,
            view_to_order: Ratio::of(placed, views),
            order_to_paid: Ratio::of(paid, placed),
            paid_to_delivered: Ratio::of(delivered, paid),
            overall: Ratio::of(delivered, views),
        })
    }
}
