//! What is shared by the tests of the port to providers.

mod amounts;
mod driven;
mod error;
mod fake;
mod next_step;
mod webhook;

use std::sync::Arc;

use futures_util::FutureExt;

use super::*;
use crate::Aggregate;
use crate::error::Kind;
use crate::payment::tests::*;
use crate::payment::{
    ExternalPaymentId, IdempotencyKey, Payment, PaymentCommand, PaymentStatus, PaymentToken,
};
use crate::testing::{given, test_context};
use crate::value::Money;

fn request(token: &str, attempt: u32) -> CaptureRequest {
    CaptureRequest {
        key: IdempotencyKey::capture(payment_id(), attempt),
        payment_id: payment_id(),
        amount: gbp(10_000),
        token: PaymentToken::parse(token).unwrap(),
        attempt,
    }
}

/// The answer, if there is one.
fn capture(token: &str, attempt: u32) -> Option<Result<Captured, ProviderError>> {
    FakeProvider.capture(&request(token, attempt)).now_or_never()
}

fn find(token: &str, attempt: u32) -> Option<ChargeState> {
    FakeProvider.find(&request(token, attempt)).now_or_never().unwrap().unwrap()
}

fn cancel(token: &str, attempt: u32) -> Cancellation {
    FakeProvider.cancel(&request(token, attempt)).now_or_never().unwrap().unwrap()
}

fn unknown() -> ProviderError {
    ProviderError::Unknown { reason: "timed out".to_owned() }
}

/// This much was taken.
fn captured(amount: Option<Money>) -> Captured {
    Captured { external_payment_id: charge("pi_1"), amount }
}
