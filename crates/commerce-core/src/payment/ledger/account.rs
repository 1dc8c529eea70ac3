//! The accounts and their two sides.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An account, kept once per currency. Written in snake case: `provider_clearing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// What customers owe us.
    Customer,
    /// What the provider owes us.
    ProviderClearing,
    /// What was earned, before refunds.
    Revenue,
    /// What was given back.
    Refunds,
}

impl Account {
    /// Every account.
    pub const ALL: [Self; 4] = [Self::Customer, Self::ProviderClearing, Self::Revenue, Self::Refunds];

    /// The side on which it grows, and on which its balance is positive.
    pub const fn normal_side(self) -> Side {
        match self {
            Self::Customer | Self::ProviderClearing | Self::Refunds => Side::Debit,
            Self::Revenue => Side::Credit,
        }
    }

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::ProviderClearing => "provider_clearing",
            Self::Revenue => "revenue",
            Self::Refunds => "refunds",
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A side of an account. Written `debit` or `credit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The left one.
    Debit,
    /// The right one.
    Credit,
}
