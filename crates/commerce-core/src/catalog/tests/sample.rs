//! A lamp, in every state.

use uuid::Uuid;

use crate::catalog::*;
use crate::id::CategoryId;
use crate::testing::test_context;
use crate::time::Timestamp;
use crate::value::{Currency, Money, Sku};

pub(super) fn now() -> Timestamp {
    test_context().now()
}

/// When everything that was given has happened.
pub(super) fn earlier() -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000)
}

pub(super) fn gbp(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}

pub(super) fn sku() -> Sku {
    Sku::parse("LAMP-1").unwrap()
}

pub(super) fn category_id(n: u128) -> CategoryId {
    CategoryId(Uuid::from_u128(n))
}

pub(super) fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

pub(super) fn details() -> ProductDetails {
    ProductDetails {
        name: "Desk Lamp".into(),
        description: "Lights a desk.".into(),
        brand: "Lumen".into(),
        category_id: category_id(1),
    }
}

pub(super) fn created() -> ProductEvent {
    ProductEvent::ProductCreated {
        sku: sku(),
        details: details(),
        price: gbp(4_999),
        compare_at_price: None,
        slug: slug("desk-lamp"),
        created_at: earlier(),
    }
}

pub(super) fn published() -> ProductEvent {
    ProductEvent::ProductPublished { published_at: earlier() }
}

pub(super) fn unpublished() -> ProductEvent {
    ProductEvent::ProductUnpublished { unpublished_at: earlier() }
}

pub(super) fn archived() -> ProductEvent {
    ProductEvent::ProductArchived { archived_at: earlier() }
}

/// What was changed earlier.
pub(super) fn changed(change: ProductChange) -> ProductEvent {
    ProductEvent::ProductUpdated { change, updated_at: earlier() }
}

/// What the command changes now.
pub(super) fn changes(change: ProductChange) -> [ProductEvent; 1] {
    [ProductEvent::ProductUpdated { change, updated_at: now() }]
}

pub(super) fn listing(product: &Product) -> &Listing {
    product.listing().expect("it was created")
}

/// The pointers and codes of a refused request.
pub(super) fn faults(rejection: &ProductRejection) -> Vec<(&str, &'static str)> {
    rejection.violations().iter().map(|v| (v.pointer.as_str(), v.code)).collect()
}

/// The pointers and codes of what a product in this history refuses.
#[track_caller]
pub(super) fn faults_of(
    history: impl IntoIterator<Item = ProductEvent>,
    command: ProductCommand,
) -> Vec<(String, &'static str)> {
    use crate::Aggregate;
    let product = crate::testing::given::<Product>(history).state();
    let rejection = product.decide(command, &test_context()).expect_err("it must be refused");
    assert_eq!(rejection.code(), "invalid");
    faults(&rejection).into_iter().map(|(pointer, code)| (pointer.to_owned(), code)).collect()
}
