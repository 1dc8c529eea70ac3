//! What each customer has ordered and paid.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{self, Figure};
use super::sums::change_entry;
use crate::id::CustomerId;
use crate::projection::{ProjectionError, Views};
use crate::time::Timestamp;
use crate::value::Currency;

/// What a customer has ordered and paid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::analytics) struct CustomerFigures {
    /// Orders that were placed, whatever became of them.
    pub(in crate::analytics) placed: i64,
    pub(in crate::analytics) first_order_at: Option<Timestamp>,
    pub(in crate::analytics) last_order_at: Option<Timestamp>,
    pub(in crate::analytics) spent: BTreeMap<Currency, Spent>,
}

impl Figure for CustomerFigures {
    const COLLECTION: &'static str = super::CUSTOMERS;
}

/// What was spent in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::analytics) struct Spent {
    /// Orders that were paid and not called off.
    pub(in crate::analytics) orders: i64,
    /// Minor units captured.
    pub(in crate::analytics) gross: i128,
    /// Minor units given back.
    pub(in crate::analytics) refunded: i128,
}

/// What one order is to its customer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Purchase {
    pub(super) customer_id: CustomerId,
    pub(super) placed_at: Timestamp,
    pub(super) spent: BTreeMap<Currency, Spent>,
}

impl Purchase {
    fn add_to(&self, figures: &mut CustomerFigures, times: i64) {
        figures.placed += times;
        // An order that was placed is never unplaced, so these never go back.
        let first = figures.first_order_at.map_or(self.placed_at, |first| first.min(self.placed_at));
        figures.first_order_at = Some(first);
        figures.last_order_at = figures.last_order_at.max(Some(self.placed_at));
        for (currency, spent) in &self.spent {
            change_entry(&mut figures.spent, *currency, |sum| {
                sum.orders += spent.orders * times;
                sum.gross += spent.gross * i128::from(times);
                sum.refunded += spent.refunded * i128::from(times);
            });
        }
    }
}

/// An order is something else to its customer than before.
pub(super) async fn move_order(
    views: &mut Views<'_>,
    before: Option<Purchase>,
    after: Option<Purchase>,
) -> Result<(), ProjectionError> {
    let Some(after) = after.filter(|after| before.as_ref() != Some(after)) else { return Ok(()) };
    document::change(views, &after.customer_id.to_string(), Vec::new(), |figures| {
        if let Some(before) = &before {
            before.add_to(figures, -1);
        }
        after.add_to(figures, 1);
    })
    .await
}
