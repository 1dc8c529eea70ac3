//! Why a product refuses a command.

use super::{ImageId, ProductStatus, Tag};
use crate::catalog::faults::sentence;
use crate::error::Kind;
use crate::value::Violation;

/// Why a product refuses a command.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProductRejection {
    /// No product of this id was created.
    #[error("the product doesn't exist")]
    NotFound,
    /// A product of this id was created before. The caller must use a fresh id.
    #[error("the product was already created")]
    AlreadyExists,
    /// The request can't be right. The caller must change what each violation points at.
    #[error("the request is invalid: {}", sentence(.0))]
    Invalid(Vec<Violation>),
    /// The product's status doesn't allow the command.
    #[error("a product that is {status} can't take the command {command}")]
    WrongState {
        /// The status it has.
        status: ProductStatus,
        /// What was asked.
        command: &'static str,
    },
    /// The product has no such image.
    #[error("the product has no image {image_id}")]
    ImageNotFound {
        /// The one that was named.
        image_id: ImageId,
    },
    /// The product has another image of this id. The caller must use a fresh id.
    #[error("the product already has another image {image_id}")]
    ImageExists {
        /// The id that was given.
        image_id: ImageId,
    },
    /// The product has no such attribute.
    #[error("the product has no attribute {key:?}")]
    AttributeNotFound {
        /// The key that was named.
        key: String,
    },
    /// The product has no such tag.
    #[error("the product isn't tagged {:?}", tag.as_str())]
    TagNotFound {
        /// The one that was named.
        tag: Tag,
    },
    /// The product has as many images as it can have.
    #[error("a product has at most {max} images")]
    TooManyImages {
        /// How many it can have.
        max: usize,
    },
    /// The product has as many attributes as it can have.
    #[error("a product has at most {max} attributes")]
    TooManyAttributes {
        /// How many it can have.
        max: usize,
    },
    /// The product would have more tags than it can have.
    #[error("a product has at most {max} tags")]
    TooManyTags {
        /// How many it can have.
        max: usize,
    },
}

impl ProductRejection {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "product_not_found",
            Self::AlreadyExists => "already_exists",
            Self::Invalid(_) => "invalid",
            Self::WrongState { .. } => "wrong_state",
            Self::ImageNotFound { .. } => "image_not_found",
            Self::ImageExists { .. } => "image_exists",
            Self::AttributeNotFound { .. } => "attribute_not_found",
            Self::TagNotFound { .. } => "tag_not_found",
            Self::TooManyImages { .. } => "too_many_images",
            Self::TooManyAttributes { .. } => "too_many_attributes",
            Self::TooManyTags { .. } => "too_many_tags",
        }
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound
            | Self::ImageNotFound { .. }
            | Self::AttributeNotFound { .. }
            | Self::TagNotFound { .. } => Kind::NotFound,
            Self::Invalid(_) => Kind::Invalid,
            Self::AlreadyExists
            | Self::WrongState { .. }
            | Self::ImageExists { .. }
            | Self::TooManyImages { .. }
            | Self::TooManyAttributes { .. }
            | Self::TooManyTags { .. } => Kind::Conflict,
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

impl From<Vec<Violation>> for ProductRejection {
    fn from(violations: Vec<Violation>) -> Self {
        Self::Invalid(violations)
    }
}

impl From<Violation> for ProductRejection {
    fn from(violation: Violation) -> Self {
        Self::Invalid(vec![violation])
    }
}
