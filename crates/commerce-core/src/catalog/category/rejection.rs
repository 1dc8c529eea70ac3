//! Why a category refuses a command.

use super::MAX_DEPTH;
use crate::catalog::faults::sentence;
use crate::error::Kind;
use crate::id::CategoryId;
use crate::value::Violation;

/// Why a category refuses a command, or a place in the tree.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CategoryRejection {
    /// No category of this id was created.
    #[error("the category doesn't exist")]
    NotFound,
    /// A category of this id was created before. The caller must use a fresh id.
    #[error("the category was already created")]
    AlreadyExists,
    /// The request can't be right. The caller must change what each violation points at.
    #[error("the request is invalid: {}", sentence(.0))]
    Invalid(Vec<Violation>),
    /// The parent doesn't exist.
    #[error("the parent category {parent} doesn't exist")]
    ParentNotFound {
        /// The one that is missing.
        parent: CategoryId,
    },
    /// The category would lie in itself.
    #[error("category {category} can't lie in {parent}, which is or lies in {category} itself")]
    Cycle {
        /// The one to be placed.
        category: CategoryId,
        /// Where.
        parent: CategoryId,
    },
    /// The category would lie too deep.
    #[error("nothing can lie in category {parent}: the tree has at most {MAX_DEPTH} levels")]
    TooDeep {
        /// The parent that was named.
        parent: CategoryId,
    },
}

impl CategoryRejection {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "category_not_found",
            Self::AlreadyExists => "already_exists",
            Self::Invalid(_) => "invalid",
            Self::ParentNotFound { .. } => "parent_not_found",
            Self::Cycle { .. } => "category_cycle",
            Self::TooDeep { .. } => "category_too_deep",
        }
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            // A parent that is missing is a fault of the request's body, not of the resource it addresses.
            Self::Invalid(_) | Self::ParentNotFound { .. } => Kind::Invalid,
            Self::AlreadyExists | Self::Cycle { .. } | Self::TooDeep { .. } => Kind::Conflict,
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

impl From<Vec<Violation>> for CategoryRejection {
    fn from(violations: Vec<Violation>) -> Self {
        Self::Invalid(violations)
    }
}
