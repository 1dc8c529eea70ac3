//! Signing.

use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use commerce_core::Timestamp;
use commerce_core::id::UserId;
use commerce_core::identity::{Roles, Secret, SessionId};
use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::{Claims, KeysError, SigningKeys};

/// How long an access token is good for.
pub const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);

/// A signed token.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token itself, for its holder.
    pub token: Secret,
    /// For how many seconds it is good.
    pub expires_in: u64,
}

/// Signs access tokens of one issuer for one audience.
pub struct AccessTokens {
    issuer: String,
    audience: String,
    ring: RwLock<Ring>,
}

struct Ring {
    keys: SigningKeys,
    signing: EncodingKey,
}

impl AccessTokens {
    /// Tokens of this issuer, for this audience, signed with these keys.
    ///
    /// # Errors
    /// [`KeysError::Crypto`] when the newest key can't be read.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        keys: SigningKeys,
    ) -> Result<Self, KeysError> {
        let signing = keys.newest().encoding_key()?;
        let ring = RwLock::new(Ring { keys, signing });
        Ok(Self { issuer: issuer.into(), audience: audience.into(), ring })
    }

    /// Signs with these keys from now on.
    ///
    /// # Errors
    /// [`KeysError::Crypto`] when the newest key can't be read. The keys are as they were then.
    pub fn set_keys(&self, keys: SigningKeys) -> Result<(), KeysError> {
        let signing = keys.newest().encoding_key()?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Ring { keys, signing };
        Ok(())
    }

    /// The public keys, as a JWKS.
    pub fn jwks(&self) -> serde_json::Value {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).keys.jwks()
    }

    /// A token for a user in these roles, within this session.
    ///
    /// # Errors
    /// [`KeysError::Crypto`].
    pub fn issue(
        &self,
        user_id: UserId,
        roles: &Roles,
        session: Option<SessionId>,
        now: Timestamp,
    ) -> Result<AccessToken, KeysError> {
        let crypto = |error: &dyn fmt::Display| KeysError::Crypto(error.to_string());
        let mut random = [0; 16];
        aws_lc_rs::rand::fill(&mut random).map_err(|error| crypto(&error))?;
        let iat = now.as_micros().div_euclid(1_000_000);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user_id,
            jti: uuid::Builder::from_random_bytes(random).into_uuid(),
            roles: roles.clone(),
            sid: session,
            iat,
            nbf: None,
            exp: iat.saturating_add_unsigned(ACCESS_TOKEN_LIFE.as_secs()),
        };
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let header = Header { kid: Some(ring.keys.kid().to_owned()), ..Header::new(Algorithm::EdDSA) };
        let token = jsonwebtoken::encode(&header, &claims, &ring.signing).map_err(|error| crypto(&error))?;
        Ok(AccessToken { token: Secret::new(token), expires_in: ACCESS_TOKEN_LIFE.as_secs() })
    }
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, audience, .. } = self;
        f.debug_struct("AccessTokens")
            .field("issuer", issuer)
            .field("audience", audience)
            .finish_non_exhaustive()
    }
}
