//! What entries add up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Account, JournalEntry, LedgerError, Side};
use crate::value::{Currency, Money};

/// What was posted to one account in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountTotals {
    /// All debits.
    pub debits: Money,
    /// All credits.
    pub credits: Money,
}

impl AccountTotals {
    fn zero(currency: Currency) -> Self {
        Self { debits: Money::zero(currency), credits: Money::zero(currency) }
    }

    /// What the `side` has over the other one.
    fn balance(&self, side: Side) -> Money {
        let (more, less) = match side {
            Side::Debit => (self.debits, self.credits),
            Side::Credit => (self.credits, self.debits),
        };
        // Both are sums of positive amounts: their difference always fits.
        Money::from_minor(more.minor().saturating_sub(less.minor()), more.currency())
    }
}

/// One account in one currency, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BalanceLine {
    /// The account.
    pub account: Account,
    /// All debits.
    pub debits: Money,
    /// All credits.
    pub credits: Money,
    /// What the account's normal side has over the other one.
    pub balance: Money,
}

/// What entries add up to, per currency and account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Balances {
    totals: BTreeMap<Currency, BTreeMap<Account, AccountTotals>>,
}

impl Balances {
    /// What these entries add up to.
    ///
    /// # Errors
    /// When an account's total doesn't fit any more.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a JournalEntry>) -> Result<Self, LedgerError> {
        let mut balances = Self::default();
        for entry in entries {
            balances.record(entry)?;
        }
        Ok(balances)
    }

    /// Adds an entry: all of its postings, or none of them.
    ///
    /// # Errors
    /// When an account's total doesn't fit any more. Nothing has changed then.
    pub fn record(&mut self, entry: &JournalEntry) -> Result<(), LedgerError> {
        let Some(currency) = entry.postings().first().map(|posting| posting.amount.currency()) else {
            return Ok(());
        };
        let mut accounts = self.totals.get(&currency).cloned().unwrap_or_default();
        for posting in entry.postings() {
            let totals = accounts.entry(posting.account).or_insert_with(|| AccountTotals::zero(currency));
            let total = match posting.side {
                Side::Debit => &mut totals.debits,
                Side::Credit => &mut totals.credits,
            };
            *total = total.checked_add(posting.amount)?;
        }
        self.totals.insert(currency, accounts);
        Ok(())
    }

    /// What the account's normal side has over the other one; zero where nothing was posted.
    pub fn balance(&self, account: Account, currency: Currency) -> Money {
        self.totals(account, currency).balance(account.normal_side())
    }

    /// What was posted to the account.
    pub fn totals(&self, account: Account, currency: Currency) -> AccountTotals {
        self.totals
            .get(&currency)
            .and_then(|accounts| accounts.get(&account))
            .copied()
            .unwrap_or_else(|| AccountTotals::zero(currency))
    }

    /// Every currency in which something was posted.
    pub fn currencies(&self) -> impl Iterator<Item = Currency> {
        self.totals.keys().copied()
    }

    /// All debits less all credits of a currency, in minor units. Always zero, unless the books are damaged.
    pub fn trial_balance(&self, currency: Currency) -> i128 {
        let accounts = self.totals.get(&currency).into_iter().flat_map(BTreeMap::values);
        accounts.map(|totals| i128::from(totals.debits.minor()) - i128::from(totals.credits.minor())).sum()
    }

    /// Whether debits equal credits in every currency. They do, unless the books are damaged.
    pub fn is_balanced(&self) -> bool {
        self.currencies().all(|currency| self.trial_balance(currency) == 0)
    }

    /// Every account in every currency in which something was posted, by currency, then account.
    pub fn lines(&self) -> impl Iterator<Item = BalanceLine> {
        self.totals.values().flat_map(|accounts| {
            accounts.iter().map(|(account, totals)| BalanceLine {
                account: *account,
                debits: totals.debits,
                credits: totals.credits,
                balance: totals.balance(account.normal_side()),
            })
        })
    }
}
