//! The same figures, counted anew from the list of facts for each question: slow, and with nothing in common with the
//! projection.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::order::OrderStatus;
use crate::value::{Currency, Money};

pub(super) struct Oracle<'a>(pub(super) &'a [Fact]);

/// Gross, refunded and count.
pub(super) type Sums = BTreeMap<Currency, (i64, i64, u64)>;

/// An order as a person would tell it.
pub(super) struct Told {
    pub(super) day: String,
    pub(super) customer: CustomerId,
    pub(super) currency: Currency,
    pub(super) status: OrderStatus,
    pub(super) paid_at: Option<Timestamp>,
    pub(super) placed_at: Timestamp,
}

/// `2026-01-31`, cut from the text of the moment.
pub(super) fn date(moment: Timestamp) -> String {
    moment.to_string()[..10].to_owned()
}

fn called_off(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Cancelled | OrderStatus::Failed)
}

impl Oracle<'_> {
    fn statuses(&self, id: OrderId) -> Vec<(OrderStatus, Timestamp)> {
        let of_order = |fact: &Fact| match fact {
            Fact::OrderStatusChanged { order_id, status, changed_at } if *order_id == id => {
                Some((*status, *changed_at))
            }
            _ => None,
        };
        self.0.iter().filter_map(of_order).collect()
    }

    fn status(&self, id: OrderId) -> OrderStatus {
        self.statuses(id).into_iter().map(|(status, _)| status).max().unwrap_or(OrderStatus::Pending)
    }

    fn paid_at(&self, id: OrderId) -> Option<Timestamp> {
        let paid = |(status, at)| (status == OrderStatus::PaymentCompleted).then_some(at);
        self.statuses(id).into_iter().find_map(paid)
    }

    pub(super) fn orders(&self) -> BTreeMap<OrderId, Told> {
        let mut orders = BTreeMap::new();
        for fact in self.0 {
            if let Fact::OrderPlaced { order_id, customer_id, currency, placed_at, .. } = fact {
                let told = Told {
                    day: date(*placed_at),
                    customer: *customer_id,
                    currency: *currency,
                    status: self.status(*order_id),
                    paid_at: self.paid_at(*order_id),
                    placed_at: *placed_at,
                };
                orders.insert(*order_id, told);
            }
        }
        orders
    }

    pub(super) fn views(&self) -> u64 {
        self.0.iter().filter(|fact| matches!(fact, Fact::ProductViewed { .. })).count() as u64
    }

    fn opened(&self, id: PaymentId) -> Option<(OrderId, Money)> {
        self.0.iter().find_map(|fact| match fact {
            Fact::PaymentOpened { payment_id, order_id, amount } if *payment_id == id => {
                Some((*order_id, *amount))
            }
            _ => None,
        })
    }

    /// Money that moved: how much was captured or given back, when, and for which order if that is known.
    fn moved(&self) -> Vec<(bool, Money, Timestamp, Option<OrderId>)> {
        let mut moved = Vec::new();
        for fact in self.0 {
            match fact {
                Fact::PaymentCaptured { payment_id, captured_at } => {
                    if let Some((order_id, amount)) = self.opened(*payment_id) {
                        moved.push((true, amount, *captured_at, Some(order_id)));
                    }
                }
                Fact::Refunded { payment_id, amount, refunded_at } => {
                    let order_id = self.opened(*payment_id).map(|(order_id, _)| order_id);
                    moved.push((false, *amount, *refunded_at, order_id));
                }
                _ => {}
            }
        }
        moved
    }

    fn sum(&self, counts: impl Fn(Timestamp, Option<OrderId>) -> bool) -> Sums {
        let mut sums = Sums::new();
        for (captured, amount, at, order_id) in self.moved() {
            if counts(at, order_id) {
                let sum = sums.entry(amount.currency()).or_default();
                match captured {
                    true => (sum.0, sum.2) = (sum.0 + amount.minor(), sum.2 + 1),
                    false => sum.1 += amount.minor(),
                }
            }
        }
        sums
    }

    pub(super) fn revenue(&self, in_period: impl Fn(Timestamp) -> bool) -> Sums {
        self.sum(|at, _| in_period(at))
    }

    /// Per currency what a customer paid and got back, and how many orders are bought in it.
    pub(super) fn spent(&self, customer: CustomerId) -> BTreeMap<Currency, (i64, i64, u64)> {
        let orders = self.orders();
        let theirs = |id: OrderId| orders.get(&id).is_some_and(|order| order.customer == customer);
        let mut spent: Sums = self.sum(|_, order_id| order_id.is_some_and(theirs));
        spent.values_mut().for_each(|sum| sum.2 = 0);
        for order in orders.values().filter(|order| order.customer == customer) {
            if order.paid_at.is_some() && !called_off(order.status) {
                spent.entry(order.currency).or_default().2 += 1;
            }
        }
        spent
    }

    /// Purchases, pieces and revenue of each product in a range of days.
    pub(super) fn sold(
        &self,
        in_range: impl Fn(Timestamp) -> bool,
    ) -> BTreeMap<ProductId, (u64, u64, BTreeMap<Currency, i64>)> {
        let mut sold = BTreeMap::new();
        let mut buyers: BTreeSet<(ProductId, OrderId)> = BTreeSet::new();
        for (order_id, currency, line) in self.lines() {
            let paid = self.paid_at(order_id).is_some_and(&in_range);
            if paid && !called_off(self.status(order_id)) {
                let (purchases, units, revenue): &mut (u64, u64, BTreeMap<_, _>) =
                    sold.entry(line.product_id).or_default();
                *purchases += u64::from(buyers.insert((line.product_id, order_id)));
                *units += u64::from(line.quantity);
                *revenue.entry(currency).or_insert(0) += line.unit_price_minor * i64::from(line.quantity);
            }
        }
        sold
    }

    pub(super) fn cart_adds(&self, product: ProductId) -> u64 {
        self.lines().into_iter().filter(|(_, _, line)| line.product_id == product).count() as u64
    }

    fn lines(&self) -> Vec<(OrderId, Currency, &FactLine)> {
        let mut all = Vec::new();
        for fact in self.0 {
            match fact {
                Fact::OrderPlaced { order_id, currency, lines, .. } => {
                    all.extend(lines.iter().map(|line| (*order_id, *currency, line)));
                }
                Fact::OrderItemAdded { order_id, currency, line, .. } => {
                    all.push((*order_id, *currency, line))
                }
                _ => {}
            }
        }
        all
    }
}
