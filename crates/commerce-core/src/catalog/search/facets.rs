//! How hits spread over categories and brands.

use std::collections::HashMap;
use std::hash::Hash;

use super::entry::Entry;
use crate::id::CategoryId;

/// So many categories and brands are told at most, those with the most hits.
pub const MAX_FACETS: usize = 1_000;

/// How many hits there are in each category and of each brand, the most first; equals in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// By category.
    pub categories: Vec<(CategoryId, usize)>,
    /// By brand, as it is written.
    pub brands: Vec<(String, usize)>,
}

impl Facets {
    pub(super) fn of<'a>(entries: impl Iterator<Item = &'a Entry> + Clone) -> Self {
        Self {
            categories: counted(entries.clone().map(|entry| entry.category_id)),
            brands: counted(entries.map(|entry| entry.brand.as_str()))
                .into_iter()
                .map(|(brand, count)| (brand.to_owned(), count))
                .collect(),
        }
    }
}

fn counted<K: Ord + Hash + Copy>(keys: impl Iterator<Item = K>) -> Vec<(K, usize)> {
    let mut counts: HashMap<K, usize> = HashMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable_by(|(one, few), (other, many)| many.cmp(few).then(one.cmp(other)));
    counts.truncate(MAX_FACETS);
    counts
}
