//! A user's documents, the newest first, page by page.

use serde::de::DeserializeOwned;

use super::Error;
use crate::id::{CustomerId, NotificationId, Tenant};
use crate::store::{Query, Store};
use crate::time::Timestamp;
use crate::value::Violation;

/// Some of a list, and where to read on.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// What this page has.
    pub items: Vec<T>,
    /// Where the next one begins; none if this is the last.
    pub next_cursor: Option<String>,
}

/// The field by which a user's documents are found and ordered: no two have the same.
pub(in crate::notification) fn by_user(user: CustomerId, at: Timestamp, id: NotificationId) -> String {
    by_owner(&user.to_string(), at, id)
}

/// The same of whoever is named so.
pub(in crate::notification) fn by_owner(owner: &str, at: Timestamp, id: NotificationId) -> String {
    format!("{owner}/{}", cursor_of(at, id))
}

fn cursor_of(at: Timestamp, id: NotificationId) -> String {
    // Twenty digits hold any moment, so that the order of the texts is that of the moments.
    format!("{:020}.{id}", at.as_micros().max(0))
}

/// Whose documents, and by which field they are found.
pub(in crate::notification) struct Place {
    pub(in crate::notification) collection: &'static str,
    pub(in crate::notification) field: &'static str,
    pub(in crate::notification) owner: String,
}

/// The documents that carry [`by_owner`] in this field. `place` gives what it was made of.
pub(in crate::notification) async fn page_of<T: DeserializeOwned>(
    store: &dyn Store,
    tenant: &Tenant,
    of: Place,
    limit: usize,
    cursor: Option<&str>,
    place: impl Fn(&T) -> (Timestamp, NotificationId),
) -> Result<Page<T>, Error> {
    // The tilde comes after every digit.
    let newest = cursor.map_or(Ok("~"), checked)?;
    let Place { collection, field, owner } = of;
    let query = Query::of(tenant, collection)
        .at_least(field, format!("{owner}/"))
        .at_most(field, format!("{owner}/{newest}"))
        .descending(field)
        .limit(limit.saturating_add(1));
    let documents = store.documents(&query).await?;
    let mut items = documents.iter().map(|document| document.json()).collect::<Result<Vec<T>, _>>()?;
    let next_cursor = items.get(limit).map(|item| {
        let (at, id) = place(item);
        cursor_of(at, id)
    });
    items.truncate(limit);
    Ok(Page { items, next_cursor })
}

fn checked(cursor: &str) -> Result<&str, Error> {
    let fits = cursor.split_once('.').is_some_and(|(at, id)| {
        at.len() == 20
            && at.bytes().all(|digit| digit.is_ascii_digit())
            && id.parse::<NotificationId>().is_ok()
    });
    let invalid =
        || Violation::new("/cursor", "invalid_cursor", "must be a next_cursor that was answered before");
    if fits { Ok(cursor) } else { Err(Error::Invalid(vec![invalid()])) }
}
