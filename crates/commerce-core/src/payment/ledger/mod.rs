//! The books, by double entry: every amount is debited to one account and credited to another.
//!
//! | account | kind | its balance is |
//! |---|---|---|
//! | `provider_clearing` | asset (debit) | what the provider owes us: captured, less refunded |
//! | `customer` | asset (debit) | what customers owe us; zero once each payment and refund is through |
//! | `revenue` | income (credit) | all that was ever captured |
//! | `refunds` | against revenue (debit) | all that was ever refunded; revenue less refunds is the net |
//!
//! | event | debit | credit | because |
//! |---|---|---|---|
//! | `PaymentSucceeded` | customer | revenue | the customer is charged |
//! | | provider_clearing | customer | the customer has paid, the provider holds it |
//! | `PaymentRefunded` | refunds | customer | we owe it to the customer |
//! | | customer | provider_clearing | the provider pays it out for us |
//!
//! One event is one entry of these four postings. Accounts are kept per currency, nothing is ever converted.

mod account;
mod balances;
mod entries;
mod entry;
mod error;
#[cfg(test)]
mod tests;

pub use account::{Account, Side};
pub use balances::{AccountTotals, BalanceLine, Balances};
pub use entries::entries_for;
pub use entry::{EntryKind, JournalEntry, Posting};
pub use error::LedgerError;
