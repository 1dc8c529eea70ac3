//! What an index knows of a product.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{folded, words};
use crate::catalog::{Listing, Tag};
use crate::id::CategoryId;
use crate::time::Timestamp;
use crate::value::Money;

const NAME: u32 = 16;
const SKU: u32 = 16;
const TAGS: u32 = 8;
const BRAND: u32 = 8;
const DESCRIPTION: u32 = 1;

/// A product as it is found.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) category_id: CategoryId,
    pub(super) brand: String,
    pub(super) price: Money,
    pub(super) tags: BTreeSet<Tag>,
    /// Its name, as names are put in order.
    pub(super) name: String,
    pub(super) created_at: Timestamp,
    /// Its words, and the weight of the fields in which they are.
    pub(super) words: BTreeMap<String, u32>,
}

impl Entry {
    pub(super) fn of(listing: &Listing) -> Self {
        let details = listing.details();
        Self {
            category_id: details.category_id,
            brand: details.brand.clone(),
            price: listing.pricing().price(),
            tags: listing.tags().clone(),
            name: folded(&details.name),
            created_at: listing.created_at(),
            words: weighed(listing),
        }
    }
}

fn weighed(listing: &Listing) -> BTreeMap<String, u32> {
    let details = listing.details();
    let mut weighed = BTreeMap::new();
    let mut add = |weight: u32, found: BTreeSet<String>| {
        for word in found {
            *weighed.entry(word).or_insert(0) += weight;
        }
    };
    add(NAME, words(&details.name).collect());
    add(SKU, words(listing.sku().as_str()).collect());
    add(TAGS, listing.tags().iter().flat_map(|tag| words(tag.as_str())).collect());
    add(BRAND, words(&details.brand).collect());
    add(DESCRIPTION, words(&details.description).collect());
    weighed
}
