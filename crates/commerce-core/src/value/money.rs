//! Money.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::fmt;

use rust_decimal::Decimal;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::amount::{self, AmountText};
use super::rounding::{self, Rounding};
use super::{Currency, MoneyError};

/// An exact amount in one currency: a whole number of its minor units, in 64 bits. Written as
/// `{"amount":"12.34","currency":"GBP"}`.
///
/// There are no operators: each calculation can overflow or mix currencies, and says so.
///
/// ```
/// use commerce_core::value::{Currency, Money};
///
/// let bill = Money::parse("10.00", Currency::GBP)?;
/// let shares = bill.allocate(&[1, 1, 1])?;
/// assert_eq!(shares[0].to_string(), "3.34 GBP");
/// assert_eq!(Money::sum(shares, Currency::GBP)?, bill);
/// # Ok::<(), commerce_core::value::MoneyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// This many minor units: 1234 of GBP are £12.34.
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in this currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::from_minor(0, currency)
    }

    /// Reads digits with an optional `-` before them and an optional fraction: `12`, `12.3`, `-0.05`.
    ///
    /// # Errors
    /// [`MoneyError::NotANumber`] for any other text; [`MoneyError::TooPrecise`] for more decimals than the currency
    /// has, which are never rounded away; [`MoneyError::Overflow`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        Ok(Self::from_minor(amount::parse(text, currency)?, currency))
    }

    /// The number of minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The amount with all the decimals of its currency: `12.30`. [`Money::parse`] reads it back.
    pub fn amount(self) -> String {
        self.text().as_str().to_owned()
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Whether it is above zero.
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Whether it is below zero.
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.with(self.same_currency(other)?.minor.checked_add(other.minor))
    }

    /// The difference. It may be negative.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.with(self.same_currency(other)?.minor.checked_sub(other.minor))
    }

    /// That many times the amount.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn checked_mul(self, times: u32) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_mul(i64::from(times)))
    }

    /// The amount with the other sign.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the least amount there is.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_neg())
    }

    /// Which of the two is more.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`].
    pub fn compare(self, other: Self) -> Result<Ordering, MoneyError> {
        self.same_currency(other).map(|_| self.minor.cmp(&other.minor))
    }

    /// All amounts together; zero when there are none.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] when one of them is in another currency; [`MoneyError::Overflow`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>, currency: Currency) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    /// Splits the amount by weight. The shares add up to exactly the amount, and each is within one minor unit of its
    /// exact size: what is left over after rounding down goes, a unit each, to the largest remainders, the first of
    /// equals first.
    ///
    /// # Errors
    /// [`MoneyError::NoWeights`] when no weight is above zero.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let magnitude = u128::from(self.minor.unsigned_abs());
        let total: u128 = weights.iter().copied().map(u128::from).sum();
        if total == 0 {
            return Err(MoneyError::NoWeights);
        }
        let exact = weights.iter().map(|weight| magnitude * u128::from(*weight));
        let mut shares: Vec<u128> = exact.clone().map(|share| share / total).collect();
        let left_over = usize::try_from(magnitude - shares.iter().sum::<u128>()).unwrap_or(usize::MAX);

        let mut by_remainder: Vec<_> = exact.map(|share| share % total).zip(&mut shares).collect();
        by_remainder.sort_by_key(|(remainder, _)| Reverse(*remainder));
        for (_, share) in by_remainder.into_iter().take(left_over) {
            *share += 1;
        }
        shares.into_iter().map(|share| self.with(rounding::signed(share, self.is_negative()))).collect()
    }

    /// The amount times a factor, such as a tax rate, rounded once to whole minor units.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn multiply(self, factor: Decimal, rounding: Rounding) -> Result<Self, MoneyError> {
        self.with(rounding::multiply(self.minor, factor, rounding))
    }

    fn text(self) -> AmountText {
        AmountText::new(self.minor, self.currency)
    }

    fn with(self, minor: Option<i64>) -> Result<Self, MoneyError> {
        minor.map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    fn same_currency(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency == other.currency {
            Ok(self)
        } else {
            Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.width() {
            Some(_) => f.pad(&format!("{} {}", self.text().as_str(), self.currency)),
            None => write!(f, "{} {}", self.text().as_str(), self.currency),
        }
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Money", 2)?;
        fields.serialize_field("amount", self.text().as_str())?;
        fields.serialize_field("currency", &self.currency)?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written<'a> {
            #[serde(borrow)]
            amount: Cow<'a, str>,
            currency: Currency,
        }
        let written = Written::deserialize(deserializer)?;
        Self::parse(&written.amount, written.currency).map_err(D::Error::custom)
    }
}
