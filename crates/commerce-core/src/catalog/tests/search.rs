use rust_decimal::Decimal;

use super::sample::{archived, category_id, changed, details, unpublished};
use crate::catalog::search::{SearchFilter, SearchIndex, SearchQuery, Sort};
use crate::catalog::{Product, ProductChange, ProductDetails, ProductEvent, Slug, Tag};
use crate::id::ProductId;
use crate::testing::given;
use crate::time::Timestamp;
use crate::value::{Currency, Money, Sku};

pub(super) fn id(n: u128) -> ProductId {
    ProductId(uuid::Uuid::from_u128(n))
}

/// The history of a product that is for sale: the `n`th that was made.
pub(super) fn for_sale(n: u128, details: ProductDetails, price: Money) -> Vec<ProductEvent> {
    let created_at = Timestamp::from_micros(1_000_000 * i64::try_from(n).unwrap());
    let created = ProductEvent::ProductCreated {
        sku: Sku::parse(&format!("SKU-{n}")).unwrap(),
        slug: Slug::of_first(&[&details.name]),
        details,
        price,
        compare_at_price: None,
        created_at,
    };
    vec![created, ProductEvent::ProductPublished { published_at: created_at }]
}

fn named(name: &str, brand: &str, description: &str) -> ProductDetails {
    ProductDetails {
        name: name.into(),
        brand: brand.into(),
        description: description.into(),
        category_id: category_id(1),
    }
}

fn gbp(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}

fn shop() -> SearchIndex {
    let tagged = changed(ProductChange::TagsAdded { tags: vec![Tag::parse("/tag", "Dessert").unwrap()] });
    let mut creme = for_sale(1, named("Crème Brûlée Set", "Chéz", "For a sweet evening."), gbp(2_000));
    creme.push(tagged);
    let lamp = for_sale(2, named("Desk Lamp", "Lumen", "Lights a desk, not a set."), gbp(4_999));
    let other = ProductDetails { category_id: category_id(2), ..named("Lampshade", "Lumen", "Green.") };
    let shade = for_sale(3, other, Money::from_minor(1_500, Currency::EUR));
    let mut index = SearchIndex::default();
    for (n, history) in [(1, creme), (2, lamp), (3, shade)] {
        index.put(id(n), &given::<Product>(history).state());
    }
    index
}

fn found(query: &SearchQuery) -> Vec<u128> {
    shop().search(query).hits.iter().map(|hit| hit.id.0.as_u128()).collect()
}

fn by_text(text: &str) -> Vec<u128> {
    found(&SearchQuery { text: text.into(), ..SearchQuery::default() })
}

fn by(filter: SearchFilter) -> Vec<u128> {
    found(&SearchQuery { filter, ..SearchQuery::default() })
}

#[test]
fn every_word_must_be_there_and_the_last_may_be_a_beginning() {
    for (text, expected) in [
        ("CREME brulee", vec![1]),
        ("crème br", vec![1]),
        ("br crème", vec![]),
        ("dessert", vec![1]),
        ("chez", vec![1]),
        ("sku-2", vec![2]),
        ("evening lamp", vec![]),
        ("nothing", vec![]),
        ("", vec![3, 2, 1]),
        (" ", vec![3, 2, 1]),
        ("!?", vec![]),
    ] {
        assert_eq!(by_text(text), expected, "{text:?}");
    }
}

#[test]
fn a_whole_word_in_a_name_fits_better_than_a_beginning_and_than_a_description() {
    assert_eq!(by_text("lamp"), [2, 3]);
    assert_eq!(by_text("set"), [1, 2]);
}

#[test]
fn filters_hold_together() {
    let usual = SearchFilter::default;
    assert_eq!(by(SearchFilter { category_id: Some(category_id(2)), ..usual() }), [3]);
    assert_eq!(by(SearchFilter { currency: Some(Currency::GBP), ..usual() }), [2, 1]);
    assert_eq!(by(SearchFilter { tag: Some("dessert".into()), ..usual() }), [1]);
    assert_eq!(by(SearchFilter { min_price: Some(Decimal::new(20, 0)), ..usual() }), [2, 1]);
    assert_eq!(by(SearchFilter { max_price: Some(Decimal::new(1_999, 2)), ..usual() }), [3]);
    let both =
        SearchFilter { currency: Some(Currency::GBP), max_price: Some(Decimal::new(20, 0)), ..usual() };
    assert_eq!(by(both), [1]);
}

#[test]
fn each_order_is_its_own() {
    for (sort, expected) in [
        (Sort::Relevance, [3, 2, 1]),
        (Sort::Newest, [3, 2, 1]),
        (Sort::PriceAsc, [3, 1, 2]),
        (Sort::PriceDesc, [3, 2, 1]),
        (Sort::Name, [1, 2, 3]),
    ] {
        assert_eq!(found(&SearchQuery { sort, ..SearchQuery::default() }), expected, "{sort:?}");
    }
}

#[test]
fn facets_count_the_hits_of_all_pages() {
    let page = shop().search(&SearchQuery { limit: 1, ..SearchQuery::default() });
    assert_eq!((page.hits.len(), page.total), (1, 3));
    assert_eq!(page.facets.categories, [(category_id(1), 2), (category_id(2), 1)]);
    assert_eq!(page.facets.brands, [("Lumen".to_owned(), 2), ("Chéz".to_owned(), 1)]);
}

#[test]
fn what_is_not_for_sale_is_never_found() {
    let mut index = SearchIndex::default();
    let history = for_sale(1, details(), gbp(1));
    index.put(id(1), &given::<Product>(history[..1].to_vec()).state());
    assert!(index.is_empty(), "a draft");
    index.put(id(1), &given::<Product>(history.clone()).state());
    assert_eq!(index.len(), 1);
    for end in [unpublished(), archived()] {
        let mut ended = history.clone();
        ended.push(end);
        let mut index = index.clone();
        index.put(id(1), &given::<Product>(ended).state());
        assert_eq!(index.search(&SearchQuery { text: "lamp".into(), ..SearchQuery::default() }).total, 0);
    }
    index.put(id(1), &Product::default());
    assert!(index.is_empty(), "one that was never made");
}
