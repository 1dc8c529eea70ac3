//! Why a value was refused.

use super::{Currency, Quantity, Violation};
use crate::error::Kind;

/// Characters of a refused input that an error repeats. The input may be a megabyte long; an error ends up in logs.
const SHOWN: usize = 40;

/// Why an amount of money could not be read, or be calculated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// Two amounts that have to be in one currency are not. Convert one of them first.
    #[error("{left} and {right} are different currencies: convert one amount first")]
    CurrencyMismatch {
        /// The currency of the amount that was asked.
        left: Currency,
        /// The currency of the amount it was given.
        right: Currency,
    },
    /// The result is beyond what 64 bits of minor units hold.
    #[error("the amount is beyond what can be represented")]
    Overflow,
    /// The amount has more decimals than its currency. Amounts are never rounded when they are read.
    #[error("{text:?} has more decimals than the {exponent} of {currency}", exponent = currency.exponent())]
    TooPrecise {
        /// The beginning of what was given.
        text: String,
        /// The currency it was to be in.
        currency: Currency,
    },
    /// The text is no plain decimal number.
    #[error("{text:?} is not an amount such as 12.34")]
    NotANumber {
        /// The beginning of what was given.
        text: String,
    },
    /// No currency of ISO 4217 with minor units has this code.
    #[error("{code:?} is not an ISO 4217 currency such as EUR")]
    UnsupportedCurrency {
        /// The beginning of what was given.
        code: String,
    },
    /// There is nobody to allocate to: no weights, or all of them zero.
    #[error("an amount can't be allocated without a weight above zero")]
    NoWeights,
}

impl MoneyError {
    /// A stable code, fit for an API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CurrencyMismatch { .. } => "currency_mismatch",
            Self::Overflow => "amount_overflow",
            Self::TooPrecise { .. } => "too_precise",
            Self::NotANumber { .. } => "not_a_number",
            Self::UnsupportedCurrency { .. } => "unsupported_currency",
            Self::NoWeights => "no_weights",
        }
    }

    /// What the caller can do: ask for something else.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }

    /// The same as a fault of the input at `pointer`.
    pub fn at(&self, pointer: impl Into<String>) -> Violation {
        Violation { pointer: pointer.into(), code: self.code(), detail: self.to_string() }
    }

    pub(super) fn too_precise(text: &str, currency: Currency) -> Self {
        Self::TooPrecise { text: beginning(text), currency }
    }

    pub(super) fn not_a_number(text: &str) -> Self {
        Self::NotANumber { text: beginning(text) }
    }

    pub(super) fn unsupported_currency(code: &str) -> Self {
        Self::UnsupportedCurrency { code: beginning(code) }
    }
}

/// Why a value other than money was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The text is no stock keeping unit.
    #[error("{text:?} is not a SKU: 1 to 50 of the characters A-Z, 0-9, _ and -")]
    InvalidSku {
        /// The beginning of what was given.
        text: String,
    },
    /// The quantity is zero, or more than anyone orders at once.
    #[error("{value} is not a quantity from {min} to {max}", min = Quantity::MIN, max = Quantity::MAX)]
    QuantityOutOfRange {
        /// What was given.
        value: u32,
    },
    /// No country has this code.
    #[error("{text:?} is not an ISO 3166-1 alpha-2 country code such as GB")]
    UnknownCountry {
        /// The beginning of what was given.
        text: String,
    },
}

impl ValueError {
    /// A stable code, fit for an API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidSku { .. } => "invalid_sku",
            Self::QuantityOutOfRange { value: 0 } => "must_be_positive",
            Self::QuantityOutOfRange { .. } => "quantity_out_of_range",
            Self::UnknownCountry { .. } => "unknown_country",
        }
    }

    /// What the caller can do: ask for something else.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }

    /// The same as a fault of the input at `pointer`.
    pub fn at(&self, pointer: impl Into<String>) -> Violation {
        Violation { pointer: pointer.into(), code: self.code(), detail: self.to_string() }
    }

    pub(super) fn invalid_sku(text: &str) -> Self {
        Self::InvalidSku { text: beginning(text) }
    }

    pub(super) fn unknown_country(text: &str) -> Self {
        Self::UnknownCountry { text: beginning(text) }
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
