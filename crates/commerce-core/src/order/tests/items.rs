//! Adding a line while the order is pending.

use std::time::Duration;

use super::support::*;
use crate::order::{MAX_LINES, Order, OrderCommand, OrderEvent, OrderRejection};
use crate::testing::given;
use crate::value::{Currency, Money};

#[test]
fn a_line_can_be_added_to_a_pending_order() {
    given::<Order>([placed()]).when(add_item()).then([OrderEvent::OrderItemAdded {
        line: line(2, 100, 1),
        total: gbp(2_600),
        added_at: now(),
    }]);
}

#[test]
fn an_added_line_comes_last_and_raises_subtotal_and_total() {
    given::<Order>([placed()]).when(add_item()).then_state(|order| {
        let order = order.placed().unwrap();
        assert_eq!(order.lines(), [line(1, 1_250, 2), line(2, 100, 1)]);
        assert_eq!((order.subtotal(), order.total()), (gbp(2_600), gbp(2_600)));
    });
}

#[test]
fn a_product_that_is_already_there_gets_a_second_line() {
    given::<Order>([placed()]).when(OrderCommand::AddItem { line: line(1, 1_300, 3) }).then_state(|order| {
        assert_eq!(order.placed().unwrap().lines().len(), 2);
        assert_eq!(order.demand().into_iter().collect::<Vec<_>>(), [(product(1), 5)]);
    });
}

#[test]
fn adding_a_line_moves_the_time_of_the_last_change() {
    let later = now().plus(Duration::from_secs(60));
    given::<Order>([placed()])
        .at(later)
        .when(add_item())
        .then_state(|order| assert_eq!(order.placed().unwrap().updated_at(), later));
}

#[test]
fn the_thousandth_line_can_be_added() {
    let lines = vec![line(1, 1, 1); MAX_LINES - 1];
    given::<Order>([placed_with(lines, 999)])
        .when(add_item())
        .then_state(|order| assert_eq!(order.placed().unwrap().lines().len(), MAX_LINES));
}

#[test]
fn a_full_order_takes_no_more_lines() {
    let lines = vec![line(1, 1, 1); MAX_LINES];
    given::<Order>([placed_with(lines, 1_000)]).when(add_item()).then_rejected(OrderRejection::Full);
}

#[test]
fn an_added_line_cant_be_free() {
    let command = OrderCommand::AddItem { line: line(2, 0, 1) };
    assert_eq!(faults(vec![placed()], command), [("/unit_price".into(), "must_be_positive")]);
}

#[test]
fn an_added_line_is_in_the_orders_currency() {
    let mut foreign = line(2, 100, 1);
    foreign.unit_price = Money::from_minor(100, Currency::USD);
    let command = OrderCommand::AddItem { line: foreign };
    assert_eq!(faults(vec![placed()], command), [("/unit_price".into(), "currency_mismatch")]);
}

#[test]
fn an_added_line_needs_a_name() {
    let mut nameless = line(2, 100, 1);
    nameless.name.clear();
    let command = OrderCommand::AddItem { line: nameless };
    assert_eq!(faults(vec![placed()], command), [("/name".into(), "required")]);
}

#[test]
fn an_added_line_that_takes_the_total_beyond_money_is_refused() {
    let command = OrderCommand::AddItem { line: line(2, i64::MAX, 1) };
    assert_eq!(faults(vec![placed()], command), [("/quantity".into(), "amount_overflow")]);
}
