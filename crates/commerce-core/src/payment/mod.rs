//! Money taken for an order, and given back: the rules, the books, and the port to whoever moves the money.
//!
//! ```text
//!              StartProcessing         Succeed              Refund (part)
//!   pending ─────────────────▶ processing ────▶ succeeded ─────────────────▶ partially_refunded ⟲ Refund (part)
//!      │                        ⟲    │ │            │                                │
//!      │       StartProcessing, │    │ │ Fail       │ Refund (all)                   │ Refund (the rest)
//!      │       the next attempt ┘    │ └────▶ failed└──────────▶ refunded ◀──────────┘
//!      │ Cancel               Cancel │
//!      └──────────▶ cancelled ◀──────┘
//! ```
//!
//! What holds:
//! 1. `StartProcessing` is committed before the provider is called, under [`Payment::provider_key`]. After a crash the
//!    provider is asked what became of that key ([`PaymentProvider::find`]), never called under a new one.
//! 2. Refunds sum to at most the amount, exactly, whatever the interleaving. One refund id has one effect.
//! 3. Each capture and each refund is one balanced journal entry ([`entries_for`]), a function of the event alone, so
//!    the books can be rebuilt from the log and compared.
//!
//! The duty of the caller: one live payment per order ([`PaymentStatus::is_live`]) is a claim in the commit that
//! creates the payment; journal entries are written in the commit of the event they follow from; a processing payment
//! is failed or cancelled only when the provider for certain has not captured it and never will, which
//! [`PaymentProvider::cancel`] brings about.

mod command;
mod decide;
mod event;
mod key;
mod ledger;
mod method;
mod opened;
mod provider;
mod reference;
mod rejection;
mod state;
mod status;
#[cfg(test)]
mod tests;

pub use command::PaymentCommand;
pub use event::PaymentEvent;
pub use key::IdempotencyKey;
pub use ledger::{
    Account, AccountTotals, BalanceLine, Balances, EntryKind, JournalEntry, LedgerError, Posting, Side,
    entries_for,
};
pub use method::{PaymentMethod, UnknownPaymentMethod};
pub use opened::{PaymentFailure, Refund};
pub use provider::{
    Cancellation, CaptureRequest, Captured, ChargeState, CustomerAction, FakeProvider, NextStep,
    PaymentProvider, ProviderError, RefundRequest, Refunded,
};
pub use reference::{ExternalPaymentId, InvalidReference, PaymentToken};
pub use rejection::{PaymentAction, PaymentRejection};
pub use state::Payment;
pub use status::PaymentStatus;
