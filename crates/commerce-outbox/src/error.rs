use std::error::Error;

use commerce_core::commit::{CommitError, Conflict};
use commerce_core::error::{Kind, Refusal};
use commerce_core::event::CodecError;
use commerce_core::owned::OwnedError;
use commerce_core::repository;
use commerce_core::store::StoreError;

/// So much of an error is kept with a message, in characters: it is written each time that is, and read by people.
const LONGEST: usize = 2_000;
/// So many sources of an error are asked at most: nothing keeps one from naming itself.
const SOURCES: usize = 32;

/// Why a message was not handled. Its kind decides what happens: a conflict is decided anew at once, what is
/// retryable waits, everything else is dead at once. What [can't be handled yet](Self::not_yet) waits for as long as it takes.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct HandleError {
    kind: Kind,
    not_yet: bool,
    source: Box<dyn Error + Send + Sync>,
}

impl HandleError {
    /// An error of this kind.
    pub fn new(kind: Kind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, not_yet: false, source: source.into() }
    }

    /// May succeed later.
    pub fn retryable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Kind::Retryable, source)
    }

    /// Nothing is wrong, but something else has to happen first, however long that takes: the message comes again after waits
    /// that grow as with any other error, and is never given up for it. Those of its key wait behind it.
    ///
    /// ```
    /// # use commerce_outbox::HandleError;
    /// # let checkout_has_ended = false;
    /// let handled = if checkout_has_ended { Ok(()) } else { Err(HandleError::not_yet("the checkout is under way")) };
    /// # assert!(handled.is_err_and(|error| error.is_not_yet()));
    /// ```
    pub fn not_yet(what: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { not_yet: true, ..Self::retryable(what) }
    }

    /// Will never succeed.
    pub fn terminal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Kind::Terminal, source)
    }

    /// The conflict that the commit met, if that is what it was: the error itself, or one that it names as its
    /// [source](Error::source).
    pub fn conflict(&self) -> Option<&Conflict> {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&*self.source);
        while let Some(error) = cause {
            let of_commit = error.downcast_ref::<CommitError>().and_then(CommitError::conflict);
            if let Some(conflict) = of_commit.or_else(|| error.downcast_ref()) {
                return Some(conflict);
            }
            cause = error.source();
        }
        None
    }

    /// What it says, and what its sources add to that: the first sentence alone seldom tells an operator what to mend.
    pub(crate) fn in_full(&self) -> String {
        let mut said = self.to_string();
        let mut cause = self.source.source();
        for _ in 0..SOURCES {
            let Some(error) = cause else { break };
            let more = error.to_string();
            // Many say themselves what their source says.
            if !said.contains(&more) {
                said = format!("{said}: {more}");
            }
            cause = error.source();
        }
        if let Some((end, _)) = said.char_indices().nth(LONGEST) {
            said.truncate(end);
        }
        said
    }

    /// Whether it is no failure, but [has to wait](Self::not_yet).
    pub fn is_not_yet(&self) -> bool {
        self.not_yet
    }

    /// What happens next.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl Refusal for HandleError {
    fn kind(&self) -> Kind {
        self.kind
    }
    fn code(&self) -> &'static str {
        match self.kind {
            Kind::Conflict => "version_conflict",
            Kind::Retryable => "store_unavailable",
            _ => "internal_error",
        }
    }
    fn sentence(&self) -> String {
        let sentence = match self.kind {
            Kind::Conflict => "it was changed at the same time: read it again",
            _ => "it can't be done now: try again",
        };
        sentence.to_owned()
    }
}

impl From<CommitError> for HandleError {
    fn from(error: CommitError) -> Self {
        Self::new(error.kind(), error)
    }
}

impl From<StoreError> for HandleError {
    fn from(error: StoreError) -> Self {
        Self::new(error.kind(), error)
    }
}

impl From<CodecError> for HandleError {
    fn from(error: CodecError) -> Self {
        Self::new(Kind::Bug, error)
    }
}

/// As [`OwnedError::kind`] has it: a rejection is of [`Kind::Invalid`]. Whoever rejects for another reason looks at it first.
impl<E: Error + Send + Sync + 'static> From<OwnedError<E>> for HandleError {
    fn from(error: OwnedError<E>) -> Self {
        match error {
            OwnedError::Commit(error) => error.into(),
            error => Self::new(error.kind(), error),
        }
    }
}

/// As [`repository::Error::kind`] has it: a rejection is of [`Kind::Invalid`]. Whoever rejects for another reason looks at it
/// first.
impl<R: Error + Send + Sync + 'static> From<repository::Error<R>> for HandleError {
    fn from(error: repository::Error<R>) -> Self {
        match error {
            repository::Error::Commit(error) => error.into(),
            repository::Error::Conflict(conflict) => Self::new(Kind::Conflict, conflict),
            error => Self::new(error.kind(), error),
        }
    }
}

/// Why a bus could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BusError {
    /// The bus or its store can't be reached. It may work later.
    #[error("the bus is unavailable: {source}")]
    Unavailable {
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A message on the bus can't be read. An operator must look.
    #[error("a message at {at} can't be read: {source}")]
    Damaged {
        /// Where it is.
        at: String,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A member of the group takes other topics. It works once that one has gone.
    #[error(
        "a member of the group {group} takes {}, and this one {}: all have to take the same, as what one passes over no \
         other gets; this one waits until those that were there before have gone",
        all_of(theirs),
        all_of(ours)
    )]
    OtherTopics {
        /// Which group.
        group: String,
        /// The topics that it takes; all if there is none.
        theirs: Vec<String>,
        /// The topics that this one was to take; all if there is none.
        ours: Vec<String>,
    },
    /// A consumer can't write down one of its messages, or holds of them what can't be read: trying again would not help.
    /// Nothing is lost: what was not done comes again once a member of the group runs. An operator must look.
    #[error("the consumer of the group {group} can't go on, as {what}: {source}")]
    Stuck {
        /// Which group.
        group: String,
        /// What can't be done.
        what: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A consumer has nothing to do.
    #[error("the consumer of the group {group} has no handlers: give it some before it runs")]
    NoHandlers {
        /// Which group.
        group: String,
    },
}

fn all_of(topics: &[String]) -> String {
    if topics.is_empty() { "all topics".to_owned() } else { format!("the topics {}", topics.join(", ")) }
}

impl BusError {
    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unavailable { .. } | Self::OtherTopics { .. } => Kind::Retryable,
            Self::Damaged { .. } | Self::Stuck { .. } => Kind::Terminal,
            Self::NoHandlers { .. } => Kind::Bug,
        }
    }
}

impl From<StoreError> for BusError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged { what, source } => Self::Damaged { at: what, source },
            error => Self::Unavailable { source: error.into() },
        }
    }
}

impl From<CommitError> for BusError {
    fn from(error: CommitError) -> Self {
        Self::Unavailable { source: error.into() }
    }
}
