//! What is asked of an index.

use rust_decimal::Decimal;

use super::entry::Entry;
use super::place::{Place, Sort};
use crate::id::CategoryId;
use crate::value::{Currency, Money};

/// What is asked of an index. The default asks for everything.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchQuery {
    /// The words that are looked for. A text without any finds everything.
    pub text: String,
    /// What else must hold.
    pub filter: SearchFilter,
    /// In what order.
    pub sort: Sort,
    /// Only what comes after this place of the same order.
    pub after: Option<Place>,
    /// So many hits at most.
    pub limit: usize,
}

impl Default for SearchQuery {
    fn default() -> Self {
        let filter = SearchFilter::default();
        Self { text: String::new(), filter, sort: Sort::default(), after: None, limit: usize::MAX }
    }
}

/// What must hold of a product for it to be found, all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchFilter {
    /// It is in this category itself.
    pub category_id: Option<CategoryId>,
    /// It costs so much at least, in whatever currency it is sold.
    pub min_price: Option<Decimal>,
    /// It costs so much at most, in whatever currency it is sold.
    pub max_price: Option<Decimal>,
    /// It is sold in this currency.
    pub currency: Option<Currency>,
    /// It has this tag: in lower case, as tags are written.
    pub tag: Option<String>,
}

impl SearchFilter {
    pub(super) fn holds(&self, entry: &Entry) -> bool {
        let price = major(entry.price);
        self.category_id.is_none_or(|category| category == entry.category_id)
            && self.currency.is_none_or(|currency| currency == entry.price.currency())
            && self.min_price.is_none_or(|least| price >= least)
            && self.max_price.is_none_or(|most| price <= most)
            && self.tag.as_ref().is_none_or(|tag| entry.tags.iter().any(|own| own.as_str() == tag))
    }
}

/// 1234 minor units of GBP are 12.34.
fn major(price: Money) -> Decimal {
    Decimal::new(price.minor(), price.currency().exponent())
}
