//! Why a payment was not processed or settled.

use std::time::Duration;

use commerce_core::commit::CommitError;
use commerce_core::event::CodecError;
use commerce_core::payment::PaymentRejection;
use commerce_core::store::StoreError;
use commerce_core::value::Money;
use commerce_outbox::HandleError;

/// What an amount is called that the provider can't move.
pub(crate) const BETWEEN_STEPS: &str = "amount_not_representable";

/// Why a payment was not processed or settled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentError {
    /// It doesn't stand where this can be done, or was asked for something else.
    #[error(transparent)]
    Rejected(#[from] PaymentRejection),
    /// The provider is out of order, and was not called.
    #[error("the payment provider is out of order")]
    CircuitOpen {
        /// When it is tried again.
        retry_after: Duration,
    },
    /// The provider has not said what became of the charge, or can't take it now.
    #[error("the payment provider can't say now what becomes of the payment")]
    ProviderUnavailable,
    /// The order was cancelled or has failed: nobody pays for it any more.
    #[error("the order was cancelled or has failed")]
    OrderEnded,
    /// A checkout has paid the order.
    #[error("the order is paid")]
    OrderPaid,
    /// The order costs something else.
    #[error("the order costs {total}")]
    AmountDiffers {
        /// What it costs now.
        total: Money,
    },
    /// Something else is said to be taken than was asked for.
    #[error("something else is said to be taken than the payment is of: an operator has to see to it")]
    CapturedDiffers,
    /// The provider counts the currency in larger steps: what is recorded could never be paid out.
    #[error("the payment provider can't give back {amount}: only multiples of {step}")]
    BetweenSteps {
        /// What was asked for.
        amount: Money,
        /// The smallest amount that it can move.
        step: Money,
    },
    /// The customer has not acted yet.
    #[error("the customer has yet to act at the payment provider")]
    RequiresAction,
    /// The store, or this program.
    #[error(transparent)]
    Handle(#[from] HandleError),
}

impl From<CommitError> for PaymentError {
    fn from(error: CommitError) -> Self {
        Self::Handle(error.into())
    }
}

impl From<StoreError> for PaymentError {
    fn from(error: StoreError) -> Self {
        Self::Handle(error.into())
    }
}

impl From<CodecError> for PaymentError {
    fn from(error: CodecError) -> Self {
        Self::Handle(error.into())
    }
}
