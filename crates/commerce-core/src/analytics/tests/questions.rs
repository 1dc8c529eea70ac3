use std::time::Duration;

use serde_json::json;

use super::*;
use crate::error::Kind;
use crate::host::Host;
use crate::order::OrderStatus;
use crate::value::{Currency, Money};

const NOON: &str = "2026-01-01T12:00:00Z";

fn line(number: usize, unit_price_minor: i64, quantity: u32) -> FactLine {
    let (sku, name) = (format!("SKU-{number}"), format!("Said by the order {number}"));
    FactLine { product_id: product(number), sku, name, unit_price_minor, quantity }
}

fn bought(number: usize, lines: Vec<FactLine>) -> [Fact; 2] {
    let order_id = order(number);
    let status = OrderStatus::PaymentCompleted;
    [
        Fact::OrderPlaced {
            order_id,
            customer_id: customer(1),
            currency: Currency::GBP,
            lines,
            placed_at: at(NOON),
        },
        Fact::OrderStatusChanged { order_id, status, changed_at: at(NOON) },
    ]
}

fn paid(number: usize, minor: i64, currency: Currency) -> [Fact; 2] {
    let (payment_id, amount) = (payment(number), Money::from_minor(minor, currency));
    [
        Fact::PaymentOpened { payment_id, order_id: order(number), amount },
        Fact::PaymentCaptured { payment_id, captured_at: at(NOON) },
    ]
}

fn today() -> DayRange {
    DayRange::last(1, day("2026-01-01"))
}

#[test]
fn revenue_is_written_per_currency_with_its_average() {
    let amount = Money::from_minor(50, Currency::GBP);
    let refund = Fact::Refunded { payment_id: payment(1), amount, refunded_at: at("2026-01-01T13:30:00Z") };
    let facts = [paid(1, 1_001, Currency::GBP), paid(2, 1_000, Currency::GBP), paid(3, 7, Currency::JPY)];
    let facts: Vec<_> = facts.into_iter().flatten().chain([refund]).collect();
    let daily = block_on(given(&facts).analytics.revenue_daily(day("2026-01-01"))).unwrap();
    let gbp = |amount: &str| json!({"amount": amount, "currency": "GBP"});
    let jpy = |amount: &str| json!({"amount": amount, "currency": "JPY"});
    let expected = json!({
        "date": "2026-01-01",
        "totals": [
            {"currency": "GBP", "gross": gbp("20.01"), "refunded": gbp("0.50"), "net": gbp("19.51"), "count": 2,
             "average": gbp("10.00")},
            {"currency": "JPY", "gross": jpy("7"), "refunded": jpy("0"), "net": jpy("7"), "count": 1,
             "average": jpy("7")},
        ],
        "hours": [
            {"hour": 12, "currency": "GBP", "gross": gbp("20.01"), "refunded": gbp("0.00"), "net": gbp("20.01"),
             "count": 2, "average": gbp("10.00")},
            {"hour": 12, "currency": "JPY", "gross": jpy("7"), "refunded": jpy("0"), "net": jpy("7"), "count": 1,
             "average": jpy("7")},
            {"hour": 13, "currency": "GBP", "gross": gbp("0.00"), "refunded": gbp("0.50"), "net": gbp("-0.50"),
             "count": 0, "average": null},
        ],
    });
    assert_eq!(serde_json::to_value(&daily).unwrap(), expected);
}

#[test]
fn a_sum_beyond_money_is_an_error_and_not_another_number() {
    let facts: Vec<_> = [paid(1, i64::MAX, Currency::GBP), paid(2, 1, Currency::GBP)].concat();
    let bench = given(&facts);
    let error = block_on(bench.analytics.revenue_daily(day("2026-01-01"))).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Terminal, "amount_overflow"));
    // The sum itself is kept, in the figures that go on.
    bench.write(&paid(3, 1, Currency::JPY), 1);
    bench.catch_up(10);
    assert!(block_on(bench.analytics.health(bench.host.now())).unwrap().caught_up);
    let revenue = bench.documents(1)[&("revenue".to_owned(), "day/2026-01-01/GBP".to_owned())].clone();
    assert!(revenue.contains("9223372036854775808"), "{revenue}");
}

#[test]
fn what_was_called_off_after_payment_was_not_sold() {
    let mut facts = bought(1, vec![line(1, 100, 2)]).to_vec();
    let bench = given(&facts);
    assert_eq!(block_on(bench.analytics.top_selling(today(), 10)).unwrap().items.len(), 1);
    let changed_at = at("2026-01-03T00:00:00Z");
    let cancelled =
        Fact::OrderStatusChanged { order_id: order(1), status: OrderStatus::Cancelled, changed_at };
    facts.push(cancelled);
    let bench = given(&facts);
    assert!(block_on(bench.analytics.top_selling(today(), 10)).unwrap().items.is_empty());
    let value = block_on(bench.analytics.lifetime_value(customer(1), at(NOON))).unwrap();
    assert_eq!((value.orders_placed, value.orders), (1, 0));
    let funnel = block_on(bench.analytics.conversion_funnel(today())).unwrap();
    assert_eq!((funnel.orders_placed, funnel.orders_paid, funnel.orders_delivered), (1, 1, 0));
}

#[test]
fn best_sellers_are_ranked_by_pieces_named_by_the_catalog_and_cut_at_the_limit() {
    let named = Fact::ProductNamed {
        product_id: product(2),
        name: "Tea".to_owned(),
        sku: Some("TEA".to_owned()),
        named_at: at("2020-01-01T00:00:00Z"),
    };
    let viewed = Fact::ProductViewed { product_id: product(2), viewed_at: at(NOON) };
    let lines = vec![line(1, 9_999, 1), line(2, 100, 5), line(3, 100, 1), line(2, 50, 1)];
    let facts: Vec<_> = bought(1, lines).into_iter().chain([named, viewed.clone(), viewed]).collect();
    let top = block_on(given(&facts).analytics.top_selling(today(), 2)).unwrap();
    let best = json!({
        "product_id": product(2), "name": "Tea", "sku": "TEA", "views": 2, "cart_adds": 2, "purchases": 1,
        "units_sold": 6, "revenue": [{"amount": "5.50", "currency": "GBP"}], "conversion": "0.5000",
    });
    assert_eq!(serde_json::to_value(&top.items[0]).unwrap(), best);
    assert_eq!(top.items[1].product_id, product(1));
    assert_eq!(top.items[1].name.as_deref(), Some("Said by the order 1"));
    assert_eq!(top.items.len(), 2);
}

#[test]
fn a_limit_out_of_range_is_refused() {
    let bench = bench();
    for limit in [0, MAX_LIMIT + 1] {
        let error = block_on(bench.analytics.top_selling(today(), limit)).unwrap_err();
        assert_eq!((error.kind(), error.code()), (Kind::Invalid, "invalid_query"));
        let Error::Invalid(violations) = error else { panic!("not a violation") };
        assert_eq!((&*violations[0].pointer, violations[0].code), ("/limit", "out_of_range"));
    }
}

#[test]
fn more_products_than_are_read_at_once_are_all_counted() {
    let lines = (0..1_000).map(|number| line(number, 1, if number == 999 { 2 } else { 1 })).collect();
    let bench = given(&bought(1, lines));
    let top = block_on(bench.analytics.top_selling(today(), 100)).unwrap();
    assert_eq!((top.items.len(), top.items[0].product_id), (100, product(999)));
}

#[test]
fn days_without_orders_and_statuses_without_orders_are_zero() {
    let range = DayRange::parse("2025-12-31", "2026-01-02").unwrap();
    let summary = block_on(given(&bought(1, vec![])).analytics.orders_summary(range)).unwrap();
    let totals: Vec<_> = summary.days.iter().map(|day| (day.date.to_string(), day.total)).collect();
    let expected = [("2025-12-31", 0), ("2026-01-01", 1), ("2026-01-02", 0)];
    assert_eq!(totals, expected.map(|(day, total)| (day.to_owned(), total)));
    let by_status = json!({
        "pending": 0, "payment_initiated": 0, "payment_completed": 1, "confirmed": 0, "shipped": 0, "delivered": 0,
        "cancelled": 0, "failed": 0,
    });
    assert_eq!(serde_json::to_value(&summary.by_status).unwrap(), by_status);
}

#[test]
fn each_tenant_has_its_own_figures() {
    let bench = given(&bought(1, vec![]));
    let other = bench.analytics.clone().of_tenant(Tenant::new("other"));
    assert_eq!(block_on(other.orders_summary(today())).unwrap().total, 0);
    assert_eq!(block_on(bench.analytics.orders_summary(today())).unwrap().total, 1);
}

#[test]
fn the_figures_of_a_tenant_beside_a_busy_one_are_caught_up() {
    let bench = bench();
    let quiet = Tenant::new("quiet");
    let viewed = Fact::ProductViewed { product_id: product(1), viewed_at: at(NOON) };
    let one = Append {
        stream: viewed.stream(),
        expected: Expected::Any,
        events: vec![NewEvent::encode(&viewed).unwrap()],
    };
    let commit = Commit { tenant: quiet.clone(), appends: vec![one], ..Commit::new() };
    block_on(bench.store.commit(commit)).unwrap();
    bench.write(&vec![viewed; 1_001], 100);
    let health = |tenant: &Tenant| {
        block_on(bench.analytics.clone().of_tenant(tenant.clone()).health(bench.host.now())).unwrap()
    };
    assert!(!health(&quiet).caught_up);
    bench.catch_up(500);
    let health = health(&quiet);
    assert_eq!((health.caught_up, health.facts, health.lag_facts), (true, 1, 0), "{health:?}");
}

#[test]
fn health_says_how_far_the_figures_are_behind() {
    let bench = bench();
    let health = |bench: &Bench| block_on(bench.analytics.health(bench.host.now())).unwrap();
    let fresh = health(&bench);
    assert!(fresh.caught_up && fresh.last_fact_at.is_none());
    let views = |count| vec![Fact::ProductViewed { product_id: product(1), viewed_at: at(NOON) }; count];
    bench.write(&views(3), 1);
    bench.catch_up(10);
    let written = bench.host.now();
    bench.host.advance(Duration::from_secs(60));
    bench.write(&views(2), 1);
    bench.host.advance(Duration::from_secs(5));
    let behind = health(&bench);
    assert_eq!((behind.caught_up, behind.facts, behind.lag_facts, behind.lag_seconds), (false, 3, 2, 5));
    assert_eq!((behind.lag_is_at_least, behind.last_fact_at), (false, Some(written)));
    bench.write(&views(1_000), 100);
    assert_eq!((health(&bench).lag_facts, health(&bench).lag_is_at_least), (1_000, true));
    bench.catch_up(100);
    assert_eq!((health(&bench).caught_up, health(&bench).facts), (true, 1_005));
}

#[test]
fn figures_are_not_current_while_something_was_not_heard() {
    let bench = bench();
    let health = block_on(bench.analytics.health(bench.host.now())).unwrap();
    assert!(health.clone().with_unheard(0, false).caught_up);
    let held = health.clone().with_unheard(2, false);
    assert_eq!((held.caught_up, held.held_messages, held.unread_events), (false, 2, false));
    assert!(!health.with_unheard(0, true).caught_up);
}

#[test]
fn the_dashboard_shows_today_this_week_and_this_month() {
    let facts: Vec<_> =
        bought(1, vec![line(1, 100, 1)]).into_iter().chain(paid(1, 100, Currency::GBP)).collect();
    let dashboard = |now: &str| block_on(given(&facts).analytics.dashboard(at(now))).unwrap();
    let lengths = |now| {
        let shown = dashboard(now);
        let revenue = [shown.revenue_today, shown.revenue_this_week, shown.revenue_this_month];
        (revenue.map(|revenue| revenue.len()), shown.orders_today.total, shown.top_selling.items.len())
    };
    assert_eq!(lengths("2026-01-01T23:00:00Z"), ([1, 1, 1], 1, 1));
    assert_eq!(lengths("2026-01-04T00:00:00Z"), ([0, 1, 1], 0, 1));
    assert_eq!(lengths("2026-01-05T00:00:00Z"), ([0, 0, 1], 0, 1));
    assert_eq!(lengths("2026-02-01T00:00:00Z"), ([0, 0, 0], 0, 0));
}
