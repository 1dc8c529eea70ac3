use super::{ClaimKey, CommitId};
use crate::error::Kind;
use crate::stream::{Position, StreamId, Version};

/// Why a commit was not applied although nothing was wrong with it: someone else was faster.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// A stream has another version than was expected.
    #[error("stream {stream} is at version {actual}, not {expected}")]
    Stream {
        /// The stream.
        stream: StreamId,
        /// What the commit counted on.
        expected: Version,
        /// What is there.
        actual: Version,
    },
    /// A document has another version than was expected.
    #[error("document {collection}/{id} is at version {actual}, not {expected}")]
    Document {
        /// Its collection.
        collection: String,
        /// Its id.
        id: String,
        /// What the commit counted on.
        expected: Version,
        /// What is there.
        actual: Version,
    },
    /// A claim is taken.
    #[error("{} {:?} is taken by commit {by}", key.scope, key.key)]
    Claim {
        /// What is claimed.
        key: ClaimKey,
        /// By which commit it is held.
        by: CommitId,
        /// The answer that was left with it.
        answer: Option<Vec<u8>>,
    },
    /// Another has moved the checkpoint.
    #[error("reader {reader} stands at {actual}, not at {expected}")]
    Checkpoint {
        /// Who reads.
        reader: String,
        /// What the commit counted on.
        expected: Position,
        /// What is there.
        actual: Position,
    },
    /// A lease was lost: another holds it, or no one does any more.
    #[error("the lease {name} is no longer held under token {token}")]
    Fenced {
        /// The lease.
        name: String,
        /// The token the commit came with.
        token: u64,
    },
    /// A commit that this one requires was not applied: it failed, was never handed over, or has been pruned.
    #[error("commit {commit}, which this one requires, was not applied")]
    Required {
        /// The commit that is missing, the first of them.
        commit: CommitId,
    },
}

/// Why a commit was not applied, or can't be known to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Someone else was faster. Nothing is written. Read again and decide again.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// No store can apply it. Nothing is written. The caller is at fault.
    #[error("{0}")]
    Invalid(String),
    /// The store rolled it back, for a reason that may pass. Nothing is written. Try again.
    #[error("the store could not write: {source}")]
    RolledBack {
        /// What the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store refuses it, and will again. Nothing is written.
    #[error("the store refuses the commit: {source}")]
    Refused {
        /// What the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer was lost. Ask [`Store::outcome`](crate::store::Store::outcome); never just try again.
    #[error("whether commit {id} was written is not known: {source}")]
    Unknown {
        /// The commit to ask for.
        id: CommitId,
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl CommitError {
    /// What a caller can do about it. [`Unknown`](Self::Unknown) is [`Kind::Retryable`] too, but the commit may have been
    /// applied: look its outcome up before it is sent again, under the same id.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Conflict(_) => Kind::Conflict,
            Self::Invalid(_) => Kind::Bug,
            Self::RolledBack { .. } | Self::Unknown { .. } => Kind::Retryable,
            Self::Refused { .. } => Kind::Terminal,
        }
    }

    /// The conflict, if it is one.
    pub fn conflict(&self) -> Option<&Conflict> {
        match self {
            Self::Conflict(conflict) => Some(conflict),
            _ => None,
        }
    }
}
