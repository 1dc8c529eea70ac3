use commerce_core::commit::CommitError;
use commerce_core::error::Kind;
use commerce_core::event::CodecError;
use commerce_core::store::StoreError;

use crate::held::{HeldError, HeldState};

/// Why a dead letter could not be acted on. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeadLetterError {
    /// No held message has this id: it was handled, or discarded. Look at the list again.
    #[error("there is no held message {id}")]
    NotFound {
        /// What was asked for.
        id: String,
    },
    /// The message is held, but not dead: it is, or will be, tried again by itself. Wait.
    #[error("the message {id} is not dead but {}", state.as_str())]
    NotDead {
        /// Which message.
        id: String,
        /// What it is instead.
        state: HeldState,
    },
    /// Someone else acted on the message at the same time. Look at it again.
    #[error("someone else acted on the message {id} at the same time")]
    Raced {
        /// Which message.
        id: String,
    },
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A document could not be written as JSON. This crate is at fault.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl DeadLetterError {
    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } => Kind::NotFound,
            Self::NotDead { .. } | Self::Raced { .. } => Kind::Conflict,
            Self::Store(error) => error.kind(),
            Self::Commit(error) => error.kind(),
            Self::Codec(_) => Kind::Bug,
        }
    }
}

impl From<HeldError> for DeadLetterError {
    fn from(error: HeldError) -> Self {
        match error {
            HeldError::Store(error) => Self::Store(error),
            HeldError::Commit(error) => Self::Commit(error),
            HeldError::Codec(error) => Self::Codec(error),
        }
    }
}
