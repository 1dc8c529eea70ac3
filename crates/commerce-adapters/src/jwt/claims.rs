//! What an access token says.

use commerce_core::id::UserId;
use commerce_core::identity::{Roles, SessionId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Who signed it.
    pub iss: String,
    /// For whom it was signed.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// Unique to the token.
    pub jti: Uuid,
    /// What the user may do.
    pub roles: Roles,
    /// The session it was signed for: the one that a change of password spares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// When it was signed, in seconds since 1970.
    pub iat: i64,
    /// Not good before this moment, in seconds since 1970. Ours have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Not good from this moment on, in seconds since 1970.
    pub exp: i64,
}
