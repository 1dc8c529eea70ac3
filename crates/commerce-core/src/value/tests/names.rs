//! The rules of SKUs, quantities, countries and free text.

use proptest::prelude::*;

use super::super::*;
use crate::error::Kind;

#[test]
fn a_sku_is_trimmed_and_in_upper_case() {
    assert_eq!(Sku::parse("  ab-1_c ").unwrap().as_str(), "AB-1_C");
    assert_eq!(Sku::parse("abc"), Sku::parse("ABC"));
}

#[test]
fn a_sku_has_one_to_fifty_characters() {
    assert!(Sku::parse("").is_err());
    assert!(Sku::parse("   ").is_err());
    assert!(Sku::parse(&"A".repeat(50)).is_ok());
    assert!(Sku::parse(&"A".repeat(51)).is_err());
}

#[test]
fn a_sku_has_no_other_characters() {
    for text in ["A B", "A.B", "Ä", "ß", "A/B", "A\0", "ı", "A,B"] {
        assert_eq!(Sku::parse(text), Err(ValueError::InvalidSku { text: text.to_owned() }));
    }
}

#[test]
fn a_sku_is_checked_when_it_is_read() {
    assert_eq!(serde_json::from_str::<Sku>(r#""lamp-1""#).unwrap().as_str(), "LAMP-1");
    assert_eq!(serde_json::to_string(&Sku::parse("lamp-1").unwrap()).unwrap(), r#""LAMP-1""#);
    for json in [r#""""#, r#""a b""#, "1", "null"] {
        assert!(serde_json::from_str::<Sku>(json).is_err(), "{json}");
    }
}

#[test]
fn a_quantity_is_one_to_a_hundred_thousand() {
    for value in [0, 100_001, u32::MAX] {
        assert_eq!(Quantity::new(value), Err(ValueError::QuantityOutOfRange { value }));
    }
    for value in [1, 2, 100_000] {
        assert_eq!(Quantity::new(value).unwrap().get(), value);
    }
}

#[test]
fn a_quantity_is_checked_when_it_is_read() {
    assert_eq!(serde_json::from_str::<Quantity>("7").unwrap(), Quantity::new(7).unwrap());
    assert_eq!(serde_json::to_string(&Quantity::new(7).unwrap()).unwrap(), "7");
    for json in ["0", "100001", "-1", "1.5", r#""1""#, "4294967296"] {
        assert!(serde_json::from_str::<Quantity>(json).is_err(), "{json}");
    }
}

#[test]
fn a_country_is_found_by_its_code() {
    for code in ["GB", "AD", "ZW", "XK", "UK", "gb", "GBR", "", "ZZ"] {
        let expected = matches!(code, "GB" | "AD" | "ZW" | "ZZ");
        assert_eq!(Country::parse(code).is_ok(), expected, "{code}");
    }
    assert_eq!(Country::parse("ZZ"), Ok(Country::UNKNOWN));
}

#[test]
fn the_249_countries_and_the_unknown_one_are_sorted_and_found() {
    let all: Vec<_> = Country::all().collect();
    assert_eq!(all.len(), 250);
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(all.iter().all(|country| country.as_str().parse() == Ok(*country)));
}

#[test]
fn a_country_is_checked_when_it_is_read() {
    let britain = Country::parse("GB").unwrap();
    assert_eq!(serde_json::to_string(&britain).unwrap(), r#""GB""#);
    assert_eq!(serde_json::from_str::<Country>(r#""GB""#).unwrap(), britain);
    assert!(serde_json::from_str::<Country>(r#""UK""#).is_err());
    assert!(serde_json::from_str::<Country>("44").is_err());
}

#[test]
fn each_value_error_has_its_code() {
    for (error, code) in [
        (Sku::parse("").unwrap_err(), "invalid_sku"),
        (Quantity::new(0).unwrap_err(), "must_be_positive"),
        (Quantity::new(100_001).unwrap_err(), "quantity_out_of_range"),
        (Country::parse("UK").unwrap_err(), "unknown_country"),
    ] {
        assert_eq!(error.code(), code);
        assert_eq!(error.kind(), Kind::Invalid);
        assert_eq!(error.at("/x"), Violation::new("/x", code, error.to_string()));
    }
}

#[test]
fn text_is_trimmed_and_counted_in_characters() {
    assert_eq!(text("/n", "  äöü ", 3, 3), Ok("äöü".to_owned()));
    assert_eq!(text("/n", "", 0, 3), Ok(String::new()));
    assert_eq!(text("/n", "line\nline\ttab", 1, 20), Ok("line\nline\ttab".to_owned()));
}

#[test]
fn text_outside_its_limits_is_a_violation() {
    for (value, min, max, code) in [
        ("", 1, 5, "required"),
        (" \u{a0} ", 2, 5, "required"),
        ("a", 2, 5, "too_short"),
        ("abcdef", 2, 5, "too_long"),
        ("a\0b", 1, 5, "invalid_character"),
        ("a\u{1b}b", 1, 5, "invalid_character"),
    ] {
        let violation = text("/n", value, min, max).unwrap_err();
        assert_eq!((violation.pointer.as_str(), violation.code), ("/n", code), "{value:?}");
    }
}

#[test]
fn a_violation_reads_as_where_and_what() {
    let violation = Violation::new("/quantity", "must_be_positive", "must be positive").under("/items/0");
    assert_eq!(violation.to_string(), "/items/0/quantity: must be positive");
}

proptest! {
    #[test]
    fn a_sku_that_was_accepted_is_accepted_again(text in "[ A-Za-z0-9_-]{0,60}") {
        if let Ok(sku) = Sku::parse(&text) {
            prop_assert_eq!(Sku::parse(sku.as_str()), Ok(sku));
        }
    }

    #[test]
    fn text_that_was_accepted_is_accepted_again(value in ".*", min in 0..5_usize, max in 5..20_usize) {
        if let Ok(accepted) = text("/n", &value, min, max) {
            prop_assert_eq!(text("/n", &accepted, min, max), Ok(accepted));
        }
    }
}
