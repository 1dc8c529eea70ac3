//! Lists, a page at a time.

use axum::extract::FromRequestParts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::etag::Listing;
use super::params;
use super::problem::Problem;
use super::text::with_nul;

/// The most there can be on a page.
const MOST: usize = 100;
/// So many, unless it is said.
const USUAL: usize = 20;

/// Where a page begins. Opaque to clients; what is in it is the endpoint's.
pub trait Cursor: Serialize + DeserializeOwned {}
impl<T: Serialize + DeserializeOwned> Cursor for T {}

/// How many are wanted on a page: 1 to 100. Another number can't be read, from parameters either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(usize);

impl Limit {
    /// So many; none if there can't be so many on a page.
    pub fn new(limit: usize) -> Option<Self> {
        (1..=MOST).contains(&limit).then_some(Self(limit))
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = usize::deserialize(deserializer)?;
        Self::new(limit).ok_or_else(|| D::Error::custom(format!("must be from 1 to {MOST}, is {limit}")))
    }
}

/// `?limit=&cursor=`.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// 1 to 100, 20 unless it is said.
    pub limit: usize,
    cursor: Option<String>,
    list: String,
}

impl Page {
    /// From the parameters, where they are read together with others. `list` is what tells this list from others: its
    /// cursors are good for it alone. Where a page is read by itself, that is the path of the request.
    pub fn new(list: impl Into<String>, limit: Option<Limit>, cursor: Option<String>) -> Self {
        let limit = limit.map_or(USUAL, |limit| limit.0);
        Self { limit, cursor: cursor.filter(|cursor| !cursor.is_empty()), list: list.into() }
    }

    /// Where the page begins; none for the first.
    ///
    /// # Errors
    /// 400 `invalid_cursor` for a text that is none of this list's cursors.
    pub fn after<C: Cursor>(&self) -> Result<Option<C>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        self.decode(cursor).map(Some).ok_or_else(|| {
            Problem::invalid("invalid_cursor", "the cursor is none of this list: begin without one")
        })
    }

    /// How many to read: one more than the page holds, which tells whether there is another.
    pub fn look_ahead(&self) -> usize {
        self.limit + 1
    }

    /// A page from what was read, [`look_ahead`](Self::look_ahead) at most; `cursor` says where its last item stands.
    ///
    /// # Errors
    /// Never, as long as the cursor can be written as JSON.
    pub fn listing<T, C: Cursor>(
        &self,
        mut items: Vec<T>,
        cursor: impl Fn(&T) -> C,
    ) -> Result<Listing<T>, Problem> {
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next_cursor = match items.last().filter(|_| more) {
            Some(last) => Some(self.encode(&cursor(last))?),
            None => None,
        };
        Ok(Listing { items, next_cursor })
    }

    /// A page that was read elsewhere, with the place where the next begins; none on the last.
    ///
    /// # Errors
    /// Never, as long as the cursor can be written as JSON.
    pub fn read<T>(&self, items: Vec<T>, next: Option<impl Cursor>) -> Result<Listing<T>, Problem> {
        let next_cursor = next.map(|next| self.encode(&next)).transpose()?;
        Ok(Listing { items, next_cursor })
    }

    /// Anyone can write a cursor: what no store takes must not come out of one.
    fn decode<C: Cursor>(&self, cursor: &str) -> Option<C> {
        let value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let has_nul = !with_nul(&value, 1).is_empty();
        let (list, place): (String, C) = serde_json::from_value(value).ok()?;
        (list == self.list && !has_nul).then_some(place)
    }

    fn encode(&self, cursor: &impl Serialize) -> Result<String, Problem> {
        let bytes = serde_json::to_vec(&(&self.list, cursor)).map_err(Problem::bug)?;
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    limit: Option<Limit>,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Written { limit, cursor } = params::parse(parts.uri.query().unwrap_or_default())?;
        Ok(Self::new(parts.uri.path(), limit, cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_leads_to_the_next_until_the_last() {
        let first = Page::new("numbers", Limit::new(2), None);
        let listing = first.listing(vec![1, 2, 3], |item| *item).unwrap();
        assert_eq!(listing.items, [1, 2]);
        let next = Page::new("numbers", Limit::new(2), listing.next_cursor);
        assert_eq!(next.after::<u32>().unwrap(), Some(2));
        assert_eq!(next.listing(vec![3], |item| *item).unwrap().next_cursor, None);
    }

    #[test]
    fn a_limit_out_of_range_and_a_strange_cursor_are_refused() {
        for limit in ["0", "101", "-1", "ten"] {
            assert!(serde_json::from_str::<Limit>(limit).is_err());
        }
        let strange = Page::new("numbers", None, Some("!!".into()));
        assert_eq!(strange.after::<u32>().unwrap_err().code(), "invalid_cursor");
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_alone() {
        let page = Page::new("numbers", Limit::new(1), None);
        let cursor = page.listing(vec![1, 2], |item| *item).unwrap().next_cursor;
        let other = Page::new("letters", Limit::new(1), cursor);
        assert_eq!(other.after::<u32>().unwrap_err().code(), "invalid_cursor");
    }
}
