//! What the identity domain needs of the world: slow hashes for passwords, and chance.

use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Digest, Password, Secret};
use crate::error::Kind;

/// Hashes passwords, slowly on purpose.
#[async_trait]
pub trait PasswordHasher: Send + Sync + 'static {
    /// A fresh hash with a salt of its own.
    ///
    /// # Errors
    /// When the hasher itself fails; no password is refused.
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashingFailed>;

    /// Whether the hash is this password's. It takes as long when it is not.
    ///
    /// # Errors
    /// When the hasher itself fails, or can't read the hash.
    async fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashingFailed>;
}

/// Makes opaque tokens, and the digests by which they are kept.
pub trait SecretSource: Send + Sync + 'static {
    /// A token that no one can guess: 256 random bits or more, in characters that need no escaping in a URL, without
    /// a dot.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    fn fresh(&self) -> Result<Secret, NoRandomness>;

    /// The SHA-256 of a text, in characters that need no escaping in a URL. The same text has the same digest, for
    /// good.
    fn digest(&self, text: &str) -> Digest;
}

/// The hash of a password, with its salt and parameters (a PHC string). `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text, for the hasher that made it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A password could not be hashed or verified. The installation is at fault, not the password.
#[derive(Debug, thiserror::Error)]
#[error("passwords can't be hashed: {source}")]
pub struct HashingFailed {
    source: Box<dyn Error + Send + Sync>,
}

impl HashingFailed {
    /// For this reason.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }

    /// Always [`Kind::Retryable`].
    pub fn kind(&self) -> Kind {
        Kind::Retryable
    }
}

/// The operating system gave no random bytes. The installation is at fault.
#[derive(Debug, thiserror::Error)]
#[error("there is no randomness to make a secret of: {source}")]
pub struct NoRandomness {
    source: Box<dyn Error + Send + Sync>,
}

impl NoRandomness {
    /// For this reason.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }

    /// Always [`Kind::Retryable`].
    pub fn kind(&self) -> Kind {
        Kind::Retryable
    }
}
