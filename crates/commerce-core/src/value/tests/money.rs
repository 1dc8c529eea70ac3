//! The rules of money, by example.

use std::cmp::Ordering;

use super::super::*;
use crate::error::Kind;

fn gbp(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}

#[test]
fn an_amount_is_written_with_the_decimals_of_its_currency() {
    for (minor, currency, amount) in [
        (1234, Currency::GBP, "12.34"),
        (-5, Currency::GBP, "-0.05"),
        (0, Currency::EUR, "0.00"),
        (1234, Currency::JPY, "1234"),
        (0, Currency::JPY, "0"),
        (1, Currency::KWD, "0.001"),
        (i64::MIN, Currency::USD, "-92233720368547758.08"),
        (i64::MAX, Currency::JPY, "9223372036854775807"),
    ] {
        let money = Money::from_minor(minor, currency);
        assert_eq!(money.amount(), amount);
        assert_eq!(Money::parse(amount, currency), Ok(money));
        assert_eq!(money.to_string(), format!("{amount} {currency}"));
    }
}

#[test]
fn missing_decimals_are_zeros() {
    for (text, minor) in
        [("12", 1200), ("12.3", 1230), ("12.34", 1234), ("-0.05", -5), ("-0", 0), ("007", 700)]
    {
        assert_eq!(Money::parse(text, Currency::GBP), Ok(gbp(minor)), "{text}");
    }
}

#[test]
fn what_is_no_plain_decimal_number_is_refused() {
    for text in [
        "", "-", "+1", "--1", "1e2", "1E2", " 1", "1 ", "1 000", "1,00", ".5", "5.", ".", "-.5", "1.2.3",
        "1.-2", "NaN", "inf", "0x10", "١٢", "1_000", "1.2\n",
    ] {
        assert_eq!(
            Money::parse(text, Currency::GBP),
            Err(MoneyError::NotANumber { text: text.to_owned() }),
            "{text:?}"
        );
    }
}

#[test]
fn more_decimals_than_the_currency_has_are_refused_even_when_they_are_zeros() {
    for (text, currency) in [("1.230", Currency::GBP), ("1.0", Currency::JPY), ("0.0001", Currency::KWD)] {
        assert_eq!(
            Money::parse(text, currency),
            Err(MoneyError::TooPrecise { text: text.to_owned(), currency })
        );
    }
}

#[test]
fn an_amount_beyond_64_bits_is_refused() {
    for text in ["92233720368547758.08", "-92233720368547758.09", "9223372036854775807"] {
        assert_eq!(Money::parse(text, Currency::GBP), Err(MoneyError::Overflow), "{text}");
    }
}

#[test]
fn an_error_repeats_only_the_beginning_of_a_long_input() {
    let error = Money::parse(&"x".repeat(1_000_000), Currency::GBP).unwrap_err();
    assert!(error.to_string().len() < 100, "{error}");
}

#[test]
fn two_currencies_are_never_mixed() {
    let euro = Money::from_minor(1, Currency::EUR);
    let mismatch = MoneyError::CurrencyMismatch { left: Currency::GBP, right: Currency::EUR };
    assert_eq!(gbp(1).checked_add(euro), Err(mismatch.clone()));
    assert_eq!(gbp(1).checked_sub(euro), Err(mismatch.clone()));
    assert_eq!(gbp(1).compare(euro), Err(mismatch.clone()));
    assert_eq!(Money::sum([gbp(1), euro], Currency::GBP), Err(mismatch));
}

#[test]
fn a_result_beyond_64_bits_is_an_error() {
    assert_eq!(gbp(i64::MAX).checked_add(gbp(1)), Err(MoneyError::Overflow));
    assert_eq!(gbp(i64::MIN).checked_sub(gbp(1)), Err(MoneyError::Overflow));
    assert_eq!(gbp(i64::MAX).checked_mul(2), Err(MoneyError::Overflow));
    assert_eq!(gbp(i64::MIN).checked_neg(), Err(MoneyError::Overflow));
    assert_eq!(gbp(i64::MAX).multiply(Decimal::TWO, Rounding::Down), Err(MoneyError::Overflow));
    assert_eq!(gbp(i64::MIN).multiply(-Decimal::ONE, Rounding::Down), Err(MoneyError::Overflow));
    assert_eq!(Money::sum([gbp(i64::MAX), gbp(1)], Currency::GBP), Err(MoneyError::Overflow));
}

#[test]
fn the_sum_of_nothing_is_zero() {
    assert_eq!(Money::sum([], Currency::JPY), Ok(Money::zero(Currency::JPY)));
}

#[test]
fn the_sign_of_an_amount_is_told() {
    assert!(gbp(0).is_zero() && !gbp(0).is_positive() && !gbp(0).is_negative());
    assert!(gbp(1).is_positive() && !gbp(1).is_zero() && !gbp(1).is_negative());
    assert!(gbp(-1).is_negative() && !gbp(-1).is_zero() && !gbp(-1).is_positive());
}

#[test]
fn amounts_compare_by_size() {
    assert_eq!(gbp(1).compare(gbp(2)), Ok(Ordering::Less));
    assert_eq!(gbp(-1).compare(gbp(-2)), Ok(Ordering::Greater));
    assert_eq!(gbp(3).compare(gbp(3)), Ok(Ordering::Equal));
}

#[test]
fn what_is_left_over_goes_to_the_largest_remainders_first_of_equals_first() {
    assert_eq!(gbp(100).allocate(&[1, 1, 1]), Ok(vec![gbp(34), gbp(33), gbp(33)]));
    assert_eq!(gbp(-100).allocate(&[1, 1, 1]), Ok(vec![gbp(-34), gbp(-33), gbp(-33)]));
    assert_eq!(gbp(5).allocate(&[3, 7]), Ok(vec![gbp(2), gbp(3)]));
    assert_eq!(gbp(10).allocate(&[1, 2, 6]), Ok(vec![gbp(1), gbp(2), gbp(7)]));
}

#[test]
fn a_weight_of_zero_gets_nothing() {
    assert_eq!(gbp(101).allocate(&[0, 1, 0, 1]), Ok(vec![gbp(0), gbp(51), gbp(0), gbp(50)]));
}

#[test]
fn nothing_can_be_allocated_without_a_weight() {
    assert_eq!(gbp(1).allocate(&[]), Err(MoneyError::NoWeights));
    assert_eq!(gbp(1).allocate(&[0, 0]), Err(MoneyError::NoWeights));
}

#[test]
fn the_extremes_can_be_allocated() {
    assert_eq!(gbp(i64::MIN).allocate(&[u64::MAX]), Ok(vec![gbp(i64::MIN)]));
    let halves = gbp(i64::MIN).allocate(&[u64::MAX, u64::MAX]).unwrap();
    assert_eq!(halves, [gbp(i64::MIN / 2), gbp(i64::MIN / 2)]);
}

#[test]
fn money_is_written_as_text_and_currency() {
    let json = serde_json::to_string(&gbp(-1234)).unwrap();
    assert_eq!(json, r#"{"amount":"-12.34","currency":"GBP"}"#);
}

#[test]
fn money_is_read_in_either_order_of_its_fields() {
    let json = r#"{"currency":"KWD","amount":"1.5"}"#;
    assert_eq!(serde_json::from_str::<Money>(json).unwrap(), Money::from_minor(1500, Currency::KWD));
}

#[test]
fn money_that_is_wrong_is_refused_when_it_is_read() {
    for json in [
        r#"{"amount":12.34,"currency":"GBP"}"#,
        r#"{"amount":"12.345","currency":"GBP"}"#,
        r#"{"amount":"12","currency":"gbp"}"#,
        r#"{"amount":"12","currency":"XAU"}"#,
        r#"{"amount":"12"}"#,
        r#"{"amount":"12","currency":"GBP","unit":"minor"}"#,
        r#"{"amount":"1e3","currency":"GBP"}"#,
        r#"{"amount":"99999999999999999999","currency":"GBP"}"#,
        r#""12.34 GBP""#,
    ] {
        assert!(serde_json::from_str::<Money>(json).is_err(), "{json}");
    }
}

#[test]
fn each_error_has_its_code_and_points_at_the_input() {
    let errors = [
        (MoneyError::CurrencyMismatch { left: Currency::GBP, right: Currency::EUR }, "currency_mismatch"),
        (MoneyError::Overflow, "amount_overflow"),
        (MoneyError::TooPrecise { text: "1.234".into(), currency: Currency::GBP }, "too_precise"),
        (MoneyError::NotANumber { text: "x".into() }, "not_a_number"),
        (MoneyError::UnsupportedCurrency { code: "XAU".into() }, "unsupported_currency"),
        (MoneyError::NoWeights, "no_weights"),
    ];
    for (error, code) in errors {
        let violation = error.at("/price");
        assert_eq!((violation.pointer.as_str(), violation.code), ("/price", code));
        assert_eq!(violation.detail, error.to_string());
        assert_eq!(error.kind(), Kind::Invalid);
    }
}
