//! Stock keeping units.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ValueError, text};

/// A stock keeping unit: 1 to 50 of the characters A-Z, 0-9, `_` and `-`. There is one spelling: lower case becomes
/// upper case. Cheap to clone.
///
/// ```
/// use commerce_core::value::Sku;
///
/// assert_eq!(Sku::parse(" lamp-01 ")?.as_str(), "LAMP-01");
/// # Ok::<(), commerce_core::value::ValueError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sku(Arc<str>);

impl Sku {
    /// The most characters there can be.
    pub const MAX_LENGTH: usize = 50;

    /// Reads a SKU in any case, with or without white space around it.
    ///
    /// # Errors
    /// [`ValueError::InvalidSku`].
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let sku = text.trim();
        let fits = (1..=Self::MAX_LENGTH).contains(&sku.len());
        if fits && sku.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            Ok(Self(sku.to_ascii_uppercase().into()))
        } else {
            Err(ValueError::invalid_sku(text))
        }
    }

    /// Its one spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Sku {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::parse(text)
    }
}

impl Serialize for Sku {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Sku {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer, "a SKU", Self::parse)
    }
}
