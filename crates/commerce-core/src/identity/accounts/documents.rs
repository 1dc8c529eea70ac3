//! What is kept beside the events: hashes and digests, never a password or a token.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Accounts, IdentityError, Purpose};
use crate::commit::{DocumentWrite, Expected};
use crate::context::Context;
use crate::event::CodecError;
use crate::id::UserId;
use crate::identity::{Digest, PasswordHash};
use crate::stream::Version;
use crate::time::Timestamp;

/// Credentials, by user id.
pub(super) const CREDENTIALS: &str = "identity.credentials";
/// Failed logins, by the digest of the address.
pub(super) const ATTEMPTS: &str = "identity.attempts";
/// Sessions, by session id.
pub(super) const SESSIONS: &str = "identity.sessions";
/// One-time tokens, by their digest.
pub(super) const ONE_TIME: &str = "identity.one-time-tokens";
/// Who was mailed a token to reset the password a moment ago, by user id.
pub(super) const RESETS: &str = "identity.password-resets";
/// The field by which documents that have served their time are found.
pub(super) const EXPIRES_AT: &str = "expires_at";

/// So many failed logins lock an account.
pub const MAX_FAILURES: usize = 5;
/// A user is mailed a token to reset the password so often at most: anyone can ask for one in another's name.
pub(super) const RESET_EVERY: Duration = Duration::from_secs(60);
/// The failed logins within so long count together.
pub(super) const FAILURE_WINDOW: Duration = Duration::from_secs(15 * 60);
/// How long an account stays locked.
pub const LOCK_DURATION: Duration = Duration::from_secs(15 * 60);

/// A document and its version; zero if it is not there.
#[derive(Clone)]
pub(super) struct Kept<T> {
    pub(super) value: T,
    pub(super) version: Version,
}

/// What proves that it is the user.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Credentials {
    pub(super) hash: PasswordHash,
    /// Rises when all that was handed out before is to be void.
    pub(super) epoch: u64,
}

/// The tries for one address that failed.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Attempts {
    failures: Vec<Timestamp>,
    locked_until: Option<Timestamp>,
}

/// What one login began.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SessionRecord {
    pub(super) user_id: UserId,
    /// Of the credentials, when it was begun or spared.
    pub(super) epoch: u64,
    /// The same in all of its refresh tokens: who knows it has had one of them.
    pub(super) secret: Digest,
    /// In the one refresh token that was not used yet.
    pub(super) current: Digest,
    pub(super) expires_at: Timestamp,
}

/// A token that was sent by mail.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct OneTime {
    pub(super) user_id: UserId,
    pub(super) purpose: Purpose,
    pub(super) epoch: u64,
    pub(super) expires_at: Timestamp,
}

/// That a token to reset the password was mailed a moment ago.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ResetMailed {
    /// Until then no other is.
    pub(super) expires_at: Timestamp,
}

impl Attempts {
    /// Until when no password is tried, if it is so.
    pub(super) fn locked(&self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.filter(|until| *until > now)
    }

    /// With one more failure. The fifth locks; after the lock the count begins anew.
    pub(super) fn and_failure(&self, now: Timestamp) -> Self {
        let recent = |moment: &Timestamp| now.since(*moment) < FAILURE_WINDOW;
        let mut failures: Vec<_> = self.failures.iter().copied().filter(recent).collect();
        failures.push(now);
        if failures.len() < MAX_FAILURES {
            return Self { failures, locked_until: None };
        }
        Self { failures: Vec::new(), locked_until: Some(now.plus(LOCK_DURATION)) }
    }

    pub(super) fn write(
        &self,
        address: &Digest,
        expected: Version,
        now: Timestamp,
    ) -> Result<DocumentWrite, CodecError> {
        let expires_at = now.plus(FAILURE_WINDOW.max(LOCK_DURATION));
        expiring(ATTEMPTS, address.as_str(), Expected::Version(expected), self, expires_at)
    }
}

impl Credentials {
    pub(super) fn write(&self, user_id: UserId, expected: Version) -> Result<DocumentWrite, CodecError> {
        DocumentWrite::json(CREDENTIALS, user_id.to_string(), Expected::Version(expected), self)
    }
}

impl SessionRecord {
    pub(super) fn write(&self, id: &str, expected: Version) -> Result<DocumentWrite, CodecError> {
        expiring(SESSIONS, id, Expected::Version(expected), self, self.expires_at)
    }
}

impl OneTime {
    pub(super) fn write(&self, digest: &Digest) -> Result<DocumentWrite, CodecError> {
        expiring(ONE_TIME, digest.as_str(), Expected::ABSENT, self, self.expires_at)
    }
}

impl ResetMailed {
    pub(super) fn write(&self, user_id: UserId, expected: Version) -> Result<DocumentWrite, CodecError> {
        expiring(RESETS, &user_id.to_string(), Expected::Version(expected), self, self.expires_at)
    }
}

fn expiring(
    collection: &'static str,
    id: &str,
    expected: Expected,
    value: &impl Serialize,
    expires_at: Timestamp,
) -> Result<DocumentWrite, CodecError> {
    Ok(DocumentWrite::json(collection, id, expected, value)?.field(EXPIRES_AT, expires_at))
}

impl Accounts {
    pub(super) async fn kept<T: DeserializeOwned>(
        &self,
        context: &Context,
        collection: &str,
        id: &str,
    ) -> Result<Option<Kept<T>>, IdentityError> {
        let Some(document) = self.store.document(context.tenant(), collection, id).await? else {
            return Ok(None);
        };
        Ok(Some(Kept { value: document.json()?, version: document.version }))
    }
}
