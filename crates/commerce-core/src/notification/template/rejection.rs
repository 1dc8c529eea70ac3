//! Why a template refuses a command.

use crate::error::Kind;
use crate::notification::faults::sentence;
use crate::value::Violation;

/// Why a template refused a command. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateRejection {
    /// No template of this id was created. The caller has a wrong id.
    #[error("the template doesn't exist")]
    NotFound,
    /// One of this id was created before. The caller must use a fresh id.
    #[error("the template was already created")]
    AlreadyExists,
    /// The request can't be right. The caller must change what each violation points at.
    #[error("the request is invalid: {}", sentence(.0))]
    Invalid(Vec<Violation>),
}

impl TemplateRejection {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "template_not_found",
            Self::AlreadyExists => "already_exists",
            Self::Invalid(_) => "invalid",
        }
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AlreadyExists => Kind::Conflict,
            Self::Invalid(_) => Kind::Invalid,
        }
    }

    /// All that is wrong with the request, when that is why.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) => violations,
            _ => &[],
        }
    }
}
