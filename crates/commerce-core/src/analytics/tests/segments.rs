use std::time::Duration;

use super::*;
use crate::order::OrderStatus;
use crate::value::{Currency, Money};

const NOW: &str = "2026-06-30T12:00:00Z";

/// A customer with so many paid orders, the last placed so many days ago, who has spent so many minor units.
fn spent(orders: usize, days_ago: u64, total: i64, currency: Currency) -> Segment {
    let moment = at(NOW).minus(Duration::from_secs(days_ago * 24 * 60 * 60));
    let mut facts = Vec::new();
    for number in 0..orders {
        facts.push(Fact::OrderPlaced {
            order_id: order(number),
            customer_id: customer(1),
            currency,
            lines: Vec::new(),
            placed_at: moment,
        });
        facts.push(Fact::OrderStatusChanged {
            order_id: order(number),
            status: OrderStatus::PaymentCompleted,
            changed_at: moment,
        });
    }
    if total > 0 {
        let amount = Money::from_minor(total, currency);
        facts.push(Fact::PaymentOpened { payment_id: payment(1), order_id: order(0), amount });
        facts.push(Fact::PaymentCaptured { payment_id: payment(1), captured_at: moment });
    }
    block_on(given(&facts).analytics.lifetime_value(customer(1), at(NOW))).unwrap().segment
}

#[test]
fn value_comes_before_loyalty_and_both_before_recency() {
    assert_eq!(spent(5, 200, 1_000_000, Currency::EUR), Segment::Vip);
    assert_eq!(spent(5, 200, 999_999, Currency::EUR), Segment::HighValue);
    assert_eq!(spent(5, 200, 500_000, Currency::EUR), Segment::HighValue);
    assert_eq!(spent(5, 200, 499_999, Currency::EUR), Segment::Loyal);
    assert_eq!(spent(4, 181, 499_999, Currency::EUR), Segment::Churned);
    assert_eq!(spent(4, 180, 499_999, Currency::EUR), Segment::AtRisk);
    assert_eq!(spent(4, 91, 499_999, Currency::EUR), Segment::AtRisk);
    assert_eq!(spent(4, 90, 499_999, Currency::EUR), Segment::Regular);
    assert_eq!(spent(1, 31, 499_999, Currency::EUR), Segment::Regular);
    assert_eq!(spent(1, 30, 499_999, Currency::EUR), Segment::New);
    assert_eq!(spent(2, 1, 499_999, Currency::EUR), Segment::Regular);
    assert_eq!(spent(0, 0, 0, Currency::EUR), Segment::New);
}

#[test]
fn value_is_counted_in_whole_units_of_each_currency() {
    assert_eq!(spent(1, 1, 10_000, Currency::JPY), Segment::Vip);
    assert_eq!(spent(1, 1, 10_000, Currency::KWD), Segment::New);
    assert_eq!(spent(1, 1, 10_000_000, Currency::KWD), Segment::Vip);
}
