//! Creating and describing products.

use super::sample::*;
use crate::catalog::*;
use crate::error::Kind;
use crate::testing::given;

fn create(details: ProductDetails) -> ProductCommand {
    ProductCommand::Create { sku: sku(), details, price: gbp(4_999), compare_at_price: None }
}

fn update(details: ProductDetails) -> ProductCommand {
    ProductCommand::Update { details }
}

#[test]
fn a_product_is_created_with_the_slug_of_its_name() {
    given::<Product>([]).when(create(details())).then([ProductEvent::ProductCreated {
        sku: sku(),
        details: details(),
        price: gbp(4_999),
        compare_at_price: None,
        slug: slug("desk-lamp"),
        created_at: now(),
    }]);
}

#[test]
fn a_product_begins_as_a_draft_without_anything_else() {
    given::<Product>([]).when(create(details())).then_state(|product| {
        let listing = listing(product);
        assert_eq!(listing.status(), ProductStatus::Draft);
        assert_eq!(listing.sku(), &sku());
        assert_eq!(listing.details(), &details());
        assert_eq!(listing.pricing().price(), gbp(4_999));
        assert_eq!((listing.created_at(), listing.updated_at()), (now(), now()));
        assert!(!listing.is_featured());
        assert!(listing.gallery().images().is_empty() && listing.gallery().primary().is_none());
        assert!(listing.attributes().is_empty() && listing.tags().is_empty());
    });
}

#[test]
fn before_its_creation_nothing_is_known_of_a_product() {
    assert_eq!(Product::default().listing(), None);
}

#[test]
fn a_product_is_created_once() {
    given::<Product>([created()]).when(create(details())).then_rejected(ProductRejection::AlreadyExists);
    given::<Product>([created(), archived()])
        .when(create(details()))
        .then_rejected(ProductRejection::AlreadyExists);
}

#[test]
fn a_product_that_was_never_created_takes_no_command() {
    for command in super::lifecycle::every_change().into_iter().chain([ProductCommand::Archive]) {
        given::<Product>([]).when(command).then_rejected(ProductRejection::NotFound);
    }
}

#[test]
fn the_details_of_a_product_are_trimmed() {
    let padded = ProductDetails { name: "  Desk Lamp\n".into(), brand: " Lumen ".into(), ..details() };
    given::<Product>([]).when(create(padded)).then_state(|product| {
        assert_eq!(listing(product).details(), &details());
    });
}

#[test]
fn every_fault_of_a_new_product_is_told() {
    let wrong =
        ProductDetails { name: " ".into(), description: String::new(), brand: "b".repeat(101), ..details() };
    let command =
        ProductCommand::Create { sku: sku(), details: wrong, price: gbp(0), compare_at_price: Some(gbp(-1)) };
    assert_eq!(
        faults_of([], command),
        [
            ("/name".to_owned(), "required"),
            ("/description".to_owned(), "required"),
            ("/brand".to_owned(), "too_long"),
            ("/price".to_owned(), "must_be_positive"),
            ("/compare_at_price".to_owned(), "must_exceed_price"),
        ]
    );
}

#[test]
fn the_details_of_a_product_have_limits() {
    let longest = ProductDetails {
        name: "ä".repeat(200),
        description: "ä".repeat(5_000),
        brand: "ä".repeat(100),
        category_id: category_id(1),
    };
    assert_eq!(longest.clone().checked(), Ok(longest.clone()));
    for (too_long, pointer) in [
        (ProductDetails { name: "ä".repeat(201), ..details() }, "/name"),
        (ProductDetails { description: "ä".repeat(5_001), ..details() }, "/description"),
        (ProductDetails { brand: "ä".repeat(101), ..details() }, "/brand"),
    ] {
        assert_eq!(faults_of([created()], update(too_long)), [(pointer.to_owned(), "too_long")]);
    }
}

#[test]
fn a_product_is_described_anew() {
    let new = ProductDetails { name: "Floor Lamp".into(), category_id: category_id(2), ..details() };
    given::<Product>([created()])
        .when(update(new.clone()))
        .then(changes(ProductChange::Details { details: new.clone(), slug: slug("floor-lamp") }))
        .then_state(|product| {
            assert_eq!(listing(product).details(), &new);
            assert_eq!((listing(product).created_at(), listing(product).updated_at()), (earlier(), now()));
        });
}

#[test]
fn describing_a_product_as_it_is_changes_nothing() {
    let padded = ProductDetails { name: " Desk Lamp ".into(), ..details() };
    given::<Product>([created()]).when(update(padded)).then_nothing();
}

#[test]
fn a_product_is_featured_and_then_no_more() {
    let feature = |featured| ProductCommand::SetFeatured { featured };
    let featured = ProductChange::Featured { featured: true };
    given::<Product>([created()])
        .when(feature(true))
        .then(changes(featured.clone()))
        .then_state(|product| assert!(listing(product).is_featured()));
    given::<Product>([created(), changed(featured)])
        .when(feature(false))
        .then(changes(ProductChange::Featured { featured: false }))
        .then_state(|product| assert!(!listing(product).is_featured()));
}

#[test]
fn featuring_a_featured_product_changes_nothing() {
    given::<Product>([created(), changed(ProductChange::Featured { featured: true })])
        .when(ProductCommand::SetFeatured { featured: true })
        .then_nothing();
    given::<Product>([created()]).when(ProductCommand::SetFeatured { featured: false }).then_nothing();
}

#[test]
fn each_rejection_has_its_code_and_kind() {
    let image_id = ImageId(uuid::Uuid::nil());
    let tag = Tag::parse("/tag", "x").unwrap();
    for (rejection, code, kind) in [
        (ProductRejection::NotFound, "product_not_found", Kind::NotFound),
        (ProductRejection::AlreadyExists, "already_exists", Kind::Conflict),
        (ProductRejection::Invalid(Vec::new()), "invalid", Kind::Invalid),
        (
            ProductRejection::WrongState { status: ProductStatus::Draft, command: "unpublish" },
            "wrong_state",
            Kind::Conflict,
        ),
        (ProductRejection::ImageNotFound { image_id }, "image_not_found", Kind::NotFound),
        (ProductRejection::ImageExists { image_id }, "image_exists", Kind::Conflict),
        (ProductRejection::AttributeNotFound { key: "k".into() }, "attribute_not_found", Kind::NotFound),
        (ProductRejection::TagNotFound { tag }, "tag_not_found", Kind::NotFound),
        (ProductRejection::TooManyImages { max: 1 }, "too_many_images", Kind::Conflict),
        (ProductRejection::TooManyAttributes { max: 1 }, "too_many_attributes", Kind::Conflict),
        (ProductRejection::TooManyTags { max: 1 }, "too_many_tags", Kind::Conflict),
    ] {
        assert_eq!((rejection.code(), rejection.kind()), (code, kind));
    }
}

#[test]
fn a_rejection_tells_the_first_three_of_many_faults() {
    let command = ProductCommand::AddTags { tags: vec![String::new(); 10] };
    let product = given::<Product>([created()]).state();
    let rejection = crate::Aggregate::decide(&product, command, &crate::testing::test_context()).unwrap_err();
    assert_eq!(rejection.violations().len(), 10);
    assert!(rejection.to_string().ends_with("and 7 more"), "{rejection}");
}
