//! The tags of a product.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::{Violation, text};

/// How many tags a product can have: a bound on the size of its state.
pub const MAX_TAGS: usize = 100;

/// A word or two by which products are found together: 1 to 50 characters, in lower case.
///
/// ```
/// use commerce_core::catalog::Tag;
///
/// assert_eq!(Tag::parse("/tag", " Summer ")?.as_str(), "summer");
/// # Ok::<(), commerce_core::value::Violation>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Tag(String);

impl Tag {
    /// Reads a tag in any case, with or without white space around it.
    ///
    /// # Errors
    /// A violation at `pointer` when it is outside its limits.
    pub fn parse(pointer: &str, value: &str) -> Result<Self, Violation> {
        text(pointer, &value.to_lowercase(), 1, 50).map(Self)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

impl TryFrom<String> for Tag {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse("/tag", &text).map_err(|violation| violation.detail)
    }
}
