//! Whether a webhook is Stripe's.

use std::time::Duration;

use commerce_core::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// How far the signature's time may be from now.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// The signing secrets of an endpoint (`whsec_…`): one, or while one replaces another both.
#[derive(Clone, Debug)]
pub struct WebhookSecrets(Vec<SecretString>);

impl WebhookSecrets {
    /// These. An empty one is left out, since with it anyone could sign.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.expose_secret().is_empty()).collect())
    }

    /// Whether there is none, so that nothing is believed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Why a webhook isn't believed. It doesn't say what would have been believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSignature {
    /// The header is not `t=…,v1=…`.
    #[error("the Stripe-Signature header has no time or no v1 signature")]
    Malformed,
    /// It was signed too long ago, or lies ahead: a replay, or a clock that is wrong.
    #[error("the webhook was signed too far from now")]
    OutOfTime,
    /// No secret has made any of the signatures.
    #[error("no signature of the webhook is right")]
    Mismatch,
}

impl InvalidSignature {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "signature_malformed",
            Self::OutOfTime => "signature_out_of_time",
            Self::Mismatch => "signature_mismatch",
        }
    }
}

/// Checks the `Stripe-Signature` header of a webhook against its body, byte for byte as it came. A header may have
/// several signatures; one that is right by any of the secrets is enough. Signatures are compared in constant time.
///
/// # Errors
/// When it isn't certain that Stripe has sent this, within `tolerance` of `now`.
pub fn verify(
    secrets: &WebhookSecrets,
    header: &str,
    body: &[u8],
    now: Timestamp,
    tolerance: Duration,
) -> Result<(), InvalidSignature> {
    let (time, signatures) = read(header).ok_or(InvalidSignature::Malformed)?;
    let is_right = secrets.0.iter().any(|secret| {
        signatures.iter().any(|signature| signed(secret, time, body).verify_slice(signature).is_ok())
    });
    if !is_right {
        return Err(InvalidSignature::Mismatch);
    }
    let micros = time.parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(1_000_000));
    let at = Timestamp::from_micros(micros.ok_or(InvalidSignature::Malformed)?);
    if now.since(at).max(at.since(now)) > tolerance {
        return Err(InvalidSignature::OutOfTime);
    }
    Ok(())
}

/// The time as it is written, and every v1 signature.
fn read(header: &str) -> Option<(&str, Vec<[u8; 32]>)> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => time = Some(value),
            Some(("v1", value)) => signatures.extend(unhex(value)),
            // Other schemes: v0 is Stripe's for its tests.
            _ => {}
        }
    }
    time.filter(|_| !signatures.is_empty()).map(|time| (time, signatures))
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn signed(secret: &SecretString, time: &str, body: &[u8]) -> Hmac<Sha256> {
    let key = secret.expose_secret().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}
