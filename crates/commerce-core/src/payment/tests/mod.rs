//! What a payment promises.

mod cancelling;
mod creating;
mod laws;
mod processing;
mod reading;
mod refunding;
mod requests;
mod settling;
mod values;

use uuid::Uuid;

use super::*;
use crate::Timestamp;
use crate::error::Kind;
use crate::id::{OrderId, PaymentId};
use crate::testing::{Given, given, test_context};
use crate::value::{Currency, Money};

/// The moment of [`test_context`].
pub(super) const NOON: Timestamp = Timestamp::from_micros(1_767_268_800_000_000);

pub(super) fn payment_id() -> PaymentId {
    PaymentId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001))
}

pub(super) fn order_id() -> OrderId {
    OrderId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002))
}

pub(super) fn refund_id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_9000_0000_0000_0000 + number)
}

pub(super) fn gbp(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}

pub(super) fn token() -> PaymentToken {
    PaymentToken::parse("tok_visa").unwrap()
}

pub(super) fn charge(id: &str) -> ExternalPaymentId {
    ExternalPaymentId::parse(id).unwrap()
}

pub(super) fn created() -> PaymentEvent {
    created_with(gbp(10_000))
}

pub(super) fn created_with(amount: Money) -> PaymentEvent {
    PaymentEvent::PaymentCreated {
        payment_id: payment_id(),
        order_id: order_id(),
        customer_id: None,
        amount,
        method: PaymentMethod::CreditCard,
        at: NOON,
    }
}

pub(super) fn started(attempt: u32) -> PaymentEvent {
    PaymentEvent::PaymentProcessingStarted { attempt, token: token(), at: NOON }
}

pub(super) fn succeeded() -> PaymentEvent {
    PaymentEvent::PaymentSucceeded { external_payment_id: charge("pi_1"), at: NOON }
}

pub(super) fn failed() -> PaymentEvent {
    PaymentEvent::PaymentFailed {
        code: "card_declined".to_owned(),
        reason: "the card was declined".to_owned(),
        at: NOON,
    }
}

pub(super) fn cancelled() -> PaymentEvent {
    PaymentEvent::PaymentCancelled { reason: "changed my mind".to_owned(), at: NOON }
}

pub(super) fn refunded(number: u128, minor: i64) -> PaymentEvent {
    PaymentEvent::PaymentRefunded {
        refund_id: refund_id(number),
        amount: gbp(minor),
        reason: "broken".to_owned(),
        at: NOON,
    }
}

pub(super) fn create(amount: Money) -> PaymentCommand {
    PaymentCommand::Create {
        payment_id: payment_id(),
        order_id: order_id(),
        customer_id: None,
        amount,
        method: PaymentMethod::CreditCard,
    }
}

pub(super) fn start(attempt: u32) -> PaymentCommand {
    PaymentCommand::StartProcessing { attempt, token: token() }
}

pub(super) fn succeed() -> PaymentCommand {
    PaymentCommand::Succeed { external_payment_id: charge("pi_1") }
}

pub(super) fn fail(code: &str) -> PaymentCommand {
    PaymentCommand::Fail { code: code.to_owned(), reason: "the card was declined".to_owned() }
}

pub(super) fn cancel() -> PaymentCommand {
    PaymentCommand::Cancel { reason: "changed my mind".to_owned() }
}

pub(super) fn refund(number: u128, minor: i64) -> PaymentCommand {
    refund_because(number, gbp(minor), "broken")
}

pub(super) fn refund_because(number: u128, amount: Money, reason: &str) -> PaymentCommand {
    PaymentCommand::Refund { refund_id: refund_id(number), amount, reason: reason.to_owned() }
}

pub(super) fn pending() -> Given<Payment> {
    given([created()])
}

pub(super) fn processing() -> Given<Payment> {
    given([created(), started(1)])
}

pub(super) fn paid() -> Given<Payment> {
    given([created(), started(1), succeeded()])
}

pub(super) fn failed_payment() -> Given<Payment> {
    given([created(), started(1), failed()])
}

pub(super) fn cancelled_payment() -> Given<Payment> {
    given([created(), cancelled()])
}

pub(super) fn partly_refunded() -> Given<Payment> {
    given([created(), started(1), succeeded(), refunded(1, 3_000)])
}

pub(super) fn fully_refunded() -> Given<Payment> {
    given([created(), started(1), succeeded(), refunded(1, 10_000)])
}

pub(super) fn wrong_state(action: PaymentAction, status: PaymentStatus) -> PaymentRejection {
    PaymentRejection::WrongState { action, status }
}

/// Pointer and code of each fault.
pub(super) fn faults(payment: &Payment, command: PaymentCommand) -> Vec<(String, &'static str)> {
    let rejection = crate::Aggregate::decide(payment, command, &test_context())
        .expect_err("the command should be refused");
    assert_eq!(rejection.kind(), Kind::Invalid, "{rejection}");
    rejection.violations().iter().map(|fault| (fault.pointer.clone(), fault.code)).collect()
}

/// The one fault expected at a place.
pub(super) fn fault(pointer: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(pointer.to_owned(), code)]
}
