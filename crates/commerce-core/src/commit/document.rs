use std::borrow::Cow;

use serde::Serialize;

use super::{CommitError, Expected};
use crate::event::CodecError;

/// A value by which documents can be found and ordered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldValue {
    /// A number: a count, minor units, microseconds since 1970.
    Integer(i64),
    /// A text, compared by bytes.
    Text(String),
}

impl From<i64> for FieldValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<crate::time::Timestamp> for FieldValue {
    fn from(value: crate::time::Timestamp) -> Self {
        Self::Integer(value.as_micros())
    }
}

impl From<&str> for FieldValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for FieldValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// A document that is to be written or deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentWrite {
    /// The collection it belongs to.
    pub collection: Cow<'static, str>,
    /// Its id within the collection.
    pub id: String,
    /// What version it must have. A deleted document starts again at zero.
    pub expected: Expected,
    /// Its body as JSON; none deletes it.
    pub body: Option<Vec<u8>>,
    /// The fields by which it can be found, each with one value. They replace those it had.
    pub fields: Vec<(Cow<'static, str>, FieldValue)>,
}

impl DocumentWrite {
    /// Writes a body.
    pub fn put(
        collection: impl Into<Cow<'static, str>>,
        id: impl Into<String>,
        expected: Expected,
        body: Vec<u8>,
    ) -> Self {
        Self { collection: collection.into(), id: id.into(), expected, body: Some(body), fields: Vec::new() }
    }

    /// Writes a value as JSON.
    ///
    /// # Errors
    /// When its serde implementation fails.
    pub fn json(
        collection: impl Into<Cow<'static, str>>,
        id: impl Into<String>,
        expected: Expected,
        value: &impl Serialize,
    ) -> Result<Self, CodecError> {
        let body = serde_json::to_vec(value).map_err(|error| CodecError::Encode(error.to_string()))?;
        Ok(Self::put(collection, id, expected, body))
    }

    /// Deletes it.
    pub fn delete(
        collection: impl Into<Cow<'static, str>>,
        id: impl Into<String>,
        expected: Expected,
    ) -> Self {
        Self { collection: collection.into(), id: id.into(), expected, body: None, fields: Vec::new() }
    }

    /// Can be found by this field. A field has one value: a commit that gives it two is refused.
    pub fn field(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<FieldValue>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// No store could say which of two values counts.
    pub(super) fn check(&self) -> Result<(), CommitError> {
        let mut rest = self.fields.as_slice();
        while let [(name, _), others @ ..] = rest {
            if others.iter().any(|(other, _)| other == name) {
                let Self { collection, id, .. } = self;
                return Err(CommitError::Invalid(format!(
                    "a document has one value of a field, {collection}/{id} two of {name:?}"
                )));
            }
            rest = others;
        }
        Ok(())
    }
}
