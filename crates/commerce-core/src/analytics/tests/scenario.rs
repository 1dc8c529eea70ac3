//! Any facts a shop could have: orders that come some way, payments, refunds, looks and names.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::order::OrderStatus;
use crate::value::{Currency, Money};

pub(super) const FIRST_DAY: &str = "2025-12-10";
pub(super) const LAST_DAY: &str = "2026-02-10";
const MINUTES: i64 = 60 * 24 * 60;

/// Around new year, so that days, weeks, months and years end within.
fn any_moment() -> impl Strategy<Value = Timestamp> {
    // Mostly on the same few days, so that figures meet.
    prop_oneof![3 => 0..3 * 24 * 60_i64, 1 => 0..MINUTES].prop_map(|minutes| {
        Timestamp::from_micros(at("2025-12-10T00:00:00Z").as_micros() + minutes * 60_000_000)
    })
}

fn any_currency() -> impl Strategy<Value = Currency> {
    select(vec![Currency::EUR, Currency::JPY])
}

fn any_line() -> impl Strategy<Value = FactLine> {
    (0..4_usize, 1..500_i64, 1..5_u32, 0..3_u8).prop_map(|(number, unit_price_minor, quantity, name)| {
        FactLine {
            product_id: product(number),
            sku: format!("SKU-{number}-{name}"),
            name: format!("Name {name}"),
            unit_price_minor,
            quantity,
        }
    })
}

fn any_order() -> impl Strategy<Value = Vec<Fact>> {
    use OrderStatus::*;
    let ways = vec![
        vec![],
        vec![PaymentInitiated],
        vec![Cancelled],
        vec![PaymentInitiated, Failed],
        vec![PaymentInitiated, PaymentCompleted],
        vec![PaymentInitiated, PaymentCompleted, Cancelled],
        vec![PaymentInitiated, PaymentCompleted, Failed],
        vec![PaymentInitiated, PaymentCompleted, Confirmed, Shipped],
        vec![PaymentInitiated, PaymentCompleted, Confirmed, Shipped, Delivered],
    ];
    let lines = prop::collection::vec(any_line(), 0..4);
    let added = prop::collection::vec((any_line(), any_moment()), 0..2);
    let way = (select(ways), prop::collection::vec(any_moment(), 5));
    (0..8_usize, 0..3_usize, any_currency(), lines, any_moment(), added, way).prop_map(
        |(number, who, currency, lines, placed_at, added, (way, moments))| {
            let order_id = order(number);
            let placed =
                Fact::OrderPlaced { order_id, customer_id: customer(who), currency, lines, placed_at };
            let added = added.into_iter().map(|(line, added_at)| Fact::OrderItemAdded {
                order_id,
                currency,
                line,
                added_at,
            });
            let way = way.into_iter().zip(moments).map(|(status, changed_at)| Fact::OrderStatusChanged {
                order_id,
                status,
                changed_at,
            });
            std::iter::once(placed).chain(added).chain(way).collect()
        },
    )
}

fn any_payment() -> impl Strategy<Value = Vec<Fact>> {
    let refunds = prop::collection::vec((1..50_i64, any_moment()), 0..3);
    (0..9_usize, 0..9_usize, any_currency(), 1..2_000_i64, prop::option::of(any_moment()), refunds).prop_map(
        |(number, of, currency, minor, captured, refunds)| {
            let payment_id = payment(number);
            let amount = Money::from_minor(minor, currency);
            let opened = Fact::PaymentOpened { payment_id, order_id: order(of), amount };
            let captured = captured.map(|captured_at| Fact::PaymentCaptured { payment_id, captured_at });
            let refunds = refunds.into_iter().map(|(minor, refunded_at)| Fact::Refunded {
                payment_id,
                amount: Money::from_minor(minor, currency),
                refunded_at,
            });
            std::iter::once(opened).chain(captured).chain(refunds).collect()
        },
    )
}

fn any_of_a_product() -> impl Strategy<Value = Vec<Fact>> {
    let viewed = (0..4_usize, any_moment())
        .prop_map(|(number, viewed_at)| vec![Fact::ProductViewed { product_id: product(number), viewed_at }]);
    let named = (0..4_usize, 0..3_u8, prop::option::of(0..2_u8), any_moment()).prop_map(
        |(number, name, sku, named_at)| {
            let sku = sku.map(|sku| format!("CAT-{sku}"));
            let name = format!("Catalog {name}");
            vec![Fact::ProductNamed { product_id: product(number), name, sku, named_at }]
        },
    );
    prop_oneof![3 => viewed, 1 => named]
}

/// Facts; each order and payment begins once at most. Some are lost: figures are right at any time, not only at the
/// end.
pub(super) fn any_facts() -> impl Strategy<Value = Vec<Fact>> {
    let subjects = prop::collection::vec(
        prop_oneof![3 => any_order().boxed(), 2 => any_payment().boxed(), 2 => any_of_a_product().boxed()],
        0..16,
    );
    (subjects, prop::collection::vec(0..8_u8, 200)).prop_map(|(subjects, dice)| {
        let mut begun = std::collections::BTreeSet::new();
        let mut facts: Vec<_> = subjects
            .into_iter()
            .filter(|facts| {
                let of_product = matches!(facts[0], Fact::ProductViewed { .. } | Fact::ProductNamed { .. });
                of_product || begun.insert(facts[0].stream().to_string())
            })
            .flatten()
            .collect();
        let mut dice = dice.into_iter();
        facts.retain(|_| dice.next() != Some(0));
        facts
    })
}
