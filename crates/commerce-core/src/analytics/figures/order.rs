//! What is known of each order, and what follows from it for the figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::customer::{self, Purchase, Spent};
use super::day::{self, Cohort};
use super::document::{self, Figure};
use super::lines;
use super::sums::change_entry;
use crate::analytics::Day;
use crate::id::{CustomerId, OrderId};
use crate::order::OrderStatus;
use crate::projection::{ProjectionError, Views};
use crate::time::Timestamp;
use crate::value::Currency;

/// What is known of an order, whichever of its facts have come so far. Its lines, which can be a thousand, are kept
/// apart: most facts don't touch them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct OrderRecord {
    placed: Option<Placed>,
    /// The furthest status it is known to have reached.
    reached: Option<OrderStatus>,
    paid_at: Option<Timestamp>,
    /// What its payments have brought.
    money: BTreeMap<Currency, Spent>,
}

impl Figure for OrderRecord {
    const COLLECTION: &'static str = "orders";
}

/// By whom it was placed, and when.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Placed {
    pub(super) customer_id: CustomerId,
    pub(super) currency: Currency,
    pub(super) at: Timestamp,
}

impl OrderRecord {
    /// The day on which its lines count as sold: that of its payment, unless it was called off since.
    pub(super) fn sold_on(&self) -> Option<Day> {
        let called_off = matches!(self.reached, Some(OrderStatus::Cancelled | OrderStatus::Failed));
        self.paid_at.filter(|_| !called_off).map(Day::of)
    }

    pub(super) fn place(&mut self, placed: Placed) {
        self.placed = Some(placed);
    }

    pub(super) fn reach(&mut self, status: OrderStatus, at: Timestamp) {
        // The states are in the order of the way, the final ones last, so the greatest is the one it is in.
        self.reached = self.reached.max(Some(status));
        if status == OrderStatus::PaymentCompleted {
            self.paid_at = Some(self.paid_at.map_or(at, |known| known.min(at)));
        }
    }

    pub(super) fn pay(&mut self, currency: Currency, gross: i128, refunded: i128) {
        change_entry(&mut self.money, currency, |money| {
            money.gross += gross;
            money.refunded += refunded;
        });
    }

    fn cohort(&self) -> Option<Cohort> {
        let status = self.reached.unwrap_or(OrderStatus::Pending);
        let paid = self.paid_at.is_some();
        self.placed.map(|placed| Cohort { day: Day::of(placed.at), status, paid })
    }

    fn purchase(&self) -> Option<Purchase> {
        self.placed.map(|placed| {
            let mut spent = self.money.clone();
            let orders = i64::from(self.sold_on().is_some());
            change_entry(&mut spent, placed.currency, |spent| spent.orders += orders);
            Purchase { customer_id: placed.customer_id, placed_at: placed.at, spent }
        })
    }
}

/// Changes what is known of an order, and moves every figure by the difference that this makes. So it makes none
/// which fact came first.
pub(super) async fn change(
    views: &mut Views<'_>,
    order_id: OrderId,
    change: impl FnOnce(&mut OrderRecord),
) -> Result<(), ProjectionError> {
    let id = order_id.to_string();
    let before: OrderRecord = document::get(views, &id).await?;
    let mut after = before.clone();
    change(&mut after);
    if after == before {
        return Ok(());
    }
    document::put(views, &id, &after, Vec::new())?;
    day::move_order(views, before.cohort(), after.cohort()).await?;
    customer::move_order(views, before.purchase(), after.purchase()).await?;
    lines::move_sale(views, &id, before.sold_on(), after.sold_on()).await
}
