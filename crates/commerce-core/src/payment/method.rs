//! The means of payment.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Kind;
use crate::value::Violation;

/// The means of payment. Written in snake case: `credit_card`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// `credit_card`
    CreditCard,
    /// `debit_card`
    DebitCard,
    /// `paypal`
    Paypal,
    /// `bank_transfer`
    BankTransfer,
    /// `crypto`
    Crypto,
    /// `cash`
    Cash,
}

impl PaymentMethod {
    /// Every means of payment.
    pub const ALL: [Self; 6] =
        [Self::CreditCard, Self::DebitCard, Self::Paypal, Self::BankTransfer, Self::Crypto, Self::Cash];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreditCard => "credit_card",
            Self::DebitCard => "debit_card",
            Self::Paypal => "paypal",
            Self::BankTransfer => "bank_transfer",
            Self::Crypto => "crypto",
            Self::Cash => "cash",
        }
    }
}

impl fmt::Display for PaymentMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PaymentMethod {
    type Err = UnknownPaymentMethod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| UnknownPaymentMethod(text.to_owned()))
    }
}

/// A text that names no means of payment. The caller is at fault.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0:?} is not credit_card, debit_card, paypal, bank_transfer, crypto or cash")]
pub struct UnknownPaymentMethod(String);

impl UnknownPaymentMethod {
    /// `unknown_payment_method`.
    pub fn code(&self) -> &'static str {
        "unknown_payment_method"
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
