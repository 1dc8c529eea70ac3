//! First and last names.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::{Violation, text};

/// The longest name, in characters.
const LONGEST: usize = 100;

/// A first or last name: 1 to 100 characters, without white space around them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PersonName(String);

impl PersonName {
    /// Reads a name.
    ///
    /// # Errors
    /// A violation at `pointer` with the code `required`, `too_long` or `invalid_character` (line ends and other
    /// control characters: a name is written into the head of a mail).
    pub fn parse(pointer: &str, value: &str) -> Result<Self, Violation> {
        let name = text(pointer, value, 1, LONGEST)?;
        if name.chars().any(char::is_control) {
            return Err(Violation::new(
                pointer,
                "invalid_character",
                "must not contain line ends or control characters",
            ));
        }
        Ok(Self(name))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<PersonName> for String {
    fn from(name: PersonName) -> Self {
        name.0
    }
}

impl TryFrom<String> for PersonName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse("/name", &text).map_err(|violation| violation.detail)
    }
}
