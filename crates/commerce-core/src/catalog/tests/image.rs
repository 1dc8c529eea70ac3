//! The images of products.

use proptest::prelude::*;
use uuid::Uuid;

use super::sample::*;
use crate::Aggregate;
use crate::catalog::*;
use crate::testing::{given, test_context};

fn id(n: u8) -> ImageId {
    ImageId(Uuid::from_u128(u128::from(n)))
}

fn image(n: u8) -> NewImage {
    NewImage {
        id: id(n),
        url: format!("https://example.com/{n}.jpg"),
        alt_text: format!("view {n}"),
        display_order: None,
        primary: false,
    }
}

fn ordered(n: u8, display_order: u32) -> NewImage {
    NewImage { display_order: Some(display_order), ..image(n) }
}

/// A product that took these commands.
fn after(commands: impl IntoIterator<Item = ProductCommand>) -> Product {
    let mut product = given::<Product>([created()]).state();
    for command in commands {
        let events = product.decide(command, &test_context()).expect("the command is right");
        events.iter().for_each(|event| product.apply(event));
    }
    product
}

fn with_images(images: impl IntoIterator<Item = NewImage>) -> Product {
    after(images.into_iter().map(ProductCommand::AddImage))
}

fn primary(product: &Product) -> Option<ImageId> {
    listing(product).gallery().primary().map(Image::id)
}

fn shown(product: &Product) -> Vec<ImageId> {
    listing(product).gallery().images().iter().map(Image::id).collect()
}

#[track_caller]
fn refused(product: &Product, command: ProductCommand, expected: ProductRejection) {
    assert_eq!(product.decide(command, &test_context()), Err(expected));
}

#[test]
fn the_first_image_is_primary() {
    let product = with_images([image(1)]);
    assert_eq!(primary(&product), Some(id(1)));
    let gallery = listing(&product).gallery();
    let first = gallery.get(id(1)).unwrap();
    assert_eq!((first.url(), first.alt_text()), ("https://example.com/1.jpg", "view 1"));
}

#[test]
fn a_further_image_leaves_the_primary_one_alone() {
    let product = with_images([image(1), image(2), ordered(3, 0)]);
    assert_eq!(primary(&product), Some(id(1)));
}

#[test]
fn an_image_can_be_added_as_the_primary_one() {
    let product = with_images([image(1), NewImage { primary: true, ..image(2) }]);
    assert_eq!(primary(&product), Some(id(2)));
}

#[test]
fn choosing_another_image_moves_the_primary() {
    let choose = ProductCommand::ChoosePrimaryImage { image_id: id(2) };
    let events = with_images([image(1), image(2)]).decide(choose.clone(), &test_context()).unwrap();
    assert_eq!(events, changes(ProductChange::PrimaryImageChosen { image_id: id(2) }));
    let product = after([image(1), image(2)].map(ProductCommand::AddImage).into_iter().chain([choose]));
    assert_eq!(primary(&product), Some(id(2)));
    assert_eq!(shown(&product), [id(1), id(2)]);
}

#[test]
fn choosing_the_primary_image_again_changes_nothing() {
    let product = with_images([image(1), image(2)]);
    let choose = ProductCommand::ChoosePrimaryImage { image_id: id(1) };
    assert_eq!(product.decide(choose, &test_context()), Ok(Vec::new()));
}

#[test]
fn an_image_that_isnt_there_cant_be_chosen_or_removed() {
    let product = with_images([image(1)]);
    let not_found = ProductRejection::ImageNotFound { image_id: id(9) };
    refused(&product, ProductCommand::ChoosePrimaryImage { image_id: id(9) }, not_found.clone());
    refused(&product, ProductCommand::RemoveImage { image_id: id(9) }, not_found);
}

#[test]
fn removing_the_primary_image_promotes_the_one_shown_first() {
    let product = after([
        ProductCommand::AddImage(ordered(1, 1)),
        ProductCommand::AddImage(ordered(2, 9)),
        ProductCommand::AddImage(ordered(3, 5)),
        ProductCommand::RemoveImage { image_id: id(1) },
    ]);
    assert_eq!(primary(&product), Some(id(3)));
    assert_eq!(shown(&product), [id(3), id(2)]);
}

#[test]
fn the_event_of_a_removal_names_the_primary_image_from_then_on() {
    let product = with_images([image(1), image(2)]);
    let events = product.decide(ProductCommand::RemoveImage { image_id: id(1) }, &test_context());
    let removed = ProductChange::ImageRemoved { image_id: id(1), primary: Some(id(2)) };
    assert_eq!(events, Ok(changes(removed).to_vec()));
}

#[test]
fn removing_another_image_leaves_the_primary_one_alone() {
    let product = after([
        ProductCommand::AddImage(image(1)),
        ProductCommand::AddImage(ordered(2, 0)),
        ProductCommand::AddImage(image(3)),
        ProductCommand::RemoveImage { image_id: id(2) },
    ]);
    assert_eq!(primary(&product), Some(id(1)));
}

#[test]
fn without_images_none_is_primary_and_the_next_one_is_again() {
    let remove = ProductCommand::RemoveImage { image_id: id(1) };
    let emptied = after([ProductCommand::AddImage(image(1)), remove.clone()]);
    assert_eq!((primary(&emptied), shown(&emptied)), (None, vec![]));
    let refilled = after([ProductCommand::AddImage(image(1)), remove, ProductCommand::AddImage(image(2))]);
    assert_eq!(primary(&refilled), Some(id(2)));
}

#[test]
fn images_are_shown_by_display_order_the_earlier_added_of_equals_first() {
    let product = with_images([ordered(1, 5), ordered(2, 1), ordered(3, 5), ordered(4, 0)]);
    assert_eq!(shown(&product), [id(4), id(2), id(1), id(3)]);
}

#[test]
fn an_image_without_a_display_order_is_shown_last() {
    let product = with_images([ordered(1, 5), image(2)]);
    assert_eq!(shown(&product), [id(1), id(2)]);
    assert_eq!(listing(&product).gallery().get(id(2)).unwrap().display_order(), 6);
    let at_the_end = with_images([ordered(1, u32::MAX), image(2)]);
    assert_eq!(shown(&at_the_end), [id(1), id(2)]);
}

#[test]
fn adding_the_same_image_again_changes_nothing() {
    let product = with_images([image(1), image(2)]);
    assert_eq!(product.decide(ProductCommand::AddImage(image(1)), &test_context()), Ok(Vec::new()));
}

#[test]
fn two_images_cant_have_one_id() {
    let other = NewImage { url: "https://example.com/other.jpg".into(), ..image(1) };
    let exists = ProductRejection::ImageExists { image_id: id(1) };
    refused(&with_images([image(1)]), ProductCommand::AddImage(other), exists);
}

#[test]
fn a_product_has_a_limited_number_of_images() {
    let full = with_images((0..100).map(image));
    let too_many = ProductRejection::TooManyImages { max: MAX_IMAGES };
    refused(&full, ProductCommand::AddImage(image(100)), too_many);
}

#[test]
fn an_image_is_on_the_web() {
    for url in ["https://example.com/a.jpg?w=1#x", "http://localhost/a", "HTTPS://例え.jp/a.png"] {
        let image = NewImage { url: url.into(), ..image(1) };
        assert_eq!(shown(&with_images([image])), [id(1)], "{url}");
    }
}

#[test]
fn an_address_that_a_page_must_not_show_is_refused() {
    for url in [
        "javascript:alert(1)",
        "data:image/png;base64,AA",
        "ftp://example.com/a",
        "//example.com/a",
        "/a.jpg",
        "https://",
        "https:///a",
        "https://?a",
        "https://example.com/a b",
        "https://example.com/\"><script>",
        "example.com/a.jpg",
        "javascript://example.com/%0aalert(1)",
    ] {
        let command = ProductCommand::AddImage(NewImage { url: url.into(), ..image(1) });
        assert_eq!(faults_of([created()], command), [("/url".to_owned(), "invalid_url")], "{url}");
    }
}

#[test]
fn every_fault_of_an_image_is_told() {
    let wrong = NewImage { url: " ".into(), alt_text: "x".repeat(251), ..image(1) };
    assert_eq!(
        faults_of([created()], ProductCommand::AddImage(wrong)),
        [("/url".to_owned(), "required"), ("/alt_text".to_owned(), "too_long")]
    );
}

fn any_image_command() -> impl Strategy<Value = ProductCommand> {
    let add = (0..8_u8, prop::option::of(0..4_u32), any::<bool>()).prop_map(|(n, display_order, primary)| {
        ProductCommand::AddImage(NewImage { display_order, primary, ..image(n) })
    });
    prop_oneof![
        add,
        (0..8_u8).prop_map(|n| ProductCommand::ChoosePrimaryImage { image_id: id(n) }),
        (0..8_u8).prop_map(|n| ProductCommand::RemoveImage { image_id: id(n) }),
    ]
}

proptest! {
    #[test]
    fn exactly_one_image_is_primary_when_there_are_any(commands in prop::collection::vec(any_image_command(), 0..40)) {
        let mut product = given::<Product>([created()]).state();
        for command in commands {
            for event in product.decide(command, &test_context()).unwrap_or_default() {
                product.apply(&event);
            }
            let gallery = listing(&product).gallery();
            prop_assert_eq!(gallery.primary().is_some(), !gallery.images().is_empty());
            prop_assert!(gallery.images().is_sorted_by_key(Image::display_order));
        }
    }
}
