//! Finding what is for sale by its words: an index in memory, which the application fills from the catalog's events.
//!
//! A product is found by a text when each word of the text is one of the product's own; of the last word, which may still
//! be being typed, the beginning is enough. Case and accents make no difference. Words are taken from the name, the SKU,
//! the tags, the brand and the description.
//!
//! How well a product fits: each word of the text counts as much as the fields weigh in which the product has it (name and
//! SKU 16 each, tags and brand 8 each, description 1), twice that if the product has the whole word, not only its
//! beginning; of several words with this beginning the best one counts. Among equals the newest comes first.
//!
//! ```
//! use commerce_core::catalog::search::{SearchIndex, SearchQuery};
//!
//! let index = SearchIndex::default();
//! let page = index.search(&SearchQuery { text: "crème bru".into(), ..SearchQuery::default() });
//! assert_eq!((page.total, page.hits.len()), (0, 0));
//! ```

mod entry;
mod facets;
mod index;
mod place;
mod query;
mod words;

pub use facets::{Facets, MAX_FACETS};
pub use index::{Hit, SearchIndex, SearchPage};
pub use place::{Place, Sort};
pub use query::{SearchFilter, SearchQuery};
