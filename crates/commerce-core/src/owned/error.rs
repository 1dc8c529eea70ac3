use crate::commit::{CommitError, Conflict};
use crate::error::Kind;
use crate::event::CodecError;
use crate::store::StoreError;

/// Why a decision was not made, or not written. `E` is what the deciding function refuses with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnedError<E> {
    /// The deciding function refused. Nothing is written.
    #[error("{0}")]
    Rejected(E),
    /// Others were faster each time. Nothing is written; try again later.
    #[error("others were faster {attempts} times{}", last.as_ref().map(|last| format!(": {last}")).unwrap_or_default())]
    Contended {
        /// How often it was tried.
        attempts: u32,
        /// What came in between the last time.
        last: Option<Conflict>,
    },
    /// The decision has events for an aggregate that it was not given. The deciding function is at fault.
    #[error("{0} was decided on without having been asked for")]
    NotAskedFor(String),
    /// An aggregate could not be read. Nothing is written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not write it, or can't tell whether it did.
    #[error(transparent)]
    Commit(CommitError),
    /// An event can't be written down. The author of its type is at fault. Nothing is written.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl<E> OwnedError<E> {
    /// What a caller can do about it. For a rejection it is [`Kind::Invalid`]; the rejection itself may know better.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Rejected(_) => Kind::Invalid,
            Self::Contended { .. } => Kind::Conflict,
            Self::NotAskedFor(_) | Self::Codec(_) => Kind::Bug,
            Self::Store(error) => error.kind(),
            Self::Commit(error) => error.kind(),
        }
    }
}
