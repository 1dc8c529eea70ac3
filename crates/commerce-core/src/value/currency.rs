//! Currencies.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MoneyError, text};

/// A currency of ISO 4217 that has minor units. Gold, drawing rights and test codes are none.
///
/// ```
/// use commerce_core::value::Currency;
///
/// assert_eq!(Currency::parse("JPY")?.exponent(), 0);
/// assert!(Currency::parse("XAU").is_err());
/// # Ok::<(), commerce_core::value::MoneyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    iso: iso_currency::Currency,
    exponent: u8,
}

impl Currency {
    /// Pound sterling: two decimals.
    pub const GBP: Self = Self { iso: iso_currency::Currency::GBP, exponent: 2 };
    /// United States dollar: two decimals.
    pub const USD: Self = Self { iso: iso_currency::Currency::USD, exponent: 2 };
    /// Euro: two decimals.
    pub const EUR: Self = Self { iso: iso_currency::Currency::EUR, exponent: 2 };
    /// Japanese yen: no decimals.
    pub const JPY: Self = Self { iso: iso_currency::Currency::JPY, exponent: 0 };
    /// Kuwaiti dinar: three decimals.
    pub const KWD: Self = Self { iso: iso_currency::Currency::KWD, exponent: 3 };

    /// The currency with this code: three upper-case letters.
    ///
    /// # Errors
    /// [`MoneyError::UnsupportedCurrency`] when there is none, or it has no minor units.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        position(code.as_bytes())
            .and_then(|position| TABLE.get(position).copied().flatten())
            .ok_or_else(|| MoneyError::unsupported_currency(code))
    }

    /// Its code: `GBP`.
    pub fn code(self) -> &'static str {
        self.iso.code()
    }

    /// How many decimals an amount has: one pound is 10² minor units, so 2.
    pub fn exponent(self) -> u32 {
        u32::from(self.exponent)
    }

    /// Every currency there is, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().copied().flatten()
    }
}

/// Every code AAA to ZZZ, so that a look-up is one access. Seventeen thousand entries of three bytes.
static TABLE: LazyLock<Vec<Option<Currency>>> = LazyLock::new(|| {
    let mut table = vec![None; 26 * 26 * 26];
    // ISO 4217 numbers its currencies with three digits.
    for iso in (0..1_000).filter_map(iso_currency::Currency::from_numeric) {
        let exponent = iso.exponent().and_then(|exponent| u8::try_from(exponent).ok());
        let slot = position(iso.code().as_bytes()).and_then(|position| table.get_mut(position));
        if let (Some(exponent), Some(slot)) = (exponent, slot) {
            *slot = Some(Currency { iso, exponent });
        }
    }
    table
});

/// Where a code is in the [`TABLE`].
fn position(code: &[u8]) -> Option<usize> {
    let [first, second, third] = code else { return None };
    [first, second, third].into_iter().try_fold(0, |position, letter| {
        letter.is_ascii_uppercase().then(|| position * 26 + usize::from(letter - b'A'))
    })
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> Ordering {
        self.code().cmp(other.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        Self::parse(code)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer, "an ISO 4217 currency code", Self::parse)
    }
}
