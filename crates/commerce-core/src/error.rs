//! What a caller can do about an error.

use crate::commit::CommitError;
use crate::event::CodecError;
use crate::repository;
use crate::store::StoreError;
use crate::value::Violation;

/// The kinds of error. The errors of stores, of domains and of what runs on them (repositories, projections, buses, sagas)
/// answer `kind()` with one of them. A small one may not: its type says all, as that of an option that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// The state is not the one the request counted on: read again, decide again.
    Conflict,
    /// What was asked for does not exist.
    NotFound,
    /// The request can't be right: change it.
    Invalid,
    /// The same request may succeed later. A commit whose outcome is [unknown](CommitError::Unknown) may have been applied:
    /// ask [`Store::outcome`](crate::store::Store::outcome) first, and send it again under the same id only.
    Retryable,
    /// The same request will never succeed.
    Terminal,
    /// This program is at fault.
    Bug,
}

/// Why a request was refused, told alike by every domain: an HTTP layer makes one kind of answer of all of them.
pub trait Refusal: std::error::Error {
    /// What the caller can do about it.
    fn kind(&self) -> Kind;
    /// A stable code for programs, in `snake_case`.
    fn code(&self) -> &'static str;
    /// A sentence for the caller, which says nothing about the inside.
    fn sentence(&self) -> String {
        self.to_string()
    }
    /// All that is wrong with the request, when that is why.
    fn violations(&self) -> &[Violation] {
        &[]
    }
}

impl Refusal for CommitError {
    fn kind(&self) -> Kind {
        self.kind()
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "version_conflict",
            Self::Unknown { .. } => "outcome_unknown",
            Self::RolledBack { .. } => "store_unavailable",
            _ => "internal_error",
        }
    }
    fn sentence(&self) -> String {
        let sentence = match self {
            Self::Conflict(_) => "it was changed at the same time: read it again",
            Self::Unknown { .. } => {
                "whether it was done is not known: ask again under the same idempotency key"
            }
            _ => "the data can't be written now: try again",
        };
        sentence.to_owned()
    }
}

impl Refusal for StoreError {
    fn kind(&self) -> Kind {
        self.kind()
    }
    fn code(&self) -> &'static str {
        "store_unavailable"
    }
    fn sentence(&self) -> String {
        "the data can't be reached now: try again".to_owned()
    }
}

impl Refusal for CodecError {
    fn kind(&self) -> Kind {
        Kind::Bug
    }
    fn code(&self) -> &'static str {
        "internal_error"
    }
}

impl<R: Refusal> Refusal for repository::Error<R> {
    fn kind(&self) -> Kind {
        match self {
            Self::Rejected(refusal) => refusal.kind(),
            error => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Rejected(refusal) => refusal.code(),
            Self::Conflict(_) => "version_conflict",
            Self::Store(error) => error.code(),
            Self::Commit(error) => error.code(),
        }
    }
    fn sentence(&self) -> String {
        match self {
            Self::Rejected(refusal) => refusal.sentence(),
            Self::Conflict(_) => "it was changed at the same time, again and again: try later".to_owned(),
            Self::Store(error) => error.sentence(),
            Self::Commit(error) => error.sentence(),
        }
    }
    fn violations(&self) -> &[Violation] {
        match self {
            Self::Rejected(refusal) => refusal.violations(),
            _ => &[],
        }
    }
}

impl Refusal for crate::notification::Error {
    fn kind(&self) -> Kind {
        self.kind()
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "version_conflict",
            Self::Store(error) => error.code(),
            Self::Commit(error) => Refusal::code(error),
            error => error.code(),
        }
    }
    fn sentence(&self) -> String {
        match self {
            Self::Conflict(_) => "it was changed at the same time, again and again: try later".to_owned(),
            Self::Store(error) => error.sentence(),
            Self::Commit(error) => error.sentence(),
            error => error.to_string(),
        }
    }
    fn violations(&self) -> &[Violation] {
        self.violations()
    }
}

impl Refusal for crate::analytics::Error {
    fn kind(&self) -> Kind {
        self.kind()
    }
    fn code(&self) -> &'static str {
        self.code()
    }
    fn sentence(&self) -> String {
        match self {
            Self::Store(error) => error.sentence(),
            error => error.to_string(),
        }
    }
    fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) => violations,
            _ => &[],
        }
    }
}

/// Each of these types says the same by methods of its own.
macro_rules! refusals {
    ($($type:ty),* ; without violations: $($plain:ty),*) => {
        $(impl Refusal for $type {
            fn kind(&self) -> Kind {
                self.kind()
            }
            fn code(&self) -> &'static str {
                self.code()
            }
            fn violations(&self) -> &[Violation] {
                self.violations()
            }
        })*
        $(impl Refusal for $plain {
            fn kind(&self) -> Kind {
                self.kind()
            }
            fn code(&self) -> &'static str {
                self.code()
            }
        })*
    };
}

refusals! {
    crate::catalog::CategoryRejection,
    crate::catalog::ProductRejection,
    crate::order::OrderRejection,
    crate::payment::PaymentRejection,
    crate::shipping::ShipmentRejection,
    crate::inventory::StockRejection;
    without violations:
    crate::inventory::reservation::ReservationRejection,
    crate::inventory::reservation::DemandError
}
