//! Money taken and given back in each hour, day, week and month.

use serde::{Deserialize, Serialize};

use super::document::{self, Fields, Figure, field};
use crate::analytics::{Day, calendar};
use crate::projection::{ProjectionError, Views};
use crate::time::Timestamp;
use crate::value::{Currency, Money};

/// Revenue of one period in one currency. Its id is `{grain}/{period}/{currency}`: `day/2026-01-31/EUR`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::analytics) struct RevenueFigures {
    /// Minor units captured in the period.
    pub(in crate::analytics) gross: i128,
    /// Minor units given back in the period, whenever they were captured.
    pub(in crate::analytics) refunded: i128,
    /// Payments captured in the period.
    pub(in crate::analytics) count: i64,
}

impl Figure for RevenueFigures {
    const COLLECTION: &'static str = super::REVENUE;
}

/// The amount of a payment was captured.
pub(super) async fn capture(
    views: &mut Views<'_>,
    amount: Money,
    at: Timestamp,
) -> Result<(), ProjectionError> {
    change(views, amount.currency(), at, |figures| {
        figures.gross += i128::from(amount.minor());
        figures.count += 1;
    })
    .await
}

/// This much was given back.
pub(super) async fn refund(
    views: &mut Views<'_>,
    amount: Money,
    at: Timestamp,
) -> Result<(), ProjectionError> {
    change(views, amount.currency(), at, |figures| figures.refunded += i128::from(amount.minor())).await
}

async fn change(
    views: &mut Views<'_>,
    currency: Currency,
    at: Timestamp,
    change: impl Fn(&mut RevenueFigures),
) -> Result<(), ProjectionError> {
    for (period, fields) in periods(at) {
        document::change(views, &format!("{period}/{currency}"), fields, &change).await?;
    }
    Ok(())
}

/// The four periods of a moment, and how each is found: by its own name, hours also by their day and days by their
/// month.
fn periods(at: Timestamp) -> [(String, Fields); 4] {
    let day = Day::of(at);
    let (hour, month) = (format!("hour/{}", calendar::hour(at)), format!("month/{}", day.month()));
    let (day, week) = (format!("day/{day}"), format!("week/{}", day.week()));
    [
        (hour.clone(), vec![field("period", hour), field("within", &day)]),
        (day.clone(), vec![field("period", day), field("within", &month)]),
        (week.clone(), vec![field("period", week)]),
        (month.clone(), vec![field("period", month)]),
    ]
}
