//! Stripe's adapter against a server that speaks Stripe's API and goes wrong on demand.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, missing_docs, unreachable_pub)]
#![cfg(feature = "stripe")]

mod actions;
mod amounts;
mod answers;
mod faults;
mod server;

use std::time::Duration;

use commerce_adapters::resilience::BreakerOptions;
use commerce_adapters::stripe::{Stripe, StripeOptions};
use commerce_core::id::PaymentId;
use commerce_core::payment::{CaptureRequest, IdempotencyKey, PaymentToken};
use commerce_core::value::{Currency, Money};
use server::Server;

/// How long a client of these tests waits.
const PATIENCE: Duration = Duration::from_millis(200);

fn options(server: &Server) -> StripeOptions {
    StripeOptions {
        base_url: server.url.clone(),
        return_url: None,
        timeout: server.patience,
        retries: 2,
        backoff: Duration::from_millis(1),
        breaker: BreakerOptions { failures: 1000, ..BreakerOptions::default() },
    }
}

fn stripe(options: &StripeOptions) -> Stripe {
    Stripe::new("sk_test_right".to_owned().into(), options).unwrap()
}

async fn at_the_till() -> (Server, Stripe) {
    let server = Server::start(PATIENCE).await;
    let stripe = stripe(&options(&server));
    (server, stripe)
}

fn payment_id() -> PaymentId {
    "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap()
}

fn request(token: &str) -> CaptureRequest {
    attempt(token, 1)
}

fn attempt(token: &str, attempt: u32) -> CaptureRequest {
    CaptureRequest {
        key: IdempotencyKey::capture(payment_id(), attempt),
        payment_id: payment_id(),
        amount: Money::from_minor(1234, Currency::GBP),
        token: PaymentToken::parse(token).unwrap(),
        attempt,
    }
}
