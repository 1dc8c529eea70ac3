//! From draft to archived.

use super::sample::*;
use crate::catalog::*;
use crate::testing::given;

fn image_id() -> ImageId {
    ImageId(uuid::Uuid::from_u128(7))
}

/// Every command that would change a product that exists.
pub(super) fn every_change() -> Vec<ProductCommand> {
    vec![
        ProductCommand::Update { details: ProductDetails { name: "Other".into(), ..details() } },
        ProductCommand::ChangePrice { price: gbp(1), compare_at_price: None },
        ProductCommand::Publish,
        ProductCommand::Unpublish,
        ProductCommand::AddImage(NewImage {
            id: image_id(),
            url: "https://example.com/a.jpg".into(),
            alt_text: String::new(),
            display_order: None,
            primary: false,
        }),
        ProductCommand::ChoosePrimaryImage { image_id: image_id() },
        ProductCommand::RemoveImage { image_id: image_id() },
        ProductCommand::SetAttribute { key: "k".into(), value: "v".into(), display_name: None },
        ProductCommand::RemoveAttribute { key: "k".into() },
        ProductCommand::AddTags { tags: vec!["t".into()] },
        ProductCommand::RemoveTag { tag: "t".into() },
        ProductCommand::SetFeatured { featured: true },
        ProductCommand::SetSeo { seo: SeoOverrides { title: Some("t".into()), ..SeoOverrides::default() } },
    ]
}

fn status_after(history: impl IntoIterator<Item = ProductEvent>) -> ProductStatus {
    listing(&given::<Product>(history).state()).status()
}

#[test]
fn a_draft_is_published() {
    given::<Product>([created()])
        .when(ProductCommand::Publish)
        .then([ProductEvent::ProductPublished { published_at: now() }])
        .then_state(|product| {
            assert_eq!(listing(product).status(), ProductStatus::Published);
            assert_eq!(listing(product).updated_at(), now());
        });
}

#[test]
fn a_published_product_is_unpublished() {
    given::<Product>([created(), published()])
        .when(ProductCommand::Unpublish)
        .then([ProductEvent::ProductUnpublished { unpublished_at: now() }])
        .then_state(|product| assert_eq!(listing(product).status(), ProductStatus::Unpublished));
}

#[test]
fn an_unpublished_product_is_published_again() {
    given::<Product>([created(), published(), unpublished()])
        .when(ProductCommand::Publish)
        .then([ProductEvent::ProductPublished { published_at: now() }])
        .then_state(|product| assert_eq!(listing(product).status(), ProductStatus::Published));
}

#[test]
fn a_draft_cant_be_unpublished() {
    given::<Product>([created()])
        .when(ProductCommand::Unpublish)
        .then_rejected(ProductRejection::WrongState { status: ProductStatus::Draft, command: "unpublish" });
}

#[test]
fn publishing_what_is_published_changes_nothing() {
    given::<Product>([created(), published()]).when(ProductCommand::Publish).then_nothing();
}

#[test]
fn unpublishing_what_is_unpublished_changes_nothing() {
    given::<Product>([created(), published(), unpublished()]).when(ProductCommand::Unpublish).then_nothing();
}

#[test]
fn an_unpublished_product_is_archived() {
    given::<Product>([created(), published(), unpublished()])
        .when(ProductCommand::Archive)
        .then([ProductEvent::ProductArchived { archived_at: now() }])
        .then_state(|product| assert_eq!(listing(product).status(), ProductStatus::Archived));
}

#[test]
fn a_draft_is_archived_without_ever_having_been_for_sale() {
    given::<Product>([created()])
        .when(ProductCommand::Archive)
        .then([ProductEvent::ProductArchived { archived_at: now() }]);
}

#[test]
fn a_published_product_is_unpublished_before_it_is_archived() {
    given::<Product>([created(), published()])
        .when(ProductCommand::Archive)
        .then([
            ProductEvent::ProductUnpublished { unpublished_at: now() },
            ProductEvent::ProductArchived { archived_at: now() },
        ])
        .then_state(|product| assert_eq!(listing(product).status(), ProductStatus::Archived));
}

#[test]
fn archiving_what_is_archived_changes_nothing() {
    given::<Product>([created(), archived()]).when(ProductCommand::Archive).then_nothing();
}

#[test]
fn an_archived_product_takes_no_other_command() {
    for command in every_change() {
        let name = command.name();
        given::<Product>([created(), archived()])
            .when(command)
            .then_rejected(ProductRejection::WrongState { status: ProductStatus::Archived, command: name });
    }
}

#[test]
fn each_event_of_the_lifecycle_leads_to_its_status() {
    assert_eq!(status_after([created()]).as_str(), "draft");
    assert_eq!(status_after([created(), published()]).as_str(), "published");
    assert_eq!(status_after([created(), published(), unpublished()]).as_str(), "unpublished");
    assert_eq!(status_after([created(), archived()]).as_str(), "archived");
}
