use std::collections::BTreeMap;

use serde::Serialize;

use super::Analytics;
use crate::analytics::figures::{DAYS, DayFigures, count};
use crate::analytics::{Day, DayRange, Error};
use crate::order::OrderStatus;

/// How many orders were placed, and what status they have now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrdersSummary {
    /// The first day asked for.
    pub from: Day,
    /// The last.
    pub to: Day,
    /// Orders placed on these days.
    pub total: u64,
    /// How many of them are in each status now; every status is named.
    pub by_status: BTreeMap<OrderStatus, u64>,
    /// The same for each day, also for those without orders.
    pub days: Vec<DayOrders>,
}

/// The orders that were placed on one day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DayOrders {
    /// The day.
    pub date: Day,
    /// Orders placed on it.
    pub total: u64,
    /// How many of them are in each status now.
    pub by_status: BTreeMap<OrderStatus, u64>,
}

impl Analytics {
    /// Orders by status, in all and for each day.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn orders_summary(&self, range: DayRange) -> Result<OrdersSummary, Error> {
        let found = self.days(range).await?;
        let days: Vec<_> = range.days().map(|date| day_orders(date, found.get(&date.to_string()))).collect();
        let mut by_status = no_orders();
        for (status, orders) in days.iter().flat_map(|day| &day.by_status) {
            *by_status.entry(*status).or_default() += orders;
        }
        let total = days.iter().map(|day| day.total).sum();
        Ok(OrdersSummary { from: range.from(), to: range.to(), total, by_status, days })
    }

    /// The days of a range that have figures: 366 at most.
    pub(super) async fn days(&self, range: DayRange) -> Result<BTreeMap<String, DayFigures>, Error> {
        let mut days = BTreeMap::new();
        self.each(self.ask_range(DAYS, range), |id, figures| {
            days.insert(id.to_owned(), figures);
            Ok(())
        })
        .await?;
        Ok(days)
    }
}

fn day_orders(date: Day, figures: Option<&DayFigures>) -> DayOrders {
    let mut by_status = no_orders();
    for (status, orders) in figures.into_iter().flat_map(|figures| &figures.statuses) {
        by_status.insert(*status, count(*orders));
    }
    DayOrders { date, total: count(figures.map_or(0, |figures| figures.placed)), by_status }
}

fn no_orders() -> BTreeMap<OrderStatus, u64> {
    OrderStatus::ALL.into_iter().map(|status| (status, 0)).collect()
}
