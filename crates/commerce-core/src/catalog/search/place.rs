//! The orders in which hits are shown.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use crate::id::ProductId;

/// In what order hits are shown. Products that are equal in it follow each other by their ids, so that each order is
/// total and a page begins where the one before it ended, whatever has changed meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// The best fit first, then the newest.
    #[default]
    Relevance,
    /// The cheapest first, currency by currency.
    PriceAsc,
    /// The dearest first, currency by currency.
    PriceDesc,
    /// The newest first.
    Newest,
    /// By name.
    Name,
}

/// Where a hit stands in an order. Places of two orders can't be compared in any useful way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    group: String,
    rank: i64,
    age: Reverse<i64>,
    id: ProductId,
}

impl Place {
    pub(super) fn of(sort: Sort, id: ProductId, entry: &Entry, score: u32) -> Self {
        let newest = Reverse(entry.created_at.as_micros());
        let price = entry.price.minor();
        let currency = || entry.price.currency().code().to_owned();
        let (group, rank, age) = match sort {
            Sort::Relevance => (String::new(), -i64::from(score), newest),
            Sort::PriceAsc => (currency(), price, newest),
            Sort::PriceDesc => (currency(), price.saturating_neg(), newest),
            Sort::Newest => (String::new(), 0, newest),
            Sort::Name => (entry.name.clone(), 0, newest),
        };
        Self { group, rank, age, id }
    }

    /// Which product stands there.
    pub fn id(&self) -> ProductId {
        self.id
    }
}
