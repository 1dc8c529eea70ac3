use super::sample::{archived, created, now, published, unpublished};
use crate::catalog::{Product, ProductEvent, viewed, views_of};
use crate::id::{CustomerId, ProductId};
use crate::testing::{given, test_context};

fn seen(history: Vec<ProductEvent>) -> Option<ProductEvent> {
    viewed(&given::<Product>(history).state(), None, &test_context())
}

#[test]
fn a_look_at_a_published_product_is_noted_with_its_viewer() {
    let viewer = Some(CustomerId(uuid::Uuid::from_u128(3)));
    let product = given::<Product>([created(), published()]).state();
    let expected = ProductEvent::ProductViewed { viewer, viewed_at: now() };
    assert_eq!(viewed(&product, viewer, &test_context()), Some(expected));
}

#[test]
fn a_product_that_isnt_for_sale_isnt_looked_at() {
    for history in
        [vec![], vec![created()], vec![created(), published(), unpublished()], vec![created(), archived()]]
    {
        assert_eq!(seen(history), None);
    }
}

#[test]
fn looks_that_older_logs_have_in_the_products_stream_change_nothing() {
    let look = ProductEvent::ProductViewed { viewer: None, viewed_at: now() };
    let before = given::<Product>([created(), published()]).state();
    assert_eq!(given::<Product>([created(), published(), look]).state(), before);
}

#[test]
fn looks_are_in_a_stream_of_their_own() {
    let id = ProductId(uuid::Uuid::from_u128(7));
    assert_eq!(views_of(id).as_str(), format!("product-view/{id}"));
}
