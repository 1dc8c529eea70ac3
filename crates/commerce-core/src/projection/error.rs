use crate::commit::CommitError;
use crate::error::Kind;
use crate::event::CodecError;
use crate::store::StoreError;
use crate::stream::{Position, StreamId};

/// Why a projection could not take an event in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// The store could not be read, or a document or event in it can't be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document can't be written down. The author of its type is at fault.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The collection is none of the projection's: name it in `collections`.
    #[error("{0:?} is none of the projection's collections")]
    NotItsCollection(String),
    /// The handler's own reason.
    #[error(transparent)]
    Other(#[from] Box<dyn std::error::Error + Send + Sync>),
}

impl ProjectionError {
    /// What a caller can do about it. The handler's own reasons count as terminal: the same event will meet them again.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Codec(_) | Self::NotItsCollection(_) => Kind::Bug,
            Self::Other(_) => Kind::Terminal,
        }
    }
}

/// Why a projection did not get on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The projection could not take an event in. All events before it are taken in, nothing of it is. Mend the
    /// projection; a retryable `source` may mend itself.
    #[error("{projection} can't take in {event_type} of {stream} at position {position}: {source}")]
    Event {
        /// The projection.
        projection: String,
        /// The type of event.
        event_type: String,
        /// Whose event it is.
        stream: StreamId,
        /// Its place in the log; zero for one that is just being written.
        position: Position,
        /// What the projection said.
        source: ProjectionError,
    },
    /// Another does the same work and was faster. Nothing is written; go on from where it has come to.
    #[error("another has moved {projection} on")]
    Overtaken {
        /// The projection.
        projection: String,
    },
    /// The read model was written by an older version of the projection: rebuild it.
    #[error("{projection} was built by version {built}, this program has version {here}: rebuild it")]
    NeedsRebuild {
        /// The projection.
        projection: String,
        /// The version that wrote it.
        built: u32,
        /// The version of this program.
        here: u32,
    },
    /// The read model was written by a newer version of the projection, so this program is too old to go on with it.
    /// Nothing is wrong with what is stored: use the newer program. To go back to this one for good, rebuild.
    #[error("{projection} was built by version {built}, and this program is too old: it has version {here}")]
    BuiltByNewer {
        /// The projection.
        projection: String,
        /// The version that wrote it.
        built: u32,
        /// The version of this program.
        here: u32,
    },
    /// The read model is written inline, or is not: two ways at once would take each event in twice. The caller is
    /// at fault.
    #[error("{projection} is {} already", if *.inline { "written inline" } else { "caught up by a projector" })]
    OtherWay {
        /// The projection.
        projection: String,
        /// Whether it is written inline.
        inline: bool,
    },
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not write, or can't tell whether it did: going on from the checkpoint is right in both cases.
    #[error(transparent)]
    Commit(CommitError),
    /// The state of the projection can't be written down.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl Error {
    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Event { source, .. } => source.kind(),
            Self::Overtaken { .. } => Kind::Conflict,
            Self::NeedsRebuild { .. } | Self::BuiltByNewer { .. } => Kind::Terminal,
            Self::OtherWay { .. } | Self::Codec(_) => Kind::Bug,
            Self::Store(error) => error.kind(),
            Self::Commit(error) => error.kind(),
        }
    }

    pub(super) fn overtaken(projection: &str) -> Self {
        Self::Overtaken { projection: projection.to_owned() }
    }

    /// A conflict means that another has done the work.
    pub(super) fn from_commit(projection: &str, error: CommitError) -> Self {
        match error {
            CommitError::Conflict(_) => Self::overtaken(projection),
            error => Self::Commit(error),
        }
    }

    pub(super) fn at(
        projection: &str,
        event: &crate::stream::RecordedEvent,
        source: ProjectionError,
    ) -> Self {
        Self::Event {
            projection: projection.to_owned(),
            event_type: event.event_type.to_string(),
            stream: event.stream.clone(),
            position: event.position,
            source,
        }
    }
}
