//! The rules of money.

use super::super::*;

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
