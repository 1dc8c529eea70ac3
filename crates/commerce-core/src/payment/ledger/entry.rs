//! Journal entries, which can't be made unbalanced.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Account, LedgerError, Side};
use crate::id::{OrderId, PaymentId};
use crate::time::Timestamp;
use crate::value::{Currency, Money};

/// What an entry records. Written `capture` or `refund`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Money was taken.
    Capture,
    /// Money is given back.
    Refund,
}

/// One line of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posting {
    /// Where it is posted.
    pub account: Account,
    /// On which side.
    pub side: Side,
    /// More than nothing.
    pub amount: Money,
}

impl Posting {
    /// On the debit side.
    pub fn debit(account: Account, amount: Money) -> Self {
        Self { account, side: Side::Debit, amount }
    }

    /// On the credit side.
    pub fn credit(account: Account, amount: Money) -> Self {
        Self { account, side: Side::Credit, amount }
    }
}

/// A balanced set of postings in one currency. Checked when it is made, and again when it is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct JournalEntry {
    id: Uuid,
    payment_id: PaymentId,
    order_id: OrderId,
    kind: EntryKind,
    postings: Vec<Posting>,
    at: Timestamp,
}

impl JournalEntry {
    /// An entry of these postings.
    ///
    /// # Errors
    /// When there are no postings, one is not of more than nothing, their currencies differ, or debits and credits
    /// don't balance.
    pub fn new(
        id: Uuid,
        payment_id: PaymentId,
        order_id: OrderId,
        kind: EntryKind,
        postings: Vec<Posting>,
        at: Timestamp,
    ) -> Result<Self, LedgerError> {
        check(&postings)?;
        Ok(Self { id, payment_id, order_id, kind, postings, at })
    }

    /// The same for the same event, always: an event can't be entered twice under two ids.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The payment.
    pub fn payment_id(&self) -> PaymentId {
        self.payment_id
    }

    /// The order it pays for.
    pub fn order_id(&self) -> OrderId {
        self.order_id
    }

    /// What it records.
    pub fn kind(&self) -> EntryKind {
        self.kind
    }

    /// Its lines.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// When the money moved.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

fn check(postings: &[Posting]) -> Result<(), LedgerError> {
    let left: Currency = postings.first().ok_or(LedgerError::NoPostings)?.amount.currency();
    let (mut debits, mut credits) = (0_i128, 0_i128);
    for Posting { side, amount, .. } in postings {
        if !amount.is_positive() {
            return Err(LedgerError::NotPositive { amount: *amount });
        }
        if amount.currency() != left {
            return Err(LedgerError::MixedCurrencies { left, right: amount.currency() });
        }
        // 2^64 postings of the greatest amount fit into an i128.
        match side {
            Side::Debit => debits += i128::from(amount.minor()),
            Side::Credit => credits += i128::from(amount.minor()),
        }
    }
    if debits == credits { Ok(()) } else { Err(LedgerError::Unbalanced { debits, credits }) }
}

/// An entry as it is stored.
#[derive(Deserialize)]
struct Unchecked {
    id: Uuid,
    payment_id: PaymentId,
    order_id: OrderId,
    kind: EntryKind,
    postings: Vec<Posting>,
    at: Timestamp,
}

impl TryFrom<Unchecked> for JournalEntry {
    type Error = LedgerError;

    fn try_from(stored: Unchecked) -> Result<Self, LedgerError> {
        let Unchecked { id, payment_id, order_id, kind, postings, at } = stored;
        Self::new(id, payment_id, order_id, kind, postings, at)
    }
}
