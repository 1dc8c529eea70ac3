//! The rules of currencies.

use std::collections::BTreeSet;

use super::super::*;

#[test]
fn the_named_currencies_are_those_of_the_table() {
    for (currency, code, exponent) in [
        (Currency::GBP, "GBP", 2),
        (Currency::USD, "USD", 2),
        (Currency::EUR, "EUR", 2),
        (Currency::JPY, "JPY", 0),
        (Currency::KWD, "KWD", 3),
    ] {
        assert_eq!(Currency::parse(code), Ok(currency));
        assert_eq!((currency.code(), currency.exponent()), (code, exponent));
    }
}

#[test]
fn every_exponent_of_iso_4217_is_there() {
    let exponents: BTreeSet<u32> = Currency::all().map(Currency::exponent).collect();
    assert_eq!(exponents, BTreeSet::from([0, 2, 3, 4]));
    assert!(Currency::all().count() > 150);
}

#[test]
fn every_currency_is_found_by_its_code() {
    for currency in Currency::all() {
        assert_eq!(currency.to_string().parse(), Ok(currency));
    }
}

#[test]
fn currencies_are_sorted_by_code() {
    let codes: Vec<_> = Currency::all().map(Currency::code).collect();
    assert!(codes.is_sorted());
    assert!(Currency::all().collect::<Vec<_>>().is_sorted());
}

#[test]
fn what_has_no_minor_units_is_no_currency() {
    for code in ["XAU", "XAG", "XDR", "XXX", "XTS"] {
        assert_eq!(Currency::parse(code), Err(MoneyError::UnsupportedCurrency { code: code.to_owned() }));
    }
}

#[test]
fn a_code_that_nobody_uses_is_refused() {
    for code in ["", "GB", "GBPX", "gbp", "Gbp", "G P", "ZZZ", "£££", "826", "ÄÖ", "[\\]"] {
        assert!(Currency::parse(code).is_err(), "{code}");
    }
}

#[test]
fn a_currency_is_written_and_read_as_its_code() {
    assert_eq!(serde_json::to_string(&Currency::GBP).unwrap(), r#""GBP""#);
    assert_eq!(serde_json::from_str::<Currency>(r#""GBP""#).unwrap(), Currency::GBP);
    assert!(serde_json::from_str::<Currency>(r#""XAU""#).is_err());
    assert!(serde_json::from_str::<Currency>("826").is_err());
}
