//! What can be wrong with tokens and keys.

use commerce_core::commit::CommitError;
use commerce_core::error::Kind;
use commerce_core::store::StoreError;

/// Why an access token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It was good once. Refresh the session.
    #[error("the access token has expired")]
    Expired,
    /// It names a key that is not known: it is forged, or the keys have been rotated. Fetch the JWKS, now and then.
    #[error("the access token was signed with an unknown key")]
    UnknownKey,
    /// It is none of ours, or not for us, or not yet good. What is wrong is not told.
    #[error("the access token is not valid")]
    Invalid,
}

impl TokenError {
    /// A stable code for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Expired => "token_expired",
            Self::UnknownKey | Self::Invalid => "invalid_token",
        }
    }

    /// What a caller can do about it: come with another token.
    pub fn kind(self) -> Kind {
        Kind::Invalid
    }
}

/// Why keys could not be made, read, kept or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// A key could not be made, or could not sign. The installation is at fault.
    #[error("the key can't be used: {0}")]
    Crypto(String),
    /// A set of keys is not a JWKS. Whoever sent it is at fault.
    #[error("this is no JWKS: {0}")]
    Jwks(#[source] serde_json::Error),
    /// The keys could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl KeysError {
    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Crypto(_) => Kind::Terminal,
            Self::Jwks(_) => Kind::Invalid,
            Self::Store(error) => error.kind(),
            Self::Commit(error) => error.kind(),
        }
    }
}
