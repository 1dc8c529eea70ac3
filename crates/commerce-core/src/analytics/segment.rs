//! What kind of customer someone is.

use std::time::Duration;

use serde::Serialize;

use super::figures::{CustomerFigures, Spent};
use crate::time::Timestamp;
use crate::value::Currency;

/// What kind of customer someone is: the first of these that fits. Value comes before recency, so a customer who
/// spent 10,000 stays `vip` after a year without an order; how long it is since is told beside the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// A lifetime value of 10,000 or more in one currency.
    Vip,
    /// A lifetime value of 5,000 or more in one currency.
    HighValue,
    /// Five orders or more that were paid and not called off.
    Loyal,
    /// The last order was placed more than 180 days ago.
    Churned,
    /// The last order was placed more than 90 days ago.
    AtRisk,
    /// No order was placed yet, or a single one, at most 30 days ago.
    New,
    /// Everyone else.
    Regular,
}

const VIP: i128 = 10_000;
const HIGH_VALUE: i128 = 5_000;
const LOYAL_ORDERS: i64 = 5;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Segment {
    pub(super) fn of(customer: &CustomerFigures, now: Timestamp) -> Self {
        let worth = |units| customer.spent.iter().any(|(currency, spent)| reaches(*currency, spent, units));
        let longer_than = |days| customer.last_order_at.is_some_and(|last| now.since(last) > DAY * days);
        let orders: i64 = customer.spent.values().map(|spent| spent.orders).sum();
        match customer.placed {
            _ if worth(VIP) => Self::Vip,
            _ if worth(HIGH_VALUE) => Self::HighValue,
            _ if orders >= LOYAL_ORDERS => Self::Loyal,
            _ if longer_than(180) => Self::Churned,
            _ if longer_than(90) => Self::AtRisk,
            ..=0 => Self::New,
            1 if !longer_than(30) => Self::New,
            _ => Self::Regular,
        }
    }
}

/// Whether this many whole units of the currency were spent and not given back.
fn reaches(currency: Currency, spent: &Spent, units: i128) -> bool {
    spent.gross - spent.refunded >= units * 10_i128.pow(currency.exponent())
}
