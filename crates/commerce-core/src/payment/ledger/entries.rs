//! What an event means to the books.

use uuid::Uuid;

use super::{Account, EntryKind, JournalEntry, LedgerError, Posting};
use crate::payment::{Payment, PaymentEvent};
use crate::value::Money;

/// What an event means to the books: one entry for a capture or a refund, none for the rest. Write it as a document in
/// the commit that appends the event, under its id and as new.
///
/// `payment` is the state the event belongs to, before or after it. The ids and times come from the event, so the
/// books rebuilt from the log are the same books.
///
/// # Errors
/// [`LedgerError::NoPayment`] when the payment was not created, or [`LedgerError::NotPositive`] when the event's
/// amount is no amount that a payment decides: the state or the log is damaged.
pub fn entries_for(payment: &Payment, event: &PaymentEvent) -> Result<Vec<JournalEntry>, LedgerError> {
    match event {
        PaymentEvent::PaymentSucceeded { .. } => {
            let amount = payment.amount().ok_or(LedgerError::NoPayment)?;
            entry(payment, event, EntryKind::Capture, b"capture", captured(amount))
        }
        PaymentEvent::PaymentRefunded { refund_id, amount, .. } => {
            entry(payment, event, EntryKind::Refund, refund_id.as_bytes(), refunded(*amount))
        }
        PaymentEvent::PaymentCreated { .. }
        | PaymentEvent::PaymentProcessingStarted { .. }
        | PaymentEvent::PaymentFailed { .. }
        | PaymentEvent::PaymentCancelled { .. } => Ok(vec![]),
    }
}

fn captured(amount: Money) -> Vec<Posting> {
    vec![
        Posting::debit(Account::Customer, amount),
        Posting::credit(Account::Revenue, amount),
        Posting::debit(Account::ProviderClearing, amount),
        Posting::credit(Account::Customer, amount),
    ]
}

fn refunded(amount: Money) -> Vec<Posting> {
    vec![
        Posting::debit(Account::Refunds, amount),
        Posting::credit(Account::Customer, amount),
        Posting::debit(Account::Customer, amount),
        Posting::credit(Account::ProviderClearing, amount),
    ]
}

/// The id is made of the payment and of what sets this entry apart among the payment's.
fn entry(
    payment: &Payment,
    event: &PaymentEvent,
    kind: EntryKind,
    apart: &[u8],
    postings: Vec<Posting>,
) -> Result<Vec<JournalEntry>, LedgerError> {
    let payment_id = payment.payment_id().ok_or(LedgerError::NoPayment)?;
    let order_id = payment.order_id().ok_or(LedgerError::NoPayment)?;
    let id = Uuid::new_v5(&payment_id.0, apart);
    Ok(vec![JournalEntry::new(id, payment_id, order_id, kind, postings, event.at())?])
}
