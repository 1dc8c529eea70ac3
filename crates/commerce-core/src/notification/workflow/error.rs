//! Why something was not done.

use crate::commit::{CommitError, Conflict};
use crate::error::Kind;
use crate::event::CodecError;
use crate::notification::faults::sentence;
use crate::notification::reactions::Unreadable;
use crate::notification::{NotificationRejection, TemplateRejection};
use crate::repository;
use crate::store::StoreError;
use crate::value::Violation;

/// Why something was not done. Except after [`CommitError::Unknown`], nothing is written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request can't be right. The caller must change what each violation points at.
    #[error("the request is invalid: {}", sentence(.0))]
    Invalid(Vec<Violation>),
    /// The notification refuses it.
    #[error(transparent)]
    Notification(NotificationRejection),
    /// The template refuses it.
    #[error(transparent)]
    Template(TemplateRejection),
    /// Another template has this name. The caller must choose another.
    #[error("there is a template named {name:?} already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// An event was read before the one that says whom it is about. Try again: that one is on its way.
    #[error("{what} is not known yet")]
    NotYetKnown {
        /// What is missing: `order 0190…`.
        what: String,
    },
    /// An event can't be read. Its sender is at fault.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Others were faster, each time. Try again, less often at once.
    #[error(transparent)]
    Conflict(Conflict),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not write it, or can't tell whether it did.
    #[error(transparent)]
    Commit(CommitError),
    /// Something can't be written down. This crate is at fault.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// The code of a variable that is missing.
const MISSING_VARIABLE: &str = "missing_variable";

impl Error {
    /// A stable code for programs. `missing_variable` when nothing else is wrong than that.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(violations)
                if !violations.is_empty()
                    && violations.iter().all(|violation| violation.code == MISSING_VARIABLE) =>
            {
                MISSING_VARIABLE
            }
            Self::Invalid(_) => "invalid",
            Self::Notification(rejection) => rejection.code(),
            Self::Template(rejection) => rejection.code(),
            Self::NameTaken { .. } => "template_name_taken",
            Self::NotYetKnown { .. } => "not_yet_known",
            Self::Unreadable(_) => "unreadable_event",
            Self::Conflict(_) => "conflict",
            Self::Store(_) | Self::Commit(_) => "store_failed",
            Self::Codec(_) => "internal",
        }
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Invalid(_) => Kind::Invalid,
            Self::Notification(rejection) => rejection.kind(),
            Self::Template(rejection) => rejection.kind(),
            Self::NameTaken { .. } | Self::Conflict(_) => Kind::Conflict,
            Self::NotYetKnown { .. } => Kind::Retryable,
            Self::Unreadable(unreadable) => unreadable.kind(),
            Self::Store(error) => error.kind(),
            Self::Commit(error) => error.kind(),
            Self::Codec(_) => Kind::Bug,
        }
    }

    /// All that is wrong with the request, when that is why.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) => violations,
            Self::Notification(rejection) => rejection.violations(),
            Self::Template(rejection) => rejection.violations(),
            _ => &[],
        }
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict(conflict) => Self::Conflict(conflict),
            error => Self::Commit(error),
        }
    }
}

impl From<NotificationRejection> for Error {
    fn from(rejection: NotificationRejection) -> Self {
        match rejection {
            NotificationRejection::Invalid(violations) => Self::Invalid(violations),
            rejection => Self::Notification(rejection),
        }
    }
}

impl From<TemplateRejection> for Error {
    fn from(rejection: TemplateRejection) -> Self {
        match rejection {
            TemplateRejection::Invalid(violations) => Self::Invalid(violations),
            rejection => Self::Template(rejection),
        }
    }
}

impl<R: Into<Error>> From<repository::Error<R>> for Error {
    fn from(error: repository::Error<R>) -> Self {
        match error {
            repository::Error::Rejected(rejection) => rejection.into(),
            repository::Error::Conflict(conflict) => Self::Conflict(conflict),
            repository::Error::Store(error) => Self::Store(error),
            repository::Error::Commit(error) => error.into(),
        }
    }
}
