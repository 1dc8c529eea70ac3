//! For receivers.

use std::time::Duration;

use commerce_core::Timestamp;
use commerce_core::error::Kind;

use super::WebhookSecret;

/// How far the sender's clock may be from the receiver's, and for how long a post that was overheard can be repeated.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// What a receiver was sent, as it stands in headers and body.
#[derive(Clone, Copy, Debug)]
pub struct Unverified<'a> {
    /// The header `webhook-id`.
    pub id: &'a str,
    /// The header `webhook-timestamp`.
    pub timestamp: &'a str,
    /// The header `webhook-signature`.
    pub signature: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// Whether a post was signed with one of the secrets, a short while ago. Whoever verified it still de-duplicates by
/// the id.
///
/// # Errors
/// [`InvalidWebhook`]: answer 400 or 401, and do nothing else.
pub fn verify(
    secrets: &[WebhookSecret],
    received: Unverified<'_>,
    now: Timestamp,
) -> Result<(), InvalidWebhook> {
    let seconds: i64 = received.timestamp.parse().map_err(|_| InvalidWebhook::Timestamp)?;
    let sent = Timestamp::from_micros(seconds.checked_mul(1_000_000).ok_or(InvalidWebhook::Timestamp)?);
    if now.since(sent).max(sent.since(now)) > TOLERANCE {
        return Err(InvalidWebhook::Timestamp);
    }
    let signed =
        |secret: &WebhookSecret| secret.has_signed(received.signature, received.id, seconds, received.body);
    if secrets.iter().any(signed) { Ok(()) } else { Err(InvalidWebhook::Signature) }
}

/// A post that is not to be believed. Its sender is at fault, or the receiver's secret is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidWebhook {
    /// It is too old, too new, or doesn't say.
    #[error("the webhook's timestamp is missing or more than 300 seconds away")]
    Timestamp,
    /// It was signed with none of the secrets, or changed since.
    #[error("the webhook's signature is not by a known secret")]
    Signature,
}

impl InvalidWebhook {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Timestamp => "webhook_timestamp",
            Self::Signature => "webhook_signature",
        }
    }

    /// Always [`Kind::Invalid`].
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}
