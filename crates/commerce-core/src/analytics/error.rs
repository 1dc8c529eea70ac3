use uuid::Uuid;

use super::faults_as_sentence;
use crate::error::Kind;
use crate::event::CodecError;
use crate::store::StoreError;
use crate::value::{MoneyError, Violation};

/// Why an event of another service could not be taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TakeInError {
    /// The event can't be read: it is damaged, or of a newer version than this program.
    #[error("an event of another service can't be taken in: {source}")]
    Event {
        /// The event.
        event_id: Uuid,
        /// What is wrong with it.
        source: StoreError,
    },
    /// The id of its stream is none of an order, payment or product. Whoever published it is at fault.
    #[error("event {event_id} of {stream} can't be taken in: {source}")]
    Subject {
        /// The event.
        event_id: Uuid,
        /// Its stream.
        stream: String,
        /// What is wrong with the id.
        source: uuid::Error,
    },
    /// The fact can't be written down. This program is at fault.
    #[error("a fact can't be written: {0}")]
    Fact(#[source] CodecError),
}

impl TakeInError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Event { .. } => "unreadable_event",
            Self::Subject { .. } => "unreadable_stream_id",
            Self::Fact(_) => "unwritable_fact",
        }
    }

    /// What the caller can do: keep the message for an operator.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Event { .. } | Self::Subject { .. } => Kind::Terminal,
            Self::Fact(_) => Kind::Bug,
        }
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The question can't be right: everything that is wrong with it. Ask another.
    #[error("{}", faults_as_sentence(.0))]
    Invalid(Vec<Violation>),
    /// A sum is beyond what money can say. It is kept exactly, and can be asked for in smaller periods.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    /// A stable code, fit for an API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid_query",
            Self::Money(error) => error.code(),
            Self::Store(_) => "store_unavailable",
        }
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Invalid(_) => Kind::Invalid,
            // Asking the same again gives the same.
            Self::Money(_) => Kind::Terminal,
            Self::Store(error) => error.kind(),
        }
    }
}
