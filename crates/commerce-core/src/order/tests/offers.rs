//! What is wanted becomes lines at the shop's prices.

use super::support::*;
use crate::error::Kind;
use crate::id::ProductId;
use crate::order::{MAX_LINES, Offer, Order, OrderCommand, OrderRejection, Wanted, priced};
use crate::testing::given;
use crate::value::{Currency, Money, Quantity, Sku};

fn wanted(number: u128, quantity: u32) -> Wanted {
    Wanted { product_id: product(number), quantity: Quantity::new(quantity).unwrap() }
}

/// The first two products are offered in pounds, the third in dollars, no other.
fn offer(product_id: ProductId) -> Option<Offer> {
    let currency = match product_id {
        id if id == product(1) || id == product(2) => Currency::GBP,
        id if id == product(3) => Currency::USD,
        _ => return None,
    };
    Some(Offer {
        sku: Sku::parse("SKU-1").unwrap(),
        name: "Product 1".into(),
        price: Money::from_minor(1_250, currency),
    })
}

#[test]
fn lines_are_at_the_prices_of_what_is_offered() {
    let (lines, currency) = priced(&[wanted(1, 2)], offer).unwrap();
    assert_eq!((lines, currency), (vec![line(1, 1_250, 2)], Currency::GBP));
}

#[test]
fn all_products_that_are_not_offered_are_named_once() {
    let rejection = priced(&[wanted(9, 1), wanted(1, 1), wanted(8, 1), wanted(9, 2)], offer).unwrap_err();
    assert_eq!(rejection, OrderRejection::ProductUnavailable { product_ids: vec![product(8), product(9)] });
    assert_eq!((rejection.code(), rejection.kind()), ("product_unavailable", Kind::Conflict));
}

#[test]
fn an_order_has_one_currency() {
    let rejection = priced(&[wanted(1, 1), wanted(3, 1)], offer).unwrap_err();
    assert_eq!(rejection, OrderRejection::MixedCurrencies { currency: Currency::GBP, other: Currency::USD });
    assert_eq!((rejection.code(), rejection.kind()), ("mixed_currencies", Kind::Conflict));
}

#[test]
fn every_item_that_cant_be_wanted_is_pointed_at() {
    let items = [(product(1), 0), (product(1), 1), (product(1), 100_001)];
    let violations = Wanted::all(items).unwrap_err();
    let found: Vec<_> = violations.iter().map(|fault| (&*fault.pointer, fault.code)).collect();
    assert_eq!(
        found,
        [("/items/0/quantity", "must_be_positive"), ("/items/2/quantity", "quantity_out_of_range")]
    );
    assert_eq!(Wanted::all([]).unwrap_err()[0].pointer, "/items");
    assert_eq!(Wanted::all(vec![(product(1), 1); MAX_LINES + 1]).unwrap_err()[0].code, "too_many");
    assert_eq!(Wanted::all([(product(1), 2)]).unwrap(), [wanted(1, 2)]);
}

#[test]
fn a_line_is_added_at_the_price_of_what_is_offered_in_the_orders_currency() {
    given::<Order>([placed()]).when(OrderCommand::InitiatePayment).then_state(|order| {
        let order = order.placed().unwrap();
        assert_eq!(order.line_for(wanted(1, 3), offer(product(1))), Ok(line(1, 1_250, 3)));
        assert_eq!(order.line_for(wanted(9, 3), None).unwrap_err().code(), "product_unavailable");
        let dollars = order.line_for(wanted(3, 3), offer(product(3)));
        assert_eq!(dollars.unwrap_err().code(), "mixed_currencies");
    });
}
