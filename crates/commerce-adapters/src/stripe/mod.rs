//! Payments by Stripe: [`Stripe`] is a [`PaymentProvider`], [`webhook`] reads what Stripe tells by itself.
//!
//! ```text
//!   capture ─▶ create an intent, unconfirmed, under the key ──▶ confirm it ──▶ succeeded, declined, requires action
//!   find ────▶ create it again: the same intent by its key ───▶ look at it, and at what a search finds
//!   cancel ──▶ create it again: the same intent by its key ───▶ cancel it, so that no confirmation works any more
//! ```
//!
//! Creating and confirming are two requests, not one with `confirm=true`. An unconfirmed intent takes nothing, so
//! repeating its creation is a question without a risk: Stripe answers with the intent that the key has made. With one
//! request, asking again would take the money that was never asked for, and there would be nothing to cancel while an
//! answer is out.
//!
//! What holds:
//! 1. One key has one intent that is ever confirmed, and an intent takes money once.
//! 2. Stripe keeps an idempotency key for at least 24 hours. What is older is found by search in its metadata, which
//!    lags behind by a minute as a rule, an hour at worst: together they leave no gap. Whoever captures again under a
//!    key asks with `find` first ([`NextStep`] does), since after a day the key alone no longer prevents a second
//!    intent. So a creation that is refused says nothing of the money by itself: only if the search finds nothing
//!    either, `find` and `cancel` say that it is declined.
//! 3. `Cancelled` and `Declined` are final, and a refusal is one in Stripe's own words alone: what a proxy answers in its
//!    place is no answer. A declined intent could be paid by another card by whoever has its client secret, so `find`
//!    cancels it before it says so.
//! 4. An error that Stripe has kept under a key is what the key answers from then on. A kept server error of a creation
//!    moves every caller to the same next key; of a confirmation, the intent is cancelled and the attempt ends as
//!    [`Transient`].
//! 5. A call that could not be sent, or was turned away for the moment, is repeated a few times under the same key. If
//!    that doesn't help the answer is [`Unknown`], not `Transient`, even if this call was not sent: one before it under
//!    the same key may be on its way, and a `Transient` answer leads to a new key.
//! 6. A refund is looked for among the refunds of its intent before it is made, so it is made once at any age.
//!    It counts as made while it is pending: [`webhook`] tells of one that fails later.
//! 7. The secret key, the card's token and the client secret of an intent are in no log and no error. The client secret is
//!    asked for when the customer has to act (`action`), and kept nowhere.
//! 8. An intent is captured for what Stripe says it has received, in Stripe's own counting of the currency.
//!    Something else that was taken and then given back in full, by someone at Stripe, is cancelled.
//!
//! Limits: accounts in India have no search, so there `find`, `cancel` and the recovery of a payment end as [`Unknown`].
//! An intent whose creation ended in a kept server error may be left at Stripe, unconfirmed.
//!
//! [`PaymentProvider`]: commerce_core::payment::PaymentProvider
//! [`NextStep`]: commerce_core::payment::NextStep
//! [`Transient`]: commerce_core::payment::ProviderError::Transient
//! [`Unknown`]: commerce_core::payment::ProviderError::Unknown

mod amount;
mod client;
mod failure;
mod intent;
mod locate;
mod options;
mod provider;
mod refunds;
pub mod webhook;

pub use options::{InvalidStripeOptions, StripeOptions};
pub use provider::Stripe;
pub use secrecy::SecretString;

/// Under which name our key is in Stripe's metadata.
const KEY: &str = "commerce_key";
/// Under which name our payment's id is in Stripe's metadata.
const PAYMENT_ID: &str = "payment_id";
