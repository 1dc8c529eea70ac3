//! Reading and writing the documents of the figures.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::commit::FieldValue;
use crate::projection::{ProjectionError, Views};

/// What is kept as a document: nothing but zeros is the same as no document.
pub(super) trait Figure: Default + PartialEq + Serialize + DeserializeOwned + Send + Sync {
    /// Its collection.
    const COLLECTION: &'static str;
}

/// The fields by which a document is found.
pub(super) type Fields = Vec<(Cow<'static, str>, FieldValue)>;

pub(super) async fn get<T: Figure>(views: &mut Views<'_>, id: &str) -> Result<T, ProjectionError> {
    Ok(views.get(T::COLLECTION, id).await?.unwrap_or_default())
}

pub(super) fn put<T: Figure>(
    views: &mut Views<'_>,
    id: &str,
    value: &T,
    fields: Fields,
) -> Result<(), ProjectionError> {
    match *value == T::default() {
        true => views.delete(T::COLLECTION, id),
        false => views.put_with(T::COLLECTION, id, value, fields),
    }
}

/// Reads, changes, and writes.
pub(super) async fn change<T: Figure>(
    views: &mut Views<'_>,
    id: &str,
    fields: Fields,
    change: impl FnOnce(&mut T),
) -> Result<(), ProjectionError> {
    let mut value = get(views, id).await?;
    change(&mut value);
    put(views, id, &value, fields)
}

/// A text by which a document is found.
pub(super) fn field(name: &'static str, value: impl ToString) -> (Cow<'static, str>, FieldValue) {
    (Cow::Borrowed(name), FieldValue::Text(value.to_string()))
}
