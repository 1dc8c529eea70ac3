//! What posts are signed with.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use commerce_core::error::Kind;
use ring::hmac;

/// What a secret begins with, so that people and scanners know it for one.
const PREFIX: &str = "whsec_";
/// The fewest bytes that can't be guessed, after Standard Webhooks.
const SHORTEST: usize = 24;
/// The most bytes, after Standard Webhooks.
const LONGEST: usize = 64;

/// A secret that sender and receiver share: `whsec_` and 24 to 64 bytes in base64. `Debug` hides it.
#[derive(Clone)]
pub struct WebhookSecret(hmac::Key);

impl WebhookSecret {
    /// Reads a secret.
    ///
    /// # Errors
    /// [`InvalidSecret`].
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        if !(SHORTEST..=LONGEST).contains(&bytes.len()) {
            return Err(InvalidSecret);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The signature of a post: `v1,` and base64. The timestamp is in seconds since 1970.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        format!("v1,{}", STANDARD.encode(hmac::sign(&self.0, &signed(id, timestamp, body))))
    }

    /// Whether one of the signatures is this secret's. In constant time for each.
    pub(super) fn has_signed(&self, signatures: &str, id: &str, timestamp: i64, body: &[u8]) -> bool {
        let signed = signed(id, timestamp, body);
        signatures
            .split(' ')
            .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
            .any(|tag| hmac::verify(&self.0, &signed, &tag).is_ok())
    }
}

fn signed(id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    signed
}

impl FromStr for WebhookSecret {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        Self::parse(text)
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// A text that is no secret. It doesn't repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is whsec_ and 24 to 64 bytes in base64")]
pub struct InvalidSecret;

impl InvalidSecret {
    /// Always [`Kind::Invalid`].
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}
