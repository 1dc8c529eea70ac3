//! What the books refuse.

use crate::error::Kind;
use crate::value::{Currency, Money, MoneyError};

/// What the books refuse.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// An entry without postings says nothing. Its author is at fault.
    #[error("a journal entry needs postings")]
    NoPostings,
    /// A posting's direction is its side, never its sign. The entry's author is at fault.
    #[error("{amount} can't be posted: a posting is of more than nothing")]
    NotPositive {
        /// What was to be posted.
        amount: Money,
    },
    /// An entry is of one currency. Its author is at fault.
    #[error("one journal entry can't hold both {left} and {right}")]
    MixedCurrencies {
        /// The currency of the first posting.
        left: Currency,
        /// Another posting's currency.
        right: Currency,
    },
    /// Debits and credits must be equal. The entry's author is at fault.
    #[error("debits of {debits} minor units don't balance credits of {credits} minor units")]
    Unbalanced {
        /// All debits, in minor units.
        debits: i128,
        /// All credits, in minor units.
        credits: i128,
    },
    /// An event that moves money can't come before the payment exists. Whoever passed the state is at fault.
    #[error("the payment of this event has not been created")]
    NoPayment,
    /// An account's total doesn't fit any more. Nothing was recorded.
    #[error("the account's total passes what can be counted: {0}")]
    Total(#[from] MoneyError),
}

impl LedgerError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPostings => "entry_without_postings",
            Self::NotPositive { .. } => "posting_not_positive",
            Self::MixedCurrencies { .. } => "entry_mixes_currencies",
            Self::Unbalanced { .. } => "entry_unbalanced",
            Self::NoPayment => "entry_without_payment",
            Self::Total(_) => "account_overflow",
        }
    }

    /// What a caller can do about it: nothing for an overflow, the rest is a fault in the program.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Total(_) => Kind::Terminal,
            _ => Kind::Bug,
        }
    }
}
