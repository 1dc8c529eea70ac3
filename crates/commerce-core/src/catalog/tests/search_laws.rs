//! The index against looking at each product in turn.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::sample::category_id;
use super::search::{for_sale, id};
use crate::Aggregate;
use crate::catalog::search::{SearchFilter, SearchIndex, SearchQuery, Sort};
use crate::catalog::*;
use crate::time::Timestamp;
use crate::value::{Currency, Money};

type Shop = BTreeMap<u128, Product>;

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "lamp", "Lamps", "desk", "DESK", "crème", "creme", "a", "ab", "abc", "é", "sku",
    ])
    .prop_map(str::to_owned)
}

fn text(most: usize) -> impl Strategy<Value = String> {
    (prop::collection::vec(word(), 0..=most), prop::sample::select(vec![" ", "-", ", "]))
        .prop_map(|(words, between)| words.join(between))
}

fn money() -> impl Strategy<Value = Money> {
    (1_i64..6, prop::sample::select(vec![Currency::GBP, Currency::JPY]))
        .prop_map(|(minor, currency)| Money::from_minor(minor * 100, currency))
}

fn product(n: u128) -> impl Strategy<Value = Product> {
    let words = (text(3), text(5), word(), prop::collection::vec(word(), 0..3));
    (words, 1_u128..4, money(), prop::bool::weighted(0.8)).prop_map(move |(words, category, price, sold)| {
        let (name, description, brand, tags) = words;
        let details = ProductDetails { name, description, brand, category_id: category_id(category) };
        let mut history = for_sale(n, details, price);
        let tags = tags.iter().filter_map(|tag| Tag::parse("/tag", tag).ok()).collect();
        let at = Timestamp::default();
        let change = ProductChange::TagsAdded { tags };
        history.push(ProductEvent::ProductUpdated { change, updated_at: at });
        if !sold {
            history.push(ProductEvent::ProductUnpublished { unpublished_at: at });
        }
        let mut product = Product::default();
        history.iter().for_each(|event| product.apply(event));
        product
    })
}

/// Products that are put into the index one after the other, some of them several times.
fn puts() -> impl Strategy<Value = Vec<(u128, Product)>> {
    prop::collection::vec((1_u128..9).prop_flat_map(|n| (Just(n), product(n))), 0..25)
}

fn query() -> impl Strategy<Value = SearchQuery> {
    let sorts = vec![Sort::Relevance, Sort::PriceAsc, Sort::PriceDesc, Sort::Newest, Sort::Name];
    let bound = || prop::option::weighted(0.3, (0_i64..700).prop_map(|n| Decimal::new(n, 0)));
    let currency = prop::option::weighted(0.3, Just(Currency::GBP));
    let category = prop::option::weighted(0.3, (1_u128..4).prop_map(category_id));
    let tag = prop::option::weighted(0.2, word().prop_map(|tag| tag.to_lowercase()));
    (text(3), prop::sample::select(sorts), bound(), bound(), currency, category, tag).prop_map(
        |(text, sort, min_price, max_price, currency, category_id, tag)| {
            let filter = SearchFilter { category_id, min_price, max_price, currency, tag };
            SearchQuery { text, filter, sort, ..SearchQuery::default() }
        },
    )
}

fn plain(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace(['è', 'é'], "e");
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn fields(listing: &Listing) -> [(u32, Vec<String>); 5] {
    let details = listing.details();
    let tags = listing.tags().iter().flat_map(|tag| plain(tag.as_str())).collect();
    [
        (16, plain(&details.name)),
        (16, plain(listing.sku().as_str())),
        (8, tags),
        (8, plain(&details.brand)),
        (1, plain(&details.description)),
    ]
}

fn weight(listing: &Listing, word: &str) -> u32 {
    fields(listing)
        .iter()
        .filter(|(_, words)| words.iter().any(|own| own == word))
        .map(|(weight, _)| weight)
        .sum()
}

/// How well a product fits; none if it doesn't.
fn score(listing: &Listing, text: &str) -> Option<u32> {
    if text.trim().is_empty() {
        return Some(0);
    }
    let mut asked = plain(text);
    let last = asked.pop()?;
    let own: BTreeSet<String> = fields(listing).into_iter().flat_map(|(_, words)| words).collect();
    let times = |word: &String| if *word == last { 2 } else { 1 };
    let begun = own.iter().filter(|word| word.starts_with(&last));
    let mut score = begun.map(|word| times(word) * weight(listing, word)).max()?;
    for word in asked {
        score += own.get(&word).map(|word| 2 * weight(listing, word))?;
    }
    Some(score)
}

fn holds(filter: &SearchFilter, listing: &Listing) -> bool {
    let price = listing.pricing().price();
    let amount: Decimal = price.amount().parse().unwrap();
    let least = filter.min_price.is_none_or(|least| amount >= least);
    let most = filter.max_price.is_none_or(|most| amount <= most);
    let category = filter.category_id.is_none_or(|id| listing.details().category_id == id);
    let tag = filter.tag.as_ref().is_none_or(|tag| listing.tags().iter().any(|own| own.as_str() == tag));
    least && most && category && tag && filter.currency.is_none_or(|currency| price.currency() == currency)
}

/// All hits in order, by looking at each product.
fn scan(shop: &Shop, query: &SearchQuery) -> Vec<u128> {
    let mut hits: Vec<(u128, &Listing, u32)> = shop
        .iter()
        .filter_map(|(n, product)| Some((*n, product.listing()?)))
        .filter(|(_, listing)| listing.status() == ProductStatus::Published && holds(&query.filter, listing))
        .filter_map(|(n, listing)| Some((n, listing, score(listing, &query.text)?)))
        .collect();
    let price = |listing: &Listing| listing.pricing().price();
    // The later a product was made the greater is its number.
    hits.sort_by(|(n, one, fit), (m, other, other_fit)| {
        let by_currency = price(one).currency().code().cmp(price(other).currency().code());
        let by_price = price(one).minor().cmp(&price(other).minor());
        let order = match query.sort {
            Sort::Relevance => other_fit.cmp(fit),
            Sort::PriceAsc => by_currency.then(by_price),
            Sort::PriceDesc => by_currency.then(by_price.reverse()),
            Sort::Newest => std::cmp::Ordering::Equal,
            Sort::Name => plain(&one.details().name).join(" ").cmp(&plain(&other.details().name).join(" ")),
        };
        order.then(m.cmp(n))
    });
    hits.into_iter().map(|(n, _, _)| n).collect()
}

fn indexed(puts: &[(u128, Product)]) -> (SearchIndex, Shop) {
    let (mut index, mut shop) = (SearchIndex::default(), Shop::new());
    for (n, product) in puts {
        index.put(id(*n), product);
        shop.insert(*n, product.clone());
    }
    (index, shop)
}

proptest! {
    #[test]
    fn the_index_finds_what_a_scan_finds_in_the_same_order(puts in puts(), query in query()) {
        let (index, shop) = indexed(&puts);
        let page = index.search(&query);
        let found: Vec<u128> = page.hits.iter().map(|hit| hit.id.0.as_u128()).collect();
        let expected = scan(&shop, &query);
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(page.total, expected.len());
        let listings: Vec<&Listing> = expected.iter().filter_map(|n| shop[n].listing()).collect();
        for (category, count) in &page.facets.categories {
            let there = listings.iter().filter(|listing| listing.details().category_id == *category).count();
            prop_assert_eq!(*count, there);
        }
        for (brand, count) in &page.facets.brands {
            let there = listings.iter().filter(|listing| listing.details().brand == *brand).count();
            prop_assert_eq!(*count, there);
        }
        prop_assert_eq!(page.facets.categories.iter().map(|(_, count)| count).sum::<usize>(), page.total);
        prop_assert_eq!(page.facets.brands.iter().map(|(_, count)| count).sum::<usize>(), page.total);
    }

    #[test]
    fn pages_put_together_are_all_hits(puts in puts(), query in query(), limit in 1_usize..4) {
        let (index, _) = indexed(&puts);
        let whole = index.search(&query);
        let mut hits = Vec::new();
        let mut turn = SearchQuery { limit, ..query };
        loop {
            let page = index.search(&turn);
            prop_assert_eq!(page.total, whole.total);
            prop_assert_eq!(&page.facets, &whole.facets);
            let Some(last) = page.hits.last() else { break };
            prop_assert!(page.hits.len() <= limit);
            turn.after = Some(last.place.clone());
            hits.extend(page.hits);
        }
        prop_assert_eq!(hits, whole.hits);
    }

    #[test]
    fn any_text_is_searched(text in "\\PC{0,40}") {
        let (index, _) = indexed(&[]);
        prop_assert_eq!(index.search(&SearchQuery { text, ..SearchQuery::default() }).total, 0);
    }
}
