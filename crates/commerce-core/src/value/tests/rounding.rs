//! How fractions of a minor unit are rounded.

use proptest::prelude::*;
use rust_decimal::RoundingStrategy;

use super::super::*;

const ALL: [Rounding; 4] = [Rounding::HalfEven, Rounding::HalfUp, Rounding::Up, Rounding::Down];

fn times(minor: i64, factor: &str, rounding: Rounding) -> i64 {
    let factor: Decimal = factor.parse().unwrap();
    Money::from_minor(minor, Currency::GBP).multiply(factor, rounding).unwrap().minor()
}

#[test]
fn each_rounding_has_its_direction() {
    // 25 × 0.1 = 2.5, 35 × 0.1 = 3.5, 21 × 0.1 = 2.1, 29 × 0.1 = 2.9
    for (rounding, expected) in [
        (Rounding::HalfEven, [2, 4, 2, 3]),
        (Rounding::HalfUp, [3, 4, 2, 3]),
        (Rounding::Up, [3, 4, 3, 3]),
        (Rounding::Down, [2, 3, 2, 2]),
    ] {
        assert_eq!([25, 35, 21, 29].map(|minor| times(minor, "0.1", rounding)), expected, "{rounding:?}");
        assert_eq!(
            [-25, -35, -21, -29].map(|minor| times(minor, "0.1", rounding)),
            expected.map(|minor| -minor),
            "{rounding:?}, mirrored"
        );
    }
}

#[test]
fn a_whole_product_is_never_rounded() {
    for rounding in ALL {
        assert_eq!(times(1_000, "0.2", rounding), 200);
        assert_eq!(times(i64::MIN, "1.0000000000000000000000000000", rounding), i64::MIN);
        assert_eq!(times(7, "-3", rounding), -21);
        assert_eq!(times(7, "-0.0", rounding), 0);
    }
}

#[test]
fn a_product_of_more_digits_than_a_decimal_holds_is_rounded_once() {
    // 1 × 2.5 less one unit in the last of 28 places: above two, below the half.
    assert_eq!(times(1, "2.4999999999999999999999999999", Rounding::HalfUp), 2);
    // 5 × 10¹⁸ × 0.1000000000000000000000000001 = 5 × 10¹⁷ + 5 × 10⁻¹⁰: 38 digits, more than a Decimal has.
    let product = times(5_000_000_000_000_000_000, "0.1000000000000000000000000001", Rounding::Up);
    assert_eq!(product, 500_000_000_000_000_001);
}

proptest! {
    #[test]
    fn a_product_that_a_decimal_holds_is_what_decimal_makes_of_it(
        minor in -1_000_000_000_i64..1_000_000_000,
        mantissa in -1_000_000_000_i64..1_000_000_000,
        scale in 0..10_u32,
    ) {
        let factor = Decimal::new(mantissa, scale);
        for (rounding, strategy) in ALL.into_iter().zip([
            RoundingStrategy::MidpointNearestEven,
            RoundingStrategy::MidpointAwayFromZero,
            RoundingStrategy::AwayFromZero,
            RoundingStrategy::ToZero,
        ]) {
            let expected = (Decimal::from(minor) * factor).round_dp_with_strategy(0, strategy);
            let product = Money::from_minor(minor, Currency::GBP).multiply(factor, rounding)?;
            prop_assert_eq!(Decimal::from(product.minor()), expected);
        }
    }

    #[test]
    fn multiplying_never_panics(
        minor in any::<i64>(),
        (low, mid, high) in any::<(u32, u32, u32)>(),
        negative in any::<bool>(),
        scale in 0..=28_u32,
    ) {
        let factor = Decimal::from_parts(low, mid, high, negative, scale);
        for rounding in ALL {
            let _ = Money::from_minor(minor, Currency::GBP).multiply(factor, rounding);
        }
    }

    #[test]
    fn any_product_lies_between_its_roundings(
        minor in any::<i64>(),
        mantissa in 0..10_000_000_000_000_000_000_000_000_000_u128,
    ) {
        // A factor below one: the product always fits.
        let factor = Decimal::from_i128_with_scale(i128::try_from(mantissa)?, 28);
        let money = Money::from_minor(minor, Currency::GBP);
        let [even, half_up, up, down] = ALL.map(|rounding| money.multiply(factor, rounding));
        let (down, up) = (down?.minor(), up?.minor());
        prop_assert!(down.abs_diff(up) <= 1);
        for nearest in [even?.minor(), half_up?.minor()] {
            prop_assert!(nearest == down || nearest == up);
        }
    }
}
