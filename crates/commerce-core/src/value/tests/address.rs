//! The rules of addresses.

use super::super::*;

fn address() -> Address {
    Address {
        recipient: "Ada Lovelace".into(),
        line1: "12 St James's Square".into(),
        line2: None,
        city: "London".into(),
        state: None,
        postal_code: "SW1Y 4JH".into(),
        country: Country::parse("GB").unwrap(),
    }
}

#[test]
fn a_complete_address_stays_as_it_is() {
    assert_eq!(address().checked(), Ok(address()));
}

#[test]
fn the_fields_of_an_address_are_trimmed() {
    let padded = Address { city: " London\n".into(), line2: Some(" Flat 2 ".into()), ..address() };
    assert_eq!(padded.checked(), Ok(Address { line2: Some("Flat 2".into()), ..address() }));
}

#[test]
fn an_empty_optional_field_is_absent() {
    let empty = Address { line2: Some("  ".into()), state: Some(String::new()), ..address() };
    assert_eq!(empty.checked(), Ok(address()));
}

#[test]
fn every_fault_of_an_address_is_told() {
    let wrong = Address {
        recipient: String::new(),
        line1: " ".into(),
        line2: Some("x".repeat(201)),
        city: "x".repeat(101),
        state: Some("x".repeat(101)),
        postal_code: "x".repeat(21),
        country: Country::UNKNOWN,
    };
    let faults: Vec<_> = wrong.checked().unwrap_err().into_iter().map(|v| (v.pointer, v.code)).collect();
    assert_eq!(
        faults,
        [
            ("/recipient".to_owned(), "required"),
            ("/line1".to_owned(), "required"),
            ("/line2".to_owned(), "too_long"),
            ("/city".to_owned(), "too_long"),
            ("/state".to_owned(), "too_long"),
            ("/postal_code".to_owned(), "too_long"),
        ]
    );
}

#[test]
fn an_address_is_written_without_its_absent_fields() {
    let json = serde_json::to_string(&address()).unwrap();
    assert!(!json.contains("line2") && !json.contains("state"), "{json}");
    assert_eq!(serde_json::from_str::<Address>(&json).unwrap(), address());
}

#[test]
fn an_address_with_a_misspelt_field_or_an_unknown_country_is_refused() {
    let json = serde_json::to_string(&address()).unwrap();
    assert!(serde_json::from_str::<Address>(&json.replace("\"city\"", "\"town\"")).is_err());
    assert!(serde_json::from_str::<Address>(&json.replace("\"GB\"", "\"UK\"")).is_err());
    assert!(serde_json::from_str::<Address>(&json.replacen('{', "{\"zip\":\"1\",", 1)).is_err());
}
