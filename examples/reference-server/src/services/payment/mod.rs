//! Payment: money is taken once, and the books say so in the same commit.
//!
//! A capture is two commits. The first makes durable that the provider is about to be called, and under which key; the
//! second what it answered. If the process dies between them, the provider is *asked* what became of the charge. A
//! payment is cancelled once the provider has cancelled the charge for certain, not before.
//!
//! Who asks for it makes no difference: a saga by message (`messages`), a client over HTTP
//! (`process`). What ends a payment later, by whomever it is told (`settle`), also
//! answers the saga that still waits for it (`awaited`). Money that comes when its payment has ended
//! is sent back (`stray`); money of another amount is for an operator (`differing`). Whatever goes back is paid out once the
//! provider answers (`paying_out`), and what comes back from there is for an operator (`failed_refund`). What the customer has to do is asked for when they ask (`action`). Whose order a client
//! pays for is known by a copy of its own (`orders`); what they opened ends with the order, or makes way for its checkout
//! (`by_hand`).

mod action;
mod awaited;
mod books;
mod by_hand;
mod charge;
mod differing;
mod error;
mod failed_refund;
mod messages;
mod orders;
mod paying_out;
mod process;
mod settle;
mod stray;

use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::payment::PaymentProvider;
use commerce_core::store::Store;
use commerce_outbox::RetryPolicy;

pub(crate) use awaited::AWAITED;
pub use books::LEDGER;
pub(crate) use books::consequences;
pub(crate) use error::{BETWEEN_STEPS, PaymentError};
pub(crate) use failed_refund::FailedRefund;
pub(crate) use orders::CopiedOrder;
pub use orders::ORDER_COPY;
pub use paying_out::PAYING_OUT;
pub(crate) use settle::{Notice, Recorded, Told};
pub use stray::{STRAY_MONEY, StrayMoney};

/// The scope of the claim that lets an order have one live payment.
pub(crate) const LIVE_PAYMENT: &str = "live-payment";

/// The payment service.
#[derive(Clone)]
pub struct Payments {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    provider: Arc<dyn PaymentProvider>,
    patience: Duration,
    paying_out: RetryPolicy,
}

impl Payments {
    /// On this store, with this provider, which is given up on for the moment after `patience`.
    pub fn new(
        store: Arc<dyn Store>,
        host: Arc<dyn Host>,
        provider: Arc<dyn PaymentProvider>,
        patience: Duration,
    ) -> Self {
        Self { store, host, provider, patience, paying_out: PAYING_OUT }
    }

    /// The provider is called by this policy to pay money out, as long as it doesn't answer. [`PAYING_OUT`] unless set.
    pub fn paying_out(self, paying_out: RetryPolicy) -> Self {
        Self { paying_out, ..self }
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}
