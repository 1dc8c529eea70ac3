//! The values of the identity domain.

use proptest::prelude::*;

use super::*;
use crate::error::Kind;
use crate::id::CustomerId;

fn email(text: &str) -> Result<EmailAddress, &'static str> {
    EmailAddress::parse("/email", text).map_err(|violation| violation.code)
}

fn lacks(password: &str) -> Vec<&'static str> {
    match Password::new(password).checked("/password") {
        Ok(_) => vec![],
        Err(violations) => violations.iter().map(|violation| violation.code).collect(),
    }
}

#[test]
fn an_address_has_one_spelling() {
    assert_eq!(email("  Ada.L+shop@EXAMPLE.co.uk\n").unwrap().as_str(), "ada.l+shop@example.co.uk");
}

#[test]
fn what_is_no_address_is_refused() {
    let nonsense = [
        "ada",
        "@",
        "ada@",
        "@example.org",
        "ada@localhost",
        "ada@example..org",
        "ada@.org",
        "a da@example.org",
        "ada@exam ple.org",
        ".ada@example.org",
        "ada.@example.org",
        "a..b@example.org",
        "ada@-x.org",
        "ada@x-.org",
        "ada@b@example.org",
        "\"ada\"@example.org",
        "ada@[127.0.0.1]",
        "ada@exämple.org",
        "ada\0@example.org",
        "ada\r\nbcc:x@example.org",
        "ada@example.org.",
        "<ada@example.org>",
    ];
    for text in nonsense {
        assert_eq!(email(text), Err("invalid_email"), "{text:?}");
    }
    assert_eq!(email(" "), Err("required"));
}

#[test]
fn an_address_is_within_its_limits() {
    let host = format!("{}.{}.{}.example", "a".repeat(60), "b".repeat(60), "c".repeat(60));
    let of = |length: usize| format!("{}@{host}", "x".repeat(length - host.len() - 1));
    assert!(email(&of(255)).is_ok());
    assert_eq!(email(&of(256)), Err("too_long"));
    assert_eq!(email(&format!("{}@example.org", "x".repeat(65))), Err("invalid_email"));
    assert_eq!(email(&format!("x@{}.org", "a".repeat(64))), Err("invalid_email"));
}

#[test]
fn a_password_keeps_every_rule() {
    assert!(lacks("Abcdef1!").is_empty());
    assert!(lacks("Unïcode 1 wörks").is_empty());
    // Letters of other alphabets are neither: they count as other characters, as the description of the API says.
    assert_eq!(lacks("Ünïcode 1 wörks"), ["needs_upper_case"]);
    assert_eq!(lacks("ABCD 1 ä"), ["needs_lower_case"]);
    assert_eq!(lacks("Abcdefg٣!"), ["needs_digit"]);
    assert!(lacks("Abcdefg1ä").is_empty());
    assert_eq!(lacks("Abcde1!"), ["too_short"]);
    assert_eq!(lacks(&format!("Aa1!{}", "x".repeat(97))), ["too_long"]);
    assert!(lacks(&format!("Aa1!{}", "ä".repeat(96))).is_empty());
    assert_eq!(lacks("abcdef1!"), ["needs_upper_case"]);
    assert_eq!(lacks("ABCDEF1!"), ["needs_lower_case"]);
    assert_eq!(lacks("Abcdefg!"), ["needs_digit"]);
    assert_eq!(lacks("Abcdefg1"), ["needs_other"]);
    assert_eq!(lacks("").len(), 5);
}

#[test]
fn a_name_is_trimmed_and_has_one_line() {
    let name = |text: &str| PersonName::parse("/first_name", text).map_err(|violation| violation.code);
    assert_eq!(name(" Ada ").unwrap().as_str(), "Ada");
    assert_eq!(name("  "), Err("required"));
    assert!(name(&"é".repeat(100)).is_ok());
    assert_eq!(name(&"é".repeat(101)), Err("too_long"));
    for text in ["Ada\nBcc: x", "A\tB", "A\0"] {
        assert_eq!(name(text), Err("invalid_character"), "{text:?}");
    }
}

#[test]
fn a_role_is_read_as_it_is_written() {
    for role in Role::ALL {
        assert_eq!(Role::parse("/role", role.as_str()), Ok(role));
        assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
    }
    assert_eq!(Role::parse("/roles/0", "root").unwrap_err().pointer, "/roles/0");
    let names = Role::ALL.map(Role::as_str);
    assert_eq!(names, ["customer", "admin", "warehouse", "inventory_manager", "analyst"]);
}

#[test]
fn roles_are_a_set_of_at_least_one() {
    assert_eq!(Roles::new("/roles", []).unwrap_err().code, "required");
    assert!(serde_json::from_str::<Roles>("[]").is_err());
    let roles: Roles = serde_json::from_str(r#"["admin","customer","admin"]"#).unwrap();
    assert_eq!(serde_json::to_string(&roles).unwrap(), r#"["customer","admin"]"#);
}

#[test]
fn a_customer_is_a_user() {
    let id = uuid::Uuid::from_u128(5);
    assert_eq!(CustomerId::from(UserId(id)), CustomerId(id));
}

#[test]
fn what_the_installation_lacks_may_be_there_later() {
    assert_eq!(HashingFailed::new("no thread").kind(), Kind::Retryable);
    assert_eq!(NoRandomness::new("no device").kind(), Kind::Retryable);
}

proptest! {
    #[test]
    fn parsing_never_panics_and_settles(text in ".{0,60}") {
        if let Ok(address) = email(&text) {
            prop_assert_eq!(email(address.as_str()).unwrap(), address);
        }
        lacks(&text);
    }

    #[test]
    fn what_looks_like_an_address_is_one(text in "[a-zA-Z0-9_+-]{1,20}(\\.[a-z]{1,5})?@[a-z0-9]{1,10}(\\.[a-zA-Z]{2,8}){1,3}") {
        let address = email(&text).unwrap();
        prop_assert_eq!(address.as_str(), text.to_lowercase());
    }

    #[test]
    fn what_a_password_lacks_does_not_repeat_it(text in "[a-z]{4,7}") {
        let violations = Password::new(&*text).checked("/p").unwrap_err();
        let shown = format!("{violations:?}");
        prop_assume!(!["must", "have", "least", "characters", "contain", "code", "detail", "pointer", "short",
            "needs", "upper", "case", "digit", "other", "letter", "neither", "character", "that", "Violation", "with",
            "nor", "lower", "too_short"].iter().any(|word| word.contains(&*text)));
        prop_assert!(!shown.contains(&text), "{}", shown);
    }
}
