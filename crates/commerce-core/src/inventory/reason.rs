//! Why stock moved.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::value::{Violation, text};

/// How many characters a [`Reason`] may have. Enough for a sentence: it is stored with every line of a reservation.
pub const REASON_LENGTH: usize = 200;

/// Why stock moved: 1–200 characters, trimmed. Cheap to clone, since all lines of an order share it. Checked when read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Reason(Arc<str>);

impl Reason {
    /// Trims and checks it.
    ///
    /// # Errors
    /// A violation at `/reason` when nothing is left or it is too long.
    pub fn parse(reason: &str) -> Result<Self, Violation> {
        text("/reason", reason, 1, REASON_LENGTH).map(|text| Self(text.into()))
    }

    /// What was handed out by itself is reserved again, as part of a whole order.
    pub(super) fn reserved_again() -> Self {
        Self("reserved again as part of the whole order".into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = Violation;

    fn try_from(reason: String) -> Result<Self, Violation> {
        Self::parse(&reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
