use crate::commit::{CommitError, Conflict};
use crate::error::Kind;
use crate::store::StoreError;

/// Why a command was not carried out. `R` is the domain's rejection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error<R> {
    /// The domain refuses the command. The caller is at fault; the rejection says how.
    #[error("{0}")]
    Rejected(R),
    /// Others were faster, each time. Nothing is written; try again, less often at once.
    #[error(transparent)]
    Conflict(Conflict),
    /// The aggregate could not be read. Nothing is written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not write it, or can't tell whether it did.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl<R> Error<R> {
    /// What a caller can do about it. For a rejection it is [`Kind::Invalid`]; the rejection itself may know better.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Rejected(_) => Kind::Invalid,
            Self::Conflict(_) => Kind::Conflict,
            Self::Store(error) => error.kind(),
            Self::Commit(error) => error.kind(),
        }
    }
}
