//! Quantities.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::ValueError;

/// How many of something: 1 to 100,000.
///
/// ```
/// use commerce_core::value::Quantity;
///
/// assert_eq!(Quantity::new(3)?.get(), 3);
/// assert!(Quantity::new(0).is_err());
/// # Ok::<(), commerce_core::value::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Quantity(u32);

impl Quantity {
    /// The least there can be.
    pub const MIN: u32 = 1;
    /// The most there can be.
    pub const MAX: u32 = 100_000;

    /// This many.
    ///
    /// # Errors
    /// [`ValueError::QuantityOutOfRange`].
    pub const fn new(value: u32) -> Result<Self, ValueError> {
        match value {
            Self::MIN..=Self::MAX => Ok(Self(value)),
            _ => Err(ValueError::QuantityOutOfRange { value }),
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u32> for Quantity {
    type Error = ValueError;

    fn try_from(value: u32) -> Result<Self, ValueError> {
        Self::new(value)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u32::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
