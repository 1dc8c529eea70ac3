use commerce_core::store::{Document, Query, Store, StoreError};

use crate::held::filed_key;

/// So many messages are read at a time, as long as no key has more: enough to make the round trip cheap, few enough to hold in
/// memory.
const PAGE: usize = 256;

/// Reads held messages of all tenants in the order of their keys, some keys at a time and each as a whole. What an operator does
/// with those that were read, or a consumer, changes nothing about which come next.
pub(super) struct Pages<'a> {
    store: &'a dyn Store,
    query: Query,
    /// The first key that is not read yet, as it is filed.
    from: String,
    has_more: bool,
}

impl<'a> Pages<'a> {
    /// Of the messages that a query without an order describes.
    pub(super) fn of(store: &'a dyn Store, query: Query) -> Self {
        Self { store, query: query.ascending("key"), from: String::new(), has_more: true }
    }

    /// The next messages. There are no more once there is none.
    pub(super) async fn next(&mut self) -> Result<Vec<Document>, StoreError> {
        let mut limit = PAGE;
        while self.has_more {
            let query = self.query.clone().at_least("key", self.from.as_str()).limit(limit);
            let mut page = self.store.documents(&query).await?;
            if page.len() < limit {
                self.has_more = false;
                return Ok(page);
            }
            // The last key may go on behind the page.
            let last = page.last().map(|document| filed_key(&document.id).to_owned()).unwrap_or_default();
            let whole = page.partition_point(|document| filed_key(&document.id) < last.as_str());
            if whole > 0 && last > self.from {
                self.from = last;
                page.truncate(whole);
                return Ok(page);
            }
            limit = limit.saturating_mul(2);
        }
        Ok(Vec::new())
    }
}
