//! Why a guarded call brought nothing.

use std::time::Duration;

use commerce_core::error::Kind;

/// Why a call through a breaker brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError<E> {
    /// The call was not begun: too many before it failed.
    #[error("too many calls failed; the next is tried in {retry_after:?}")]
    Open {
        /// For how long no call is begun. While a probe is under way: the whole cool-down.
        retry_after: Duration,
    },
    /// The call was made and failed.
    #[error(transparent)]
    Failed(E),
}

impl<E> CallError<E> {
    /// Whether for certain the call was not begun.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// `circuit_open`, or `call_failed`: the error within says more.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open { .. } => "circuit_open",
            Self::Failed(_) => "call_failed",
        }
    }

    /// [`Kind::Retryable`] for a call that was not begun; what a call's own failure is, only the caller knows.
    pub fn kind_or(&self, of: impl FnOnce(&E) -> Kind) -> Kind {
        match self {
            Self::Open { .. } => Kind::Retryable,
            Self::Failed(error) => of(error),
        }
    }
}
