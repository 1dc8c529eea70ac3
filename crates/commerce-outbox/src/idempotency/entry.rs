use commerce_core::Timestamp;
use commerce_core::commit::{DocumentWrite, Expected};
use commerce_core::event::CodecError;
use commerce_core::stream::Version;
use serde::{Deserialize, Serialize};

pub(super) const COLLECTION: &str = "idempotency";

/// What is known of a key. It is only deleted once it has expired: a document that is deleted starts again at version
/// zero, and a holder that was thought lost must not take the new one for its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) state: State,
    pub(super) expires_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Someone is at it, or was lost over it.
    Running { fingerprint: String, locked_until: Timestamp },
    /// It has its answer.
    Done { fingerprint: String, answer: Answer },
    /// Whoever was at it gave it up.
    Free,
}

/// Bytes, as readable text where they are text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<Vec<u8>> for Answer {
    fn from(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Self::Bytes(error.into_bytes()), Self::Text)
    }
}

impl Answer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl Entry {
    pub(super) fn write(&self, id: &str, expected: Version) -> Result<DocumentWrite, CodecError> {
        let write = DocumentWrite::json(COLLECTION, id, Expected::Version(expected), self)?;
        Ok(write.field("expires_at", self.expires_at))
    }
}

/// What a look at a key tells.
#[derive(Debug, PartialEq)]
pub(super) enum Finding {
    /// It may be taken.
    Open,
    Replay(Vec<u8>),
    InProgress,
    Mismatch,
}

/// What an entry means for a request that comes now. At the very moment of its end a lock is free.
pub(super) fn look(entry: Entry, fingerprint: &str, now: Timestamp) -> Finding {
    if entry.expires_at <= now {
        return Finding::Open;
    }
    match entry.state {
        State::Free => Finding::Open,
        State::Running { fingerprint: theirs, .. } | State::Done { fingerprint: theirs, .. }
            if theirs != fingerprint =>
        {
            Finding::Mismatch
        }
        State::Running { locked_until, .. } if locked_until <= now => Finding::Open,
        State::Running { .. } => Finding::InProgress,
        State::Done { answer, .. } => Finding::Replay(answer.into_bytes()),
    }
}
