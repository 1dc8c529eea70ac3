//! Names that a provider gives to things of ours.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Kind;
use crate::value::Violation;

/// The longest name a provider may give, in characters.
const LONGEST: usize = 255;

/// What the customer pays with, under the name the provider gave it (`tok_visa`, `pm_1Nxyz`). Never a card number.
///
/// 1 to 255 visible ASCII characters. `Debug` hides all but the end.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PaymentToken(Arc<str>);

impl PaymentToken {
    /// Checks a token's form. Whether it is good for anything, the provider says.
    ///
    /// # Errors
    /// When it is empty, too long, or not visible ASCII.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        checked("payment token", text).map(Self)
    }

    /// As the provider wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PaymentToken {
    /// Shows four characters at most, and none of a short token, so that a log doesn't hold what can be charged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = self.0.chars().count().saturating_sub(4);
        let end = if hidden < 4 { String::new() } else { self.0.chars().skip(hidden).collect() };
        write!(f, "PaymentToken(…{end})")
    }
}

impl TryFrom<String> for PaymentToken {
    type Error = InvalidReference;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

/// The provider's id of a charge (`pi_3Nxyz`). 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ExternalPaymentId(Arc<str>);

impl ExternalPaymentId {
    /// Checks its form.
    ///
    /// # Errors
    /// When it is empty, too long, or not visible ASCII.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        checked("external payment id", text).map(Self)
    }

    /// As the provider wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name made here of visible ASCII, short enough by its making.
    pub(super) fn made(text: String) -> Self {
        Self(text.into())
    }
}

impl TryFrom<String> for ExternalPaymentId {
    type Error = InvalidReference;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl fmt::Display for ExternalPaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn checked(what: &'static str, text: &str) -> Result<Arc<str>, InvalidReference> {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > LONGEST || !visible {
        return Err(InvalidReference { what });
    }
    Ok(Arc::from(text))
}

/// A text that can't be a provider's name for anything. The caller is at fault. It doesn't repeat the text, which may
/// be a token.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the {what} must be 1 to 255 visible ASCII characters")]
pub struct InvalidReference {
    what: &'static str,
}

impl InvalidReference {
    /// `invalid_reference`.
    pub fn code(&self) -> &'static str {
        "invalid_reference"
    }

    /// The same, as a fault of the field at `pointer`.
    pub fn at(&self, pointer: impl Into<String>) -> Violation {
        Violation::new(pointer, self.code(), self.to_string())
    }

    /// Always [`Kind::Invalid`].
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}
