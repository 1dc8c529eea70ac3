//! Why a command on a payment was refused.

use std::fmt;

use uuid::Uuid;

use super::{ExternalPaymentId, PaymentStatus};
use crate::error::Kind;
use crate::id::PaymentId;
use crate::value::{Money, Violation};

/// Why a command on a payment was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PaymentRejection {
    /// Nothing was created under this id. The caller is at fault, or too early.
    #[error("there is no such payment")]
    NotFound,
    /// It was created before: read it.
    #[error("payment {payment_id} exists already")]
    AlreadyExists {
        /// The payment that exists.
        payment_id: PaymentId,
    },
    /// The input can't be right: change what the violations point at.
    #[error("the request is invalid: {}", sentences(.0))]
    Invalid(Vec<Violation>),
    /// The payment doesn't stand where this can be done.
    #[error("a payment that is {status} can't be {action}")]
    WrongState {
        /// What was asked for.
        action: PaymentAction,
        /// Where the payment stands.
        status: PaymentStatus,
    },
    /// The attempt is neither the current nor the next one: another worker has gone on, or one was left out.
    #[error("attempt {given} can't follow attempt {current}")]
    AttemptOutOfOrder {
        /// The attempt under way; 0 before the first.
        current: u32,
        /// The attempt that was announced.
        given: u32,
    },
    /// A payment is processed with one token only.
    #[error("the payment is being processed with another token")]
    TokenDiffers,
    /// The payment succeeded as another charge: one of the two took money twice. Compare with the provider.
    #[error("the payment succeeded as {recorded}, not as {given}")]
    ExternalPaymentIdDiffers {
        /// The charge on record.
        recorded: ExternalPaymentId,
        /// The charge that was reported.
        given: ExternalPaymentId,
    },
    /// The payment failed under another code before.
    #[error("the payment failed with {recorded}, not with {given}")]
    FailedOtherwise {
        /// The code on record.
        recorded: String,
        /// The code that was reported.
        given: String,
    },
    /// A refund id names one refund of one amount: take a new id for a new refund.
    #[error("refund {refund_id} gave back {recorded}, not {given}")]
    RefundIdReused {
        /// The refund.
        refund_id: Uuid,
        /// Its amount on record.
        recorded: Money,
        /// The amount that was asked for.
        given: Money,
    },
    /// Less is left than was asked for.
    #[error("{requested} can't be refunded, {remaining} is left")]
    RefundExceedsRemaining {
        /// What was asked for.
        requested: Money,
        /// What can still be given back.
        remaining: Money,
    },
}

fn sentences(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl PaymentRejection {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "payment_not_found",
            Self::AlreadyExists { .. } => "payment_already_exists",
            Self::Invalid(_) => "invalid",
            Self::WrongState { .. } => "wrong_state",
            Self::AttemptOutOfOrder { .. } => "attempt_out_of_order",
            Self::TokenDiffers => "token_differs",
            Self::ExternalPaymentIdDiffers { .. } => "external_payment_id_differs",
            Self::FailedOtherwise { .. } => "failed_otherwise",
            Self::RefundIdReused { .. } => "refund_id_reused",
            Self::RefundExceedsRemaining { .. } => "refund_exceeds_remaining",
        }
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::Invalid(_) => Kind::Invalid,
            Self::AlreadyExists { .. }
            | Self::WrongState { .. }
            | Self::AttemptOutOfOrder { .. }
            | Self::TokenDiffers
            | Self::ExternalPaymentIdDiffers { .. }
            | Self::FailedOtherwise { .. }
            | Self::RefundIdReused { .. }
            | Self::RefundExceedsRemaining { .. } => Kind::Conflict,
        }
    }

    /// Every fault of the input; empty when it was refused for another reason.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) => violations,
            _ => &[],
        }
    }
}

/// What was asked of a payment, in a rejection's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PaymentAction {
    /// [`PaymentCommand::StartProcessing`](super::PaymentCommand::StartProcessing)
    Process,
    /// [`PaymentCommand::Succeed`](super::PaymentCommand::Succeed)
    Succeed,
    /// [`PaymentCommand::Fail`](super::PaymentCommand::Fail)
    Fail,
    /// [`PaymentCommand::Cancel`](super::PaymentCommand::Cancel)
    Cancel,
    /// [`PaymentCommand::Refund`](super::PaymentCommand::Refund)
    Refund,
}

impl fmt::Display for PaymentAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Process => "processed",
            Self::Succeed => "marked as succeeded",
            Self::Fail => "marked as failed",
            Self::Cancel => "cancelled",
            Self::Refund => "refunded",
        })
    }
}
