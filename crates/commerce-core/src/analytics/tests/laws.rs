//! What holds for all facts, in any order.

use proptest::prelude::*;

use super::oracle::{Oracle, Sums, date};
use super::scenario::{FIRST_DAY, LAST_DAY, any_facts};
use super::*;
use crate::order::OrderStatus;

fn all_days() -> DayRange {
    DayRange::parse(FIRST_DAY, LAST_DAY).unwrap()
}

fn sums(revenue: &[Revenue]) -> Sums {
    let sums = |revenue: &Revenue| (revenue.gross.minor(), revenue.refunded.minor(), revenue.count);
    revenue.iter().map(|revenue| (revenue.currency, sums(revenue))).collect()
}

/// The number of the week that begins on a Monday; the epoch was a Thursday.
fn week(moment: Timestamp) -> i64 {
    (moment.as_micros().div_euclid(86_400_000_000) + 3).div_euclid(7)
}

fn check_orders(bench: &Bench, oracle: &Oracle<'_>) {
    let summary = block_on(bench.analytics.orders_summary(all_days())).unwrap();
    let orders = oracle.orders();
    assert_eq!(summary.total, orders.len() as u64);
    for day in &summary.days {
        for (status, count) in &day.by_status {
            let is_one = |order: &&oracle::Told| order.day == day.date.to_string() && order.status == *status;
            assert_eq!(orders.values().filter(is_one).count() as u64, *count, "{} {status}", day.date);
        }
        assert_eq!(day.total, day.by_status.values().sum::<u64>());
    }
    let funnel = block_on(bench.analytics.conversion_funnel(all_days())).unwrap();
    let count =
        |is_one: fn(&oracle::Told) -> bool| orders.values().filter(|order| is_one(order)).count() as u64;
    assert_eq!((funnel.views, funnel.orders_placed), (oracle.views(), orders.len() as u64));
    assert_eq!(funnel.orders_paid, count(|order| order.paid_at.is_some()));
    assert_eq!(funnel.orders_delivered, count(|order| order.status == OrderStatus::Delivered));
}

fn check_revenue(bench: &Bench, oracle: &Oracle<'_>) {
    for day in all_days().days() {
        let daily = block_on(bench.analytics.revenue_daily(day)).unwrap();
        let text = day.to_string();
        assert_eq!(sums(&daily.totals), oracle.revenue(|at| date(at) == text), "{day}");
        for hour in 0..24 {
            let of_hour: Vec<_> = daily.hours.iter().filter(|one| one.hour == hour).collect();
            let of_hour: Vec<_> = of_hour.into_iter().map(|one| one.revenue.clone()).collect();
            let wanted = oracle.revenue(|at| at.to_string().starts_with(&format!("{text}T{hour:02}")));
            assert_eq!(sums(&of_hour), wanted, "{day} {hour}");
        }
        let noon = at(&format!("{text}T12:00:00Z"));
        let weekly = block_on(bench.analytics.revenue_weekly(day)).unwrap();
        assert_eq!(sums(&weekly), oracle.revenue(|at| week(at) == week(noon)), "week of {day}");
    }
    for (year, month) in [(2025, 12), (2026, 1), (2026, 2)] {
        let monthly = block_on(bench.analytics.revenue_monthly(Month::new(year, month).unwrap())).unwrap();
        let prefix = format!("{year}-{month:02}");
        assert_eq!(sums(&monthly.totals), oracle.revenue(|at| date(at).starts_with(&prefix)), "{prefix}");
    }
}

fn check_products(bench: &Bench, oracle: &Oracle<'_>) {
    let half = DayRange::parse(FIRST_DAY, "2025-12-11").unwrap();
    for range in [all_days(), half] {
        let top = block_on(bench.analytics.top_selling(range, 100)).unwrap();
        let found: BTreeMap<_, _> = top
            .items
            .iter()
            .map(|item| {
                let revenue = item.revenue.iter().map(|money| (money.currency(), money.minor())).collect();
                (item.product_id, (item.purchases, item.units_sold, revenue))
            })
            .collect();
        assert_eq!(found, oracle.sold(|at| date(at) <= range.to().to_string()));
        assert!(top.items.is_sorted_by(|one, next| one.units_sold >= next.units_sold));
    }
    for number in 0..4 {
        let metrics = block_on(bench.analytics.product(product(number))).unwrap();
        assert_eq!(metrics.cart_adds, oracle.cart_adds(product(number)));
    }
}

fn check_customers(bench: &Bench, oracle: &Oracle<'_>) {
    let orders = oracle.orders();
    for number in 0..3 {
        let id = customer(number);
        let value = block_on(bench.analytics.lifetime_value(id, at("2026-03-01T00:00:00Z"))).unwrap();
        let placed = || orders.values().filter(|order| order.customer == id).map(|order| order.placed_at);
        assert_eq!(value.orders_placed, placed().count() as u64);
        assert_eq!((value.first_order_at, value.last_order_at), (placed().min(), placed().max()));
        let found: BTreeMap<_, _> = value
            .values
            .iter()
            .map(|one| (one.currency, (one.gross.minor(), one.refunded.minor(), one.orders)))
            .collect();
        assert_eq!(found, oracle.spent(id));
    }
}

fn any_order_of_facts() -> impl Strategy<Value = (Vec<Fact>, Vec<Fact>)> {
    any_facts().prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_order_and_any_batches_give_the_same_documents(
        (facts, shuffled) in any_order_of_facts(), together in 1..9_usize, batch in 1..20_usize
    ) {
        let (one, other) = (given(&facts), bench());
        other.write(&shuffled, together);
        other.catch_up(batch);
        prop_assert_eq!(one.documents(1), other.documents(1));
    }

    #[test]
    fn a_rebuild_gives_the_same_documents((_, facts) in any_order_of_facts(), batch in 1..20_usize) {
        let bench = given(&facts);
        let before = bench.documents(1);
        block_on(bench.projector.rebuild(batch)).unwrap();
        prop_assert_eq!(before, bench.documents(2));
        prop_assert!(bench.documents(1).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn figures_are_what_counting_the_facts_anew_gives((_, facts) in any_order_of_facts()) {
        let (bench, oracle) = (given(&facts), Oracle(&facts));
        check_orders(&bench, &oracle);
        check_revenue(&bench, &oracle);
        check_products(&bench, &oracle);
        check_customers(&bench, &oracle);
    }
}
