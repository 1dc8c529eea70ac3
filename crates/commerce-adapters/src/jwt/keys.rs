//! The keys that sign.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use commerce_core::Timestamp;
use jsonwebtoken::EncodingKey;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::KeysError;

/// How long a key verifies after another has begun to sign: the life of a token, and time for everyone to notice.
pub const RETIRE_AFTER: Duration = Duration::from_secs(60 * 60);

/// Ed25519 keys, the newest first. That one signs. Serde writes the private keys too: keep what it writes.
#[derive(Clone, Serialize, Deserialize)]
pub struct SigningKeys {
    newest: SigningKey,
    older: Vec<SigningKey>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SigningKey {
    pub(super) kid: String,
    /// PKCS#8 (RFC 5958), base64url.
    private: String,
    /// The `x` of its JWK.
    public: String,
    created_at: Timestamp,
    /// Since when another signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    superseded_at: Option<Timestamp>,
}

impl SigningKeys {
    /// A ring of one fresh key.
    ///
    /// # Errors
    /// [`KeysError::Crypto`].
    pub fn generate(kid: Uuid, now: Timestamp) -> Result<Self, KeysError> {
        Ok(Self { newest: SigningKey::generate(kid, now)?, older: Vec::new() })
    }

    /// A fresh key signs from now on. The one before still verifies; those that were superseded
    /// [`RETIRE_AFTER`] ago or earlier are dropped.
    ///
    /// # Errors
    /// [`KeysError::Crypto`].
    pub fn rotate(&mut self, kid: Uuid, now: Timestamp) -> Result<(), KeysError> {
        let mut before = std::mem::replace(&mut self.newest, SigningKey::generate(kid, now)?);
        before.superseded_at = Some(now);
        self.older.insert(0, before);
        self.retire(now);
        Ok(())
    }

    /// Drops the keys that were superseded [`RETIRE_AFTER`] ago or earlier.
    pub fn retire(&mut self, now: Timestamp) {
        self.older.retain(|key| key.superseded_at.is_some_and(|since| now.since(since) < RETIRE_AFTER));
    }

    /// When the key that signs was made.
    pub fn newest_since(&self) -> Timestamp {
        self.newest.created_at
    }

    /// The id of the key that signs.
    pub fn kid(&self) -> &str {
        &self.newest.kid
    }

    /// The public keys, as a JWKS.
    pub fn jwks(&self) -> serde_json::Value {
        let keys: Vec<_> = std::iter::once(&self.newest).chain(&self.older).map(SigningKey::jwk).collect();
        serde_json::json!({ "keys": keys })
    }

    pub(super) fn newest(&self) -> &SigningKey {
        &self.newest
    }
}

impl SigningKey {
    fn generate(kid: Uuid, now: Timestamp) -> Result<Self, KeysError> {
        let crypto = |error: &dyn fmt::Display| KeysError::Crypto(error.to_string());
        let pair = Ed25519KeyPair::generate().map_err(|error| crypto(&error))?;
        let pkcs8 = pair.to_pkcs8().map_err(|error| crypto(&error))?;
        Ok(Self {
            kid: kid.simple().to_string(),
            private: URL_SAFE_NO_PAD.encode(pkcs8.as_ref()),
            public: URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
            created_at: now,
            superseded_at: None,
        })
    }

    pub(super) fn encoding_key(&self) -> Result<EncodingKey, KeysError> {
        let pkcs8 =
            URL_SAFE_NO_PAD.decode(&self.private).map_err(|error| KeysError::Crypto(error.to_string()))?;
        Ok(EncodingKey::from_ed_der(&pkcs8))
    }

    fn jwk(&self) -> serde_json::Value {
        serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid, "x": self.public,
        })
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let older: Vec<_> = self.older.iter().map(|key| &key.kid).collect();
        f.debug_struct("SigningKeys").field("newest", &self.newest.kid).field("older", &older).finish()
    }
}
