//! The index.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use super::entry::Entry;
use super::facets::Facets;
use super::place::Place;
use super::query::SearchQuery;
use super::words::words;
use crate::catalog::{Product, ProductStatus};
use crate::id::ProductId;

/// Finds published products by their words. Nothing else is ever found in it.
#[derive(Clone, Debug, Default)]
pub struct SearchIndex {
    entries: HashMap<ProductId, Entry>,
    /// The products in which a word is, and its weight there.
    postings: BTreeMap<String, HashMap<ProductId, u32>>,
}

/// A product that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which.
    pub id: ProductId,
    /// Where it stands in the order that was asked for. What comes after it is on the next page.
    pub place: Place,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPage {
    /// As many as were asked for, in order.
    pub hits: Vec<Hit>,
    /// How many there are on all pages.
    pub total: usize,
    /// How those on all pages spread.
    pub facets: Facets,
}

impl SearchIndex {
    /// Takes in a product as it is now, in place of what it was.
    pub fn put(&mut self, id: ProductId, product: &Product) {
        self.remove(id);
        let for_sale = product.listing().filter(|listing| listing.status() == ProductStatus::Published);
        let Some(entry) = for_sale.map(Entry::of) else { return };
        for (word, weight) in &entry.words {
            self.postings.entry(word.clone()).or_default().insert(id, *weight);
        }
        self.entries.insert(id, entry);
    }

    /// How many products can be found.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What fits the question.
    pub fn search(&self, query: &SearchQuery) -> SearchPage {
        let found = self.matching(query);
        let facets = Facets::of(found.iter().map(|(_, entry, _)| *entry));
        let places = found.iter().map(|(id, entry, score)| Place::of(query.sort, *id, entry, *score));
        let after = query.after.as_ref();
        let mut places: Vec<Place> = places.filter(|place| after.is_none_or(|after| place > after)).collect();
        if (1..places.len()).contains(&query.limit) {
            places.select_nth_unstable(query.limit - 1);
        }
        places.truncate(query.limit);
        places.sort_unstable();
        let hits = places.into_iter().map(|place| Hit { id: place.id(), place }).collect();
        SearchPage { hits, total: found.len(), facets }
    }

    fn remove(&mut self, id: ProductId) {
        let Some(entry) = self.entries.remove(&id) else { return };
        for word in entry.words.keys() {
            if let Some(products) = self.postings.get_mut(word) {
                products.remove(&id);
                if products.is_empty() {
                    self.postings.remove(word);
                }
            }
        }
    }

    fn matching(&self, query: &SearchQuery) -> Vec<(ProductId, &Entry, u32)> {
        let holds = |entry: &&Entry| query.filter.holds(entry);
        match self.scores(&query.text) {
            Some(scores) => scores
                .into_iter()
                .filter_map(|(id, score)| Some((id, self.entries.get(&id).filter(holds)?, score)))
                .collect(),
            None => {
                let all = self.entries.iter().map(|(id, entry)| (*id, entry, 0));
                all.filter(|(_, entry, _)| holds(entry)).collect()
            }
        }
    }

    /// The products that have every word of the text, and how well each fits. None where nothing is asked for; a text without
    /// words fits nothing.
    fn scores(&self, text: &str) -> Option<HashMap<ProductId, u32>> {
        if text.trim().is_empty() {
            return None;
        }
        let mut words: Vec<String> = words(text).collect();
        let Some(last) = words.pop() else { return Some(HashMap::new()) };
        let mut scores = self.beginning_with(&last);
        for word in words {
            let Some(products) = self.postings.get(&word) else { return Some(HashMap::new()) };
            scores.retain(|id, score| match products.get(id) {
                Some(weight) => {
                    *score = score.saturating_add(2 * weight);
                    true
                }
                None => false,
            });
        }
        Some(scores)
    }

    fn beginning_with(&self, prefix: &str) -> HashMap<ProductId, u32> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let mut scores: HashMap<ProductId, u32> = HashMap::new();
        for (word, products) in self.postings.range::<str, _>(from) {
            if !word.starts_with(prefix) {
                break;
            }
            let times = if word == prefix { 2 } else { 1 };
            for (id, weight) in products {
                let score = scores.entry(*id).or_default();
                *score = (*score).max(times * weight);
            }
        }
        scores
    }
}
