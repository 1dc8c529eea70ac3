//! What a caller can do about an error.

/// The kinds of error. Every public error of these crates answers `kind()` with one of them.
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
    /// The same request may succeed later.
    Retryable,
    /// The same request will never succeed.
    Terminal,
    /// This program is at fault.
    Bug,
}
