//! What products cost.

use proptest::prelude::*;

use super::sample::*;
use crate::catalog::*;
use crate::testing::given;
use crate::value::{Currency, Money};

fn change_price(price: Money, compare_at_price: Option<Money>) -> ProductCommand {
    ProductCommand::ChangePrice { price, compare_at_price }
}

fn fault(price: Money, compare_at_price: Option<Money>) -> Vec<(String, &'static str)> {
    faults_of([created()], change_price(price, compare_at_price))
}

#[test]
fn a_new_price_is_recorded_with_the_one_before() {
    given::<Product>([created()])
        .when(change_price(gbp(3_999), Some(gbp(4_999))))
        .then([ProductEvent::PriceChanged {
            price: gbp(3_999),
            compare_at_price: Some(gbp(4_999)),
            previous_price: gbp(4_999),
            changed_at: now(),
        }])
        .then_state(|product| {
            let listing = listing(product);
            assert_eq!(listing.pricing(), Pricing::new(gbp(3_999), Some(gbp(4_999))).unwrap());
            assert_eq!(listing.updated_at(), now());
        });
}

#[test]
fn the_price_a_product_has_already_changes_nothing() {
    given::<Product>([created()]).when(change_price(gbp(4_999), None)).then_nothing();
}

#[test]
fn a_price_without_a_comparison_takes_the_comparison_away() {
    let discounted = ProductEvent::PriceChanged {
        price: gbp(3_999),
        compare_at_price: Some(gbp(4_999)),
        previous_price: gbp(4_999),
        changed_at: earlier(),
    };
    given::<Product>([created(), discounted]).when(change_price(gbp(3_999), None)).then_state(|product| {
        assert_eq!(listing(product).pricing().compare_at_price(), None);
    });
}

#[test]
fn a_price_is_above_zero() {
    for minor in [0, -1, i64::MIN] {
        assert_eq!(fault(gbp(minor), None), [("/price".to_owned(), "must_be_positive")]);
    }
    assert!(Pricing::new(gbp(1), None).is_ok());
}

#[test]
fn a_comparison_is_above_the_price() {
    for compared in [4_999, 4_998, 0, -1] {
        let faults = fault(gbp(4_999), Some(gbp(compared)));
        assert_eq!(faults, [("/compare_at_price".to_owned(), "must_exceed_price")]);
    }
    assert!(Pricing::new(gbp(4_999), Some(gbp(5_000))).is_ok());
}

#[test]
fn a_comparison_is_in_the_currency_of_the_price() {
    let euros = Money::from_minor(9_999, Currency::EUR);
    assert_eq!(fault(gbp(1), Some(euros)), [("/compare_at_price".to_owned(), "currency_mismatch")]);
}

#[test]
fn both_prices_can_be_wrong_at_once() {
    assert_eq!(
        fault(gbp(-2), Some(gbp(-1))),
        [("/price".to_owned(), "must_be_positive"), ("/compare_at_price".to_owned(), "must_be_positive")]
    );
}

#[test]
fn a_price_can_move_to_another_currency() {
    let euros = Money::from_minor(5_999, Currency::EUR);
    given::<Product>([created()]).when(change_price(euros, None)).then_state(|product| {
        assert_eq!(listing(product).pricing().price(), euros);
    });
}

proptest! {
    #[test]
    fn whatever_is_accepted_keeps_the_rules(price in any::<i64>(), compared in any::<Option<i64>>()) {
        let accepted = Pricing::new(gbp(price), compared.map(gbp)).is_ok();
        prop_assert_eq!(accepted, price > 0 && compared.is_none_or(|compared| compared > price));
    }
}
