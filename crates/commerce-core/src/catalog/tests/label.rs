//! The attributes and tags of products.

use super::sample::*;
use crate::catalog::*;
use crate::testing::given;

fn attribute(key: &str, value: &str) -> Attribute {
    Attribute::new(key, value, None).unwrap()
}

fn has(attribute: Attribute) -> ProductEvent {
    changed(ProductChange::AttributeSet { attribute })
}

fn set(key: &str, value: &str, display_name: Option<&str>) -> ProductCommand {
    ProductCommand::SetAttribute {
        key: key.into(),
        value: value.into(),
        display_name: display_name.map(str::to_owned),
    }
}

fn tags(tags: &[&str]) -> Vec<Tag> {
    tags.iter().map(|tag| Tag::parse("/tag", tag).unwrap()).collect()
}

fn tagged(names: &[&str]) -> ProductEvent {
    changed(ProductChange::TagsAdded { tags: tags(names) })
}

fn add_tags(tags: &[&str]) -> ProductCommand {
    ProductCommand::AddTags { tags: tags.iter().map(ToString::to_string).collect() }
}

#[test]
fn an_attribute_is_added_with_its_names() {
    given::<Product>([created()])
        .when(set(" colour ", " red ", Some("Colour")))
        .then(changes(ProductChange::AttributeSet {
            attribute: Attribute::new("colour", "red", Some("Colour")).unwrap(),
        }))
        .then_state(|product| {
            let colour = listing(product).attribute("colour").unwrap();
            assert_eq!((colour.key(), colour.value(), colour.display_name()), ("colour", "red", "Colour"));
        });
}

#[test]
fn an_attribute_without_a_display_name_is_shown_under_its_key() {
    assert_eq!(attribute("colour", "red").display_name(), "colour");
    assert_eq!(Attribute::new("colour", "red", Some("  ")).unwrap().display_name(), "colour");
}

#[test]
fn the_same_key_updates_the_attribute_where_it_stands() {
    given::<Product>([created(), has(attribute("colour", "red")), has(attribute("size", "m"))])
        .when(set("colour", "blue", None))
        .then_state(|product| {
            let expected = [attribute("colour", "blue"), attribute("size", "m")];
            assert_eq!(listing(product).attributes(), expected);
        });
}

#[test]
fn keys_that_differ_in_case_are_two() {
    given::<Product>([created(), has(attribute("colour", "red"))])
        .when(set("Colour", "blue", None))
        .then_state(|product| assert_eq!(listing(product).attributes().len(), 2));
}

#[test]
fn an_attribute_set_as_it_is_changes_nothing() {
    given::<Product>([created(), has(attribute("colour", "red"))])
        .when(set("colour", "red", None))
        .then_nothing();
}

#[test]
fn an_attribute_is_removed() {
    given::<Product>([created(), has(attribute("colour", "red")), has(attribute("size", "m"))])
        .when(ProductCommand::RemoveAttribute { key: "colour".into() })
        .then(changes(ProductChange::AttributeRemoved { key: "colour".into() }))
        .then_state(|product| assert_eq!(listing(product).attributes(), [attribute("size", "m")]));
}

#[test]
fn an_attribute_that_isnt_there_cant_be_removed() {
    given::<Product>([created()])
        .when(ProductCommand::RemoveAttribute { key: "colour".into() })
        .then_rejected(ProductRejection::AttributeNotFound { key: "colour".into() });
}

#[test]
fn every_fault_of_an_attribute_is_told() {
    let long = "x".repeat(501);
    assert_eq!(
        faults_of([created()], set("", &long, Some(&long))),
        [
            ("/key".to_owned(), "required"),
            ("/value".to_owned(), "too_long"),
            ("/display_name".to_owned(), "too_long")
        ]
    );
}

#[test]
fn a_product_has_a_limited_number_of_attributes_that_can_still_be_updated() {
    let full = || (0..MAX_ATTRIBUTES).map(|n| has(attribute(&format!("k{n}"), "v")));
    given::<Product>([created()].into_iter().chain(full()))
        .when(set("one more", "v", None))
        .then_rejected(ProductRejection::TooManyAttributes { max: MAX_ATTRIBUTES });
    given::<Product>([created()].into_iter().chain(full()))
        .when(set("k0", "w", None))
        .then(changes(ProductChange::AttributeSet { attribute: attribute("k0", "w") }));
}

#[test]
fn tags_are_in_lower_case_and_each_is_there_once() {
    given::<Product>([created()])
        .when(add_tags(&[" Summer ", "SALE", "summer"]))
        .then(changes(ProductChange::TagsAdded { tags: tags(&["sale", "summer"]) }))
        .then_state(|product| {
            assert!(listing(product).tags().iter().map(Tag::as_str).eq(["sale", "summer"]));
        });
}

#[test]
fn only_new_tags_are_recorded() {
    given::<Product>([created(), tagged(&["sale"])])
        .when(add_tags(&["Sale", "new"]))
        .then(changes(ProductChange::TagsAdded { tags: tags(&["new"]) }));
}

#[test]
fn tags_that_are_there_change_nothing() {
    given::<Product>([created(), tagged(&["sale"])]).when(add_tags(&["SALE"])).then_nothing();
}

#[test]
fn every_faulty_tag_is_told() {
    assert_eq!(
        faults_of([created()], add_tags(&["", "fine", &"x".repeat(51)])),
        [("/tags/0".to_owned(), "required"), ("/tags/2".to_owned(), "too_long")]
    );
    assert_eq!(faults_of([created()], add_tags(&[])), [("/tags".to_owned(), "required")]);
}

#[test]
fn a_tag_is_removed_in_any_case() {
    given::<Product>([created(), tagged(&["sale", "new"])])
        .when(ProductCommand::RemoveTag { tag: " SALE".into() })
        .then(changes(ProductChange::TagRemoved { tag: Tag::parse("/tag", "sale").unwrap() }))
        .then_state(|product| assert!(listing(product).tags().iter().map(Tag::as_str).eq(["new"])));
}

#[test]
fn a_tag_that_isnt_there_cant_be_removed() {
    given::<Product>([created()])
        .when(ProductCommand::RemoveTag { tag: "Sale".into() })
        .then_rejected(ProductRejection::TagNotFound { tag: Tag::parse("/tag", "sale").unwrap() });
}

#[test]
fn a_product_has_a_limited_number_of_tags() {
    let names: Vec<String> = (0..MAX_TAGS).map(|n| format!("t{n}")).collect();
    let full = tagged(&names.iter().map(String::as_str).collect::<Vec<_>>());
    given::<Product>([created(), full.clone()])
        .when(add_tags(&["one more"]))
        .then_rejected(ProductRejection::TooManyTags { max: MAX_TAGS });
    given::<Product>([created(), full]).when(add_tags(&["t0"])).then_nothing();
}

#[test]
fn a_tag_is_checked_when_it_is_read() {
    assert_eq!(serde_json::from_str::<Tag>(r#"" Sale""#).unwrap().as_str(), "sale");
    assert!(serde_json::from_str::<Tag>(r#""""#).is_err());
}
