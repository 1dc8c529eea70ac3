//! The rules: what a command leads to.

use uuid::Uuid;

use super::opened::Opened;
use super::{
    ExternalPaymentId, PaymentAction, PaymentCommand, PaymentEvent, PaymentMethod, PaymentRejection,
    PaymentStatus, PaymentToken,
};
use crate::id::{CustomerId, OrderId, PaymentId};
use crate::time::Timestamp;
use crate::value::{Currency, Money, Violation, text};

type Decision = Result<Vec<PaymentEvent>, PaymentRejection>;

/// A payment is below this many major units of its currency.
const AMOUNT_LIMIT: i64 = 1_000_000;
/// The longest code of a provider that is kept, in characters.
const LONGEST_CODE: usize = 100;
/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;
/// The code of a failure to which the provider gave none.
const UNSPECIFIED: &str = "unspecified";

/// Opens a payment.
pub(super) fn create(
    payment_id: PaymentId,
    order_id: OrderId,
    customer_id: Option<CustomerId>,
    amount: Money,
    method: PaymentMethod,
    at: Timestamp,
) -> Decision {
    check_amount(amount).map_err(|violation| PaymentRejection::Invalid(vec![violation]))?;
    Ok(vec![PaymentEvent::PaymentCreated { payment_id, order_id, customer_id, amount, method, at }])
}

/// That a payment can be of this amount.
pub(super) fn check_amount(amount: Money) -> Result<(), Violation> {
    let limit = limit(amount.currency());
    if !amount.is_positive() {
        return Err(not_positive(amount));
    }
    if amount.minor() >= limit.minor() {
        return Err(Violation::new("/amount", "too_large", format!("{amount} is not below {limit}")));
    }
    Ok(())
}

/// The least amount that is too much.
fn limit(currency: Currency) -> Money {
    let minor = 10_i64.saturating_pow(currency.exponent()).saturating_mul(AMOUNT_LIMIT);
    Money::from_minor(minor, currency)
}

fn not_positive(amount: Money) -> Violation {
    Violation::new("/amount", "must_be_positive", format!("{amount} is not more than nothing"))
}

impl Opened {
    pub(super) fn decide(&self, command: PaymentCommand, at: Timestamp) -> Decision {
        match command {
            PaymentCommand::Create { .. } => {
                Err(PaymentRejection::AlreadyExists { payment_id: self.payment_id })
            }
            PaymentCommand::StartProcessing { attempt, token } => self.start_processing(attempt, token, at),
            PaymentCommand::Succeed { external_payment_id } => self.succeed(external_payment_id, at),
            PaymentCommand::Fail { code, reason } => self.fail(&code, &reason, at),
            PaymentCommand::Cancel { reason } => self.cancel(&reason, at),
            PaymentCommand::Refund { refund_id, amount, reason } => {
                self.refund(refund_id, amount, &reason, at)
            }
        }
    }

    fn start_processing(&self, attempt: u32, token: PaymentToken, at: Timestamp) -> Decision {
        let processing = self.status == PaymentStatus::Processing;
        if !processing && self.status != PaymentStatus::Pending {
            return self.wrong_state(PaymentAction::Process);
        }
        if self.token.as_ref().is_some_and(|known| *known != token) {
            return Err(PaymentRejection::TokenDiffers);
        }
        if processing && attempt == self.attempt {
            return Ok(vec![]);
        }
        if self.attempt.checked_add(1) != Some(attempt) {
            return Err(PaymentRejection::AttemptOutOfOrder { current: self.attempt, given: attempt });
        }
        Ok(vec![PaymentEvent::PaymentProcessingStarted { attempt, token, at }])
    }

    fn succeed(&self, given: ExternalPaymentId, at: Timestamp) -> Decision {
        match &self.external_payment_id {
            // A webhook may report again what has been refunded since.
            Some(recorded) if *recorded == given => Ok(vec![]),
            Some(recorded) => {
                Err(PaymentRejection::ExternalPaymentIdDiffers { recorded: recorded.clone(), given })
            }
            None if self.status == PaymentStatus::Processing => {
                Ok(vec![PaymentEvent::PaymentSucceeded { external_payment_id: given, at }])
            }
            None => self.wrong_state(PaymentAction::Succeed),
        }
    }

    fn fail(&self, code: &str, reason: &str, at: Timestamp) -> Decision {
        let code = match cut(code, LONGEST_CODE) {
            code if code.is_empty() => UNSPECIFIED.to_owned(),
            code => code,
        };
        match &self.failure {
            Some(recorded) if recorded.code == code => Ok(vec![]),
            Some(recorded) => {
                Err(PaymentRejection::FailedOtherwise { recorded: recorded.code.clone(), given: code })
            }
            None if self.status == PaymentStatus::Processing => {
                let reason = cut(reason, LONGEST_REASON);
                Ok(vec![PaymentEvent::PaymentFailed { code, reason, at }])
            }
            None => self.wrong_state(PaymentAction::Fail),
        }
    }

    fn cancel(&self, reason: &str, at: Timestamp) -> Decision {
        match self.status {
            PaymentStatus::Cancelled => Ok(vec![]),
            PaymentStatus::Pending | PaymentStatus::Processing => {
                let reason = text("/reason", reason, 1, LONGEST_REASON)
                    .map_err(|violation| PaymentRejection::Invalid(vec![violation]))?;
                Ok(vec![PaymentEvent::PaymentCancelled { reason, at }])
            }
            _ => self.wrong_state(PaymentAction::Cancel),
        }
    }

    fn refund(&self, refund_id: Uuid, amount: Money, reason: &str, at: Timestamp) -> Decision {
        if !self.status.is_captured() {
            return self.wrong_state(PaymentAction::Refund);
        }
        match self.refunds.get(&refund_id) {
            Some(recorded) if recorded.amount == amount => return Ok(vec![]),
            Some(recorded) => {
                let recorded = recorded.amount;
                return Err(PaymentRejection::RefundIdReused { refund_id, recorded, given: amount });
            }
            None => {}
        }
        let reason = self.check_refund(amount, reason)?;
        let remaining = self.refundable();
        if amount.minor() > remaining.minor() {
            return Err(PaymentRejection::RefundExceedsRemaining { requested: amount, remaining });
        }
        Ok(vec![PaymentEvent::PaymentRefunded { refund_id, amount, reason, at }])
    }

    /// Every fault of a new refund that doesn't depend on what is left; the trimmed reason when there is none.
    fn check_refund(&self, amount: Money, reason: &str) -> Result<String, PaymentRejection> {
        let mut violations = Vec::new();
        if !amount.is_positive() {
            violations.push(not_positive(amount));
        }
        if amount.currency() != self.amount.currency() {
            let detail = format!("{amount} can't be given back of {}", self.amount);
            violations.push(Violation::new("/amount/currency", "currency_mismatch", detail));
        }
        let reason = text("/reason", reason, 1, LONGEST_REASON)
            .map_err(|violation| violations.push(violation))
            .unwrap_or_default();
        if violations.is_empty() { Ok(reason) } else { Err(PaymentRejection::Invalid(violations)) }
    }

    fn wrong_state(&self, action: PaymentAction) -> Decision {
        Err(PaymentRejection::WrongState { action, status: self.status })
    }
}

/// The text without blanks around it, no more than that many characters of it, and a blank for each control character,
/// some of which databases refuse.
fn cut(text: &str, longest: usize) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(visible).collect::<String>().trim().chars().take(longest).collect()
}
