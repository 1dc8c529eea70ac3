//! Opaque tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use commerce_core::identity::{Digest, NoRandomness, Secret, SecretSource};
use sha2::Digest as _;

/// Tokens of 256 random bits from the operating system, and SHA-256 digests, both in URL-safe base64 without padding:
/// 43 characters.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsSecrets;

impl SecretSource for OsSecrets {
    fn fresh(&self) -> Result<Secret, NoRandomness> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| NoRandomness::new(error.to_string()))?;
        Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    fn digest(&self, text: &str) -> Digest {
        Digest::new(URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(text)))
    }
}
