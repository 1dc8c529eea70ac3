//! How slugs are made.

use proptest::prelude::*;

use crate::catalog::Slug;
use crate::error::Kind;

fn made(text: &str) -> Option<String> {
    Slug::of(text).map(String::from)
}

#[test]
fn words_are_joined_by_single_hyphens_in_lower_case() {
    for (text, slug) in [
        ("Desk Lamp", "desk-lamp"),
        ("  Desk -- Lamp!  ", "desk-lamp"),
        ("LAMP_01/B", "lamp-01-b"),
        ("Salt & Pepper", "salt-pepper"),
        ("Children's Books", "childrens-books"),
        ("Men’s Shoes", "mens-shoes"),
        ("a", "a"),
    ] {
        assert_eq!(made(text).as_deref(), Some(slug), "{text}");
    }
}

#[test]
fn latin_letters_lose_their_accents_and_other_scripts_stay() {
    for (text, slug) in [
        ("Crème Brûlée", "creme-brulee"),
        ("Cre\u{300}me", "creme"),
        ("Straße", "strasse"),
        ("SMØRREBRØD", "smorrebrod"),
        ("İstanbul", "istanbul"),
        ("Łódź", "lodz"),
        ("Чай", "чай"),
        ("日本の お茶", "日本の-お茶"),
    ] {
        assert_eq!(made(text).as_deref(), Some(slug), "{text}");
    }
}

#[test]
fn without_a_letter_or_digit_there_is_no_slug() {
    for text in ["", "   ", "!?", "---", "★", "'"] {
        assert_eq!(made(text), None, "{text}");
    }
}

#[test]
fn the_first_text_that_makes_a_slug_is_taken() {
    assert_eq!(Slug::of_first(&["★", "SKU-1", "other"]).as_str(), "sku-1");
    assert_eq!(Slug::of_first(&["★", "--"]).as_str(), "untitled");
}

#[test]
fn a_long_text_is_cut_between_words() {
    let text = "lantern ".repeat(20);
    let slug = made(&text).unwrap();
    assert_eq!(slug, ["lantern"; 12].join("-"));
    assert_eq!(made(&format!("{} b", "a".repeat(100))).unwrap(), "a".repeat(100));
    assert_eq!(made(&"ж".repeat(150)).unwrap(), "ж".repeat(100));
}

#[test]
fn a_written_slug_is_right_or_refused() {
    assert_eq!(Slug::parse(" Desk-Lamp ").unwrap().as_str(), "desk-lamp");
    for text in ["", "desk lamp", "-desk", "desk-", "desk--lamp", "desk_lamp", "crème", &"a".repeat(101)] {
        assert_eq!(Slug::parse(text).unwrap_err().kind(), Kind::Invalid, "{text}");
    }
}

#[test]
fn a_slug_is_checked_when_it_is_read() {
    assert_eq!(serde_json::from_str::<Slug>(r#""desk-lamp""#).unwrap().to_string(), "desk-lamp");
    assert!(serde_json::from_str::<Slug>(r#""desk lamp""#).is_err());
}

proptest! {
    #[test]
    fn the_slug_of_a_slug_is_itself(text in "\\PC{0,200}") {
        if let Some(slug) = Slug::of(&text) {
            prop_assert_eq!(Slug::of(slug.as_str()), Some(slug.clone()));
            prop_assert_eq!(Slug::parse(slug.as_str()), Ok(slug));
        }
    }

    #[test]
    fn every_slug_has_the_shape_of_one(text in "[ -~À-ž]{0,200}") {
        if let Some(slug) = Slug::of(&text) {
            let slug = slug.as_str();
            prop_assert!((1..=Slug::MAX_LENGTH).contains(&slug.chars().count()));
            prop_assert!(slug.split('-').all(|word| !word.is_empty() && word.chars().all(char::is_alphanumeric)));
        }
    }
}
