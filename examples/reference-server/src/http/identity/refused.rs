//! What a failed account operation means to a client.

use commerce_adapters::http::Problem;
use commerce_core::Timestamp;
use commerce_core::error::Kind;
use commerce_core::identity::IdentityError;
use http::StatusCode;

/// After so long a client may come again when an account can't be dealt with now.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

/// The answer to a request that was made at `now`.
pub(super) fn refused(error: IdentityError, now: Timestamp) -> Problem {
    let sentence = error.to_string();
    match error {
        IdentityError::EmailTaken => Problem::conflict("email_taken", sentence),
        IdentityError::InvalidCredentials => Problem::unauthorized("invalid_credentials", sentence),
        IdentityError::InvalidToken => Problem::unauthorized("invalid_token", sentence),
        IdentityError::AccountLocked { until } => {
            Problem::new(StatusCode::LOCKED, "account_locked", sentence).retry_after(until.since(now))
        }
        IdentityError::UserNotFound => Problem::new(StatusCode::NOT_FOUND, "user_not_found", sentence),
        IdentityError::Invalid(violations) => Problem::violations(violations),
        IdentityError::VersionMismatch { actual, .. } => {
            let detail = "the resource has changed since: read it again";
            Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail)
                .with("current_version", actual)
        }
        IdentityError::Conflict => Problem::conflict("version_conflict", sentence).retry_after(AGAIN),
        IdentityError::Rejected(rejection) if rejection.kind() == Kind::Conflict => {
            Problem::conflict(rejection.code(), sentence)
        }
        IdentityError::Store(error) => error.into(),
        IdentityError::Commit(error) => error.into(),
        IdentityError::Hashing(_) | IdentityError::NoRandomness(_) => {
            let detail = "passwords and tokens can't be dealt with now: try again";
            Problem::unavailable("unavailable", detail, AGAIN).caused_by(error)
        }
        other => Problem::bug(other),
    }
}
