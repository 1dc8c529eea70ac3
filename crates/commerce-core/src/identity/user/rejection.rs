//! Why a user refuses a command.

use crate::error::Kind;

/// Why a user refuses a command.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UserRejection {
    /// No user of this id was registered.
    #[error("there is no such user")]
    NotFound,
    /// A user of this id was registered before. The caller must use a fresh id.
    #[error("the user is registered already")]
    AlreadyExists,
    /// A user who was deactivated can't do this.
    #[error("the user is deactivated")]
    Deactivated,
}

impl UserRejection {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "user_not_found",
            Self::AlreadyExists => "already_exists",
            Self::Deactivated => "user_deactivated",
        }
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AlreadyExists | Self::Deactivated => Kind::Conflict,
        }
    }
}
