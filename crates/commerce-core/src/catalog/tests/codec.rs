//! How events and snapshots are stored.

use super::sample::*;
use crate::catalog::*;
use crate::event::{decode, encode};
use crate::id::CustomerId;
use crate::testing::given;

fn image_change() -> ProductChange {
    let product = given::<Product>([created()]);
    let new = NewImage {
        id: ImageId(uuid::Uuid::from_u128(7)),
        url: "https://example.com/a.jpg".into(),
        alt_text: "front".into(),
        display_order: Some(2),
        primary: true,
    };
    match product.when(ProductCommand::AddImage(new)).events().remove(0) {
        ProductEvent::ProductUpdated { change, .. } => change,
        other => panic!("an image was added, not {other:?}"),
    }
}

/// One event of each kind, and its stored name.
fn every_event() -> Vec<(ProductEvent, &'static str)> {
    let image_id = ImageId(uuid::Uuid::from_u128(7));
    let tag = Tag::parse("/tag", "sale").unwrap();
    let seo = SeoOverrides { slug: Some("lamp".into()), ..SeoOverrides::default() };
    let attribute = Attribute::new("colour", "red", None).unwrap();
    let changes = [
        ProductChange::Details { details: details(), slug: slug("desk-lamp") },
        image_change(),
        ProductChange::PrimaryImageChosen { image_id },
        ProductChange::ImageRemoved { image_id, primary: None },
        ProductChange::AttributeSet { attribute },
        ProductChange::AttributeRemoved { key: "colour".into() },
        ProductChange::TagsAdded { tags: vec![tag.clone()] },
        ProductChange::TagRemoved { tag },
        ProductChange::Featured { featured: true },
        ProductChange::Seo { seo },
    ];
    let price_changed = ProductEvent::PriceChanged {
        price: gbp(1),
        compare_at_price: Some(gbp(2)),
        previous_price: gbp(3),
        changed_at: now(),
    };
    let viewer = Some(CustomerId(uuid::Uuid::from_u128(3)));
    let mut events = vec![
        (created(), "ProductCreated"),
        (price_changed, "PriceChanged"),
        (published(), "ProductPublished"),
        (unpublished(), "ProductUnpublished"),
        (archived(), "ProductArchived"),
        (ProductEvent::ProductViewed { viewer, viewed_at: now() }, "ProductViewed"),
        (ProductEvent::ProductViewed { viewer: None, viewed_at: now() }, "ProductViewed"),
    ];
    events.extend(changes.into_iter().map(|change| (changed(change), "ProductUpdated")));
    events
}

#[test]
fn every_event_of_a_product_is_stored_under_its_name_and_read_back() {
    for (event, name) in every_event() {
        let encoded = encode(&event).unwrap();
        assert_eq!(encoded.event_type, name);
        assert_eq!(decode::<ProductEvent>(name, &encoded.payload).unwrap(), event);
    }
}

#[test]
fn every_event_of_a_category_is_stored_under_its_name_and_read_back() {
    let details = CategoryDetails {
        name: "Lamps".into(),
        description: String::new(),
        display_order: 0,
        image_url: Some("https://example.com/a.jpg".into()),
    };
    let described = CategoryChange::Details {
        details: details.clone(),
        slug: slug("lamps"),
        parent_id: Some(category_id(1)),
    };
    let updated = |change| CategoryEvent::CategoryUpdated { change, updated_at: now() };
    for (event, name) in [
        (
            CategoryEvent::CategoryCreated {
                details,
                slug: slug("lamps"),
                parent_id: None,
                created_at: now(),
            },
            "CategoryCreated",
        ),
        (updated(described), "CategoryUpdated"),
        (updated(CategoryChange::Activated), "CategoryUpdated"),
        (updated(CategoryChange::Deactivated), "CategoryUpdated"),
    ] {
        let encoded = encode(&event).unwrap();
        assert_eq!(encoded.event_type, name);
        assert_eq!(decode::<CategoryEvent>(name, &encoded.payload).unwrap(), event);
    }
}

#[test]
fn a_change_is_told_apart_by_its_kind() {
    let encoded = encode(&changed(ProductChange::Featured { featured: true })).unwrap();
    let payload = String::from_utf8(encoded.payload).unwrap();
    assert!(
        payload.starts_with(r#"{"change":{"kind":"featured","featured":true},"updated_at":"#),
        "{payload}"
    );
}

#[test]
fn a_snapshot_of_a_product_is_read_back() {
    let product = given::<Product>(every_event().into_iter().map(|(event, _)| event)).state();
    let json = serde_json::to_string(&product).unwrap();
    assert_eq!(serde_json::from_str::<Product>(&json).unwrap(), product);
}

#[test]
fn a_snapshot_of_what_was_never_created_is_read_back() {
    let json = serde_json::to_string(&Product::default()).unwrap();
    assert_eq!(serde_json::from_str::<Product>(&json).unwrap(), Product::default());
    let json = serde_json::to_string(&Category::default()).unwrap();
    assert_eq!(serde_json::from_str::<Category>(&json).unwrap(), Category::default());
}
