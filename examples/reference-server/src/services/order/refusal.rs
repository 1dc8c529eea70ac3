//! Why something can't be done with an order.

use commerce_core::error::{Kind, Refusal};
use commerce_core::event::CodecError;
use commerce_core::order::OrderRejection;
use commerce_core::store::StoreError;
use commerce_core::value::Violation;
use commerce_outbox::HandleError;
use commerce_saga::SagaError;

/// Why something can't be done with an order.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WayError {
    /// The order doesn't allow it.
    #[error(transparent)]
    Rejected(#[from] OrderRejection),
    /// Its checkout decides what becomes of it.
    #[error("the checkout is under way: look again once it has ended")]
    CheckoutInProgress,
    /// It is being cancelled.
    #[error("the order is being cancelled")]
    CancellationInProgress,
    /// Its cancellation has come to nothing.
    #[error("the order could not be cancelled: {0}")]
    CancellationRefused(String),
    /// The store failed.
    #[error(transparent)]
    Handle(#[from] HandleError),
}

impl From<StoreError> for WayError {
    fn from(error: StoreError) -> Self {
        Self::Handle(error.into())
    }
}

impl From<CodecError> for WayError {
    fn from(error: CodecError) -> Self {
        Self::Handle(error.into())
    }
}

impl From<SagaError> for WayError {
    fn from(error: SagaError) -> Self {
        Self::Handle(error.into())
    }
}

impl Refusal for WayError {
    fn kind(&self) -> Kind {
        match self {
            Self::Rejected(rejection) => rejection.kind(),
            Self::CheckoutInProgress | Self::CancellationInProgress | Self::CancellationRefused(_) => {
                Kind::Conflict
            }
            Self::Handle(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::CheckoutInProgress => "checkout_in_progress",
            Self::CancellationInProgress => "cancellation_in_progress",
            Self::CancellationRefused(_) => "cancellation_refused",
            Self::Handle(error) => error.code(),
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Handle(error) => error.sentence(),
            refusal => refusal.to_string(),
        }
    }

    fn violations(&self) -> &[Violation] {
        match self {
            Self::Rejected(rejection) => rejection.violations(),
            _ => &[],
        }
    }
}
