use proptest::prelude::*;

use super::*;
use crate::error::Kind;
use crate::inventory::reservation::{DemandError, MAX_LINES};

#[test]
fn two_lines_of_one_product_are_one_demand() {
    assert_eq!(demand([line(1, 2), line(2, 1), line(1, 3)]).lines(), [line(1, 5), line(2, 1)]);
}

#[test]
fn lines_are_in_the_order_of_their_products_however_they_were_given() {
    assert_eq!(demand([line(3, 1), line(1, 1), line(2, 1)]), demand([line(1, 1), line(2, 1), line(3, 1)]));
}

#[test]
fn an_order_without_lines_needs_nothing_and_is_refused() {
    assert_eq!(Demand::new([]), Err(DemandError::Empty));
    assert_eq!((DemandError::Empty.code(), DemandError::Empty.kind()), ("required", Kind::Invalid));
}

#[test]
fn a_line_of_nothing_is_refused() {
    let error = Demand::new([line(1, 1), line(2, 0)]).unwrap_err();
    assert_eq!(error, DemandError::NotPositive { product_id: product(2) });
    assert_eq!(error.code(), "must_be_positive");
}

#[test]
fn a_sum_beyond_all_numbers_is_refused() {
    let error = Demand::new([line(1, u64::MAX), line(1, 1)]).unwrap_err();
    assert_eq!(error, DemandError::TooLarge { product_id: product(1) });
    assert_eq!(error.code(), "too_large");
    assert_eq!(demand([line(1, u64::MAX - 1), line(1, 1)]).lines(), [line(1, u64::MAX)]);
}

#[test]
fn an_order_has_at_most_a_thousand_lines() {
    assert!(Demand::new((0..1_000).map(|n| line(n, 1))).is_ok());
    let error = Demand::new((0..1_001).map(|n| line(n, 1))).unwrap_err();
    assert_eq!(error, DemandError::TooManyLines { lines: 1_001 });
    assert_eq!((error.code(), MAX_LINES), ("too_many_lines", 1_000));
}

#[test]
fn a_demand_is_checked_when_it_is_read() {
    let text = serde_json::to_string(&demand([line(1, 2)])).unwrap();
    assert_eq!(text, r#"[{"product_id":"00000000-0000-0000-0000-000000000001","quantity":2}]"#);
    assert_eq!(serde_json::from_str::<Demand>(&text).unwrap(), demand([line(1, 2)]));
    assert!(serde_json::from_str::<Demand>("[]").is_err());
    assert!(serde_json::from_str::<Demand>(&text.replace(":2}", ":0}")).is_err());
}

proptest! {
    #[test]
    fn adding_up_lines_loses_no_piece(lines in prop::collection::vec((0_u128..5, 1_u64..100), 1..50)) {
        let demand = demand(lines.iter().map(|(n, quantity)| line(*n, *quantity)));
        for n in 0..5 {
            let asked: u64 = lines.iter().filter(|(m, _)| *m == n).map(|(_, quantity)| quantity).sum();
            let needed: u64 =
                demand.lines().iter().filter(|l| l.product_id == product(n)).map(|l| l.quantity).sum();
            prop_assert_eq!(asked, needed);
        }
        prop_assert!(demand.lines().windows(2).all(|pair| pair[0].product_id < pair[1].product_id));
    }
}
