//! The keys of access tokens, as one process has them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_adapters::http::{Caller, TokenFault, Tokens};
use commerce_adapters::jwt::{AccessToken, AccessTokens, KeysError, SigningKeys, TokenError, Verifier};
use commerce_core::identity::{Role, Session};
use commerce_core::store::Store;
use commerce_core::{Host, Timestamp};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::IdentityOptions;

/// So often the keys are read anew: after a rotation a process signs with the old one for so long, and a key that has
/// retired is shown for so long.
const RELOAD_EVERY: Duration = Duration::from_secs(30);
/// No more often than this, whatever names of keys clients make up.
const AT_MOST_EVERY: Duration = Duration::from_millis(200);

/// Signs and verifies access tokens with the keys of the identity service's store. Reads them anew now and then, and
/// when a token names a key that it doesn't know.
pub struct Keys {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    tokens: AccessTokens,
    verifier: Verifier,
    /// When they were read last. Whoever reads them holds it.
    read: Mutex<Option<Instant>>,
}

impl Keys {
    /// The keys of this store; fresh ones if it has none.
    ///
    /// # Errors
    /// What the store said, or when a key can't be made.
    pub async fn open(
        store: Arc<dyn Store>,
        host: Arc<dyn Host>,
        options: &IdentityOptions,
    ) -> Result<Self, KeysError> {
        let IdentityOptions { issuer, audience } = options;
        let mut keys = SigningKeys::load_or_create(&*store, &*host).await?;
        keys.retire(host.now());
        let verifier = Verifier::new(issuer, audience);
        verifier.set_keys(&keys.jwks())?;
        let tokens = AccessTokens::new(issuer, audience, keys)?;
        Ok(Self { store, host, tokens, verifier, read: Mutex::default() })
    }

    /// An access token for a session.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn sign(&self, session: &Session, now: Timestamp) -> Result<AccessToken, KeysError> {
        self.tokens.issue(session.user_id, &session.roles, Some(session.session_id), now)
    }

    /// The public keys, as a JWKS.
    pub fn jwks(&self) -> serde_json::Value {
        self.tokens.jwks()
    }

    async fn read_again(&self) -> Result<(), KeysError> {
        let mut keys = SigningKeys::load_or_create(&*self.store, &*self.host).await?;
        keys.retire(self.host.now());
        if keys.jwks() != self.tokens.jwks() {
            info!(kid = keys.kid(), "the keys of access tokens have changed");
        }
        // Known before it signs.
        self.verifier.set_keys(&keys.jwks())?;
        self.tokens.set_keys(keys)
    }

    pub(super) async fn run(&self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(RELOAD_EVERY) => {}
            }
            self.reload().await;
        }
    }
}

/// Whose token it is, by the keys that the verifier knows.
pub(crate) fn verified(verifier: &Verifier, token: &str, now: Timestamp) -> Result<Caller, TokenFault> {
    let claims = verifier.verify(token, now).map_err(|error| match error {
        TokenError::Expired => TokenFault::Expired,
        TokenError::UnknownKey => TokenFault::UnknownKey,
        _ => TokenFault::Invalid,
    })?;
    Ok(Caller {
        id: claims.sub.0,
        roles: claims.roles.iter().map(Role::as_str).map(str::to_owned).collect(),
        session: claims.sid.map(|session| session.0),
    })
}

#[async_trait]
impl Tokens for Keys {
    fn verify(&self, token: &str) -> Result<Caller, TokenFault> {
        verified(&self.verifier, token, self.host.now())
    }

    async fn reload(&self) -> bool {
        let mut read = self.read.lock().await;
        // Whoever held it a moment ago has read them for this caller too.
        if read.is_some_and(|read| read.elapsed() < AT_MOST_EVERY) {
            return true;
        }
        let again = self.read_again().await;
        *read = Some(Instant::now());
        if let Err(error) = &again {
            warn!(%error, "the keys of access tokens can't be read anew now");
        }
        again.is_ok()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}
