//! Orders by status and the funnel, for each day.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{self, Figure, field};
use super::sums::change_entry;
use crate::analytics::Day;
use crate::order::OrderStatus;
use crate::projection::{ProjectionError, Views};

/// What became of the orders that were placed on a day, and how often products were viewed on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::analytics) struct DayFigures {
    pub(in crate::analytics) views: i64,
    pub(in crate::analytics) placed: i64,
    /// Those of them that were paid at any time, also if they were called off afterwards.
    pub(in crate::analytics) paid: i64,
    pub(in crate::analytics) delivered: i64,
    /// Those of them that are in each status now.
    pub(in crate::analytics) statuses: BTreeMap<OrderStatus, i64>,
}

impl Figure for DayFigures {
    const COLLECTION: &'static str = super::DAYS;
}

/// What one order is to the day on which it was placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cohort {
    pub(super) day: Day,
    pub(super) status: OrderStatus,
    pub(super) paid: bool,
}

impl Cohort {
    fn add_to(self, figures: &mut DayFigures, times: i64) {
        figures.placed += times;
        figures.paid += if self.paid { times } else { 0 };
        figures.delivered += if self.status == OrderStatus::Delivered { times } else { 0 };
        change_entry(&mut figures.statuses, self.status, |count| *count += times);
    }
}

/// An order is something else to its day than before.
pub(super) async fn move_order(
    views: &mut Views<'_>,
    before: Option<Cohort>,
    after: Option<Cohort>,
) -> Result<(), ProjectionError> {
    if before == after {
        return Ok(());
    }
    for (cohort, times) in
        before.map(|cohort| (cohort, -1)).into_iter().chain(after.map(|cohort| (cohort, 1)))
    {
        change(views, cohort.day, |figures| cohort.add_to(figures, times)).await?;
    }
    Ok(())
}

pub(super) async fn change(
    views: &mut Views<'_>,
    day: Day,
    change: impl FnOnce(&mut DayFigures),
) -> Result<(), ProjectionError> {
    document::change(views, &day.to_string(), vec![field("day", day)], change).await
}
