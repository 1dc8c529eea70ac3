//! Why an account operation failed.

use crate::commit::CommitError;
use crate::error::Kind;
use crate::event::CodecError;
use crate::identity::faults::sentence;
use crate::identity::{HashingFailed, NoRandomness, UserRejection};
use crate::store::StoreError;
use crate::stream::Version;
use crate::time::Timestamp;
use crate::value::Violation;

/// Why an account operation failed. No variant repeats an address, a password or a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Another user has this e-mail address. The caller must use another, or sign in.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// No user who may sign in has this e-mail address and this password. Which of it is wrong is not told.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// Too many wrong passwords were tried for this address. Try again later, or reset the password.
    #[error("too many failed logins: the account is locked until {until}")]
    AccountLocked {
        /// When it is open again.
        until: Timestamp,
    },
    /// The token is none of ours, was used, has expired, or was made void. Ask for a new one, or sign in.
    #[error("the token is not valid any more")]
    InvalidToken,
    /// Nobody has this id.
    #[error("there is no such user")]
    UserNotFound,
    /// The request can't be right: change what the violations point at.
    #[error("the request is invalid: {}", sentence(.0))]
    Invalid(Vec<Violation>),
    /// The user is not at the version that the caller has seen. Read again, decide again.
    #[error("the user is at version {actual}, not {expected}")]
    VersionMismatch {
        /// What the caller has seen.
        expected: Version,
        /// What is there.
        actual: Version,
    },
    /// Others changed the same account each time. Nothing is written; try again.
    #[error("the account is being changed by others")]
    Conflict,
    /// The user refuses it, for a reason that none of the others tells.
    #[error(transparent)]
    Rejected(UserRejection),
    /// A password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingFailed),
    /// A token could not be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The store could not be read. Nothing is written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not write it, or can't tell whether it did.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Something can't be written as JSON. This program is at fault.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl IdentityError {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmailTaken => "email_taken",
            Self::InvalidCredentials => "invalid_credentials",
            Self::AccountLocked { .. } => "account_locked",
            Self::InvalidToken => "invalid_token",
            Self::UserNotFound => "user_not_found",
            Self::Invalid(_) => "invalid",
            Self::VersionMismatch { .. } => "version_mismatch",
            Self::Conflict => "conflict",
            Self::Rejected(rejection) => rejection.code(),
            Self::Hashing(_) | Self::NoRandomness(_) => "unavailable",
            Self::Store(_) | Self::Commit(_) => "store",
            Self::Codec(_) => "internal",
        }
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::EmailTaken | Self::VersionMismatch { .. } | Self::Conflict => Kind::Conflict,
            Self::InvalidCredentials | Self::InvalidToken | Self::Invalid(_) => Kind::Invalid,
            Self::UserNotFound => Kind::NotFound,
            Self::AccountLocked { .. } => Kind::Retryable,
            Self::Hashing(error) => error.kind(),
            Self::NoRandomness(error) => error.kind(),
            Self::Rejected(rejection) => rejection.kind(),
            Self::Store(error) => error.kind(),
            Self::Commit(error) => error.kind(),
            Self::Codec(_) => Kind::Bug,
        }
    }

    /// Every fault of the request; empty when it failed for another reason.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) => violations,
            _ => &[],
        }
    }
}

impl From<UserRejection> for IdentityError {
    fn from(rejection: UserRejection) -> Self {
        match rejection {
            UserRejection::NotFound => Self::UserNotFound,
            other => Self::Rejected(other),
        }
    }
}
