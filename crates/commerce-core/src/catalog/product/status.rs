//! Where a product stands.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a product stands between its creation and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductStatus {
    /// It was never for sale.
    Draft,
    /// It is for sale.
    Published,
    /// It was for sale, and may be again.
    Unpublished,
    /// It will never be for sale again.
    Archived,
}

impl ProductStatus {
    /// Its name as APIs write it: `published`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Unpublished => "unpublished",
            Self::Archived => "archived",
        }
    }
}

impl fmt::Display for ProductStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
