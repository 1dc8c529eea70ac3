//! What lines add up to.

use super::support::*;
use crate::order::{Order, demand, subtotal};
use crate::testing::given;
use crate::value::{Currency, Money, MoneyError};

#[test]
fn a_lines_total_is_price_times_quantity() {
    assert_eq!(line(1, 1_999, 3).total(), Ok(gbp(5_997)));
}

#[test]
fn a_lines_total_that_money_cant_hold_is_an_error() {
    assert_eq!(line(1, i64::MAX, 2).total(), Err(MoneyError::Overflow));
}

#[test]
fn the_subtotal_of_no_lines_is_zero() {
    assert_eq!(subtotal(&[], Currency::GBP), Ok(Money::zero(Currency::GBP)));
}

#[test]
fn the_subtotal_is_the_sum_of_the_lines() {
    assert_eq!(subtotal(&[line(1, 1_250, 2), line(2, 99, 10)], Currency::GBP), Ok(gbp(3_490)));
}

#[test]
fn a_subtotal_never_mixes_currencies() {
    let error = MoneyError::CurrencyMismatch { left: Currency::USD, right: Currency::GBP };
    assert_eq!(subtotal(&[line(1, 1_250, 2)], Currency::USD), Err(error));
}

#[test]
fn subtotal_and_total_agree_as_long_as_there_are_no_other_charges() {
    let order = given::<Order>([placed()]).state();
    let order = order.placed().unwrap();
    assert_eq!((order.subtotal(), order.total()), (gbp(2_500), gbp(2_500)));
}

#[test]
fn two_lines_of_one_product_are_one_demand() {
    let demand = demand(&[line(1, 100, 2), line(2, 100, 1), line(1, 90, 3)]);
    assert_eq!(demand.into_iter().collect::<Vec<_>>(), [(product(1), 5), (product(2), 1)]);
}

#[test]
fn demand_can_be_more_than_one_line_may_ask_for() {
    let demand = demand(&vec![line(1, 1, 100_000); 1_000]);
    assert_eq!(demand.get(&product(1)), Some(&100_000_000));
}
