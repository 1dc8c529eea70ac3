//! Counts and sums that are added to and taken from.
//!
//! What comes to nothing is left out, so that the same facts give the same documents whatever their order. Counts and
//! sums of minor units have twice the bits that any number of facts could fill: they can't overflow, and no single
//! absurd amount stops the projection.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::value::{Currency, Money, MoneyError};

/// Minor units of each currency. Amounts of two currencies are never added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::analytics) struct Amounts(BTreeMap<Currency, i128>);

impl Amounts {
    pub(super) fn add(&mut self, currency: Currency, minor: i128) {
        change_entry(&mut self.0, currency, |sum| *sum += minor);
    }

    /// Adds the other amounts so many times: minus once takes them away.
    pub(super) fn add_all(&mut self, other: &Self, times: i64) {
        for (currency, minor) in other.iter() {
            self.add(currency, minor * i128::from(times));
        }
    }

    pub(in crate::analytics) fn iter(&self) -> impl Iterator<Item = (Currency, i128)> {
        self.0.iter().map(|(currency, minor)| (*currency, *minor))
    }
}

/// Changes an entry that counts as zero if it isn't there, and is not there if it is zero.
pub(super) fn change_entry<K: Ord + Clone, V: Default + PartialEq>(
    map: &mut BTreeMap<K, V>,
    key: K,
    change: impl FnOnce(&mut V),
) {
    let value = map.entry(key.clone()).or_default();
    change(value);
    if *value == V::default() {
        map.remove(&key);
    }
}

/// Minor units as money.
pub(in crate::analytics) fn money(minor: i128, currency: Currency) -> Result<Money, MoneyError> {
    let minor = i64::try_from(minor).map_err(|_| MoneyError::Overflow)?;
    Ok(Money::from_minor(minor, currency))
}

/// A count as it is shown. None is ever below zero once its facts are complete.
pub(in crate::analytics) fn count(signed: i64) -> u64 {
    u64::try_from(signed).unwrap_or(0)
}
