use commerce_core::commit::CommitError;
use commerce_core::error::Kind;
use commerce_core::event::CodecError;
use commerce_core::store::StoreError;

/// Why an idempotency key could not be looked up or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdempotencyError {
    /// The commit belongs to another tenant than the key. The caller is at fault.
    #[error("the answer to a request of tenant {ticket} can't be in a commit of tenant {commit}")]
    Tenant {
        /// Whose key it is.
        ticket: String,
        /// Whose commit it is.
        commit: String,
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

impl IdempotencyError {
    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Tenant { .. } | Self::Codec(_) => Kind::Bug,
            Self::Store(error) => error.kind(),
            Self::Commit(error) => error.kind(),
        }
    }
}
