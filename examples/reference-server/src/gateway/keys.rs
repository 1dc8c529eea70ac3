//! The keys of access tokens, as the identity service at an address publishes them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_adapters::http::{Caller, TokenFault, Tokens};
use commerce_adapters::jwt::Verifier;
use commerce_core::Host;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::upstream::{Upstream, Upstreams};
use crate::services::identity::{IdentityOptions, verified};

/// So often the keys are asked for anew: one that has retired is believed for so long.
const RELOAD_EVERY: Duration = Duration::from_secs(30);
/// No more often than this, whatever names of keys clients make up.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// Where they are published.
const JWKS: &str = "/.well-known/jwks.json";

/// Verifies access tokens by the keys that the identity service publishes. Until it has answered once, no token is taken.
pub struct PublishedKeys {
    identity: Arc<Upstream>,
    host: Arc<dyn Host>,
    verifier: Verifier,
    /// When they were asked for last. Whoever asks holds it.
    asked: Mutex<Option<Instant>>,
}

impl PublishedKeys {
    /// Those of the identity service among these; none if it isn't among them.
    pub fn of(upstreams: &Upstreams, host: Arc<dyn Host>, options: &IdentityOptions) -> Option<Self> {
        let identity = upstreams.0.iter().find(|upstream| upstream.name == "identity")?.clone();
        let verifier = Verifier::new(&options.issuer, &options.audience);
        Some(Self { identity, host, verifier, asked: Mutex::default() })
    }

    /// Asks for them now and then, until `shutdown`.
    pub async fn run(&self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            self.reload().await;
            let _ = tokio::time::timeout(RELOAD_EVERY, shutdown.cancelled()).await;
        }
    }

    async fn ask(&self) -> Result<(), String> {
        let bytes = self.identity.look(JWKS).await?;
        let jwks = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        self.verifier.set_keys(&jwks).map(|_| ()).map_err(|error| error.to_string())
    }
}

#[async_trait]
impl Tokens for PublishedKeys {
    fn verify(&self, token: &str) -> Result<Caller, TokenFault> {
        verified(&self.verifier, token, self.host.now())
    }

    async fn reload(&self) -> bool {
        let mut asked = self.asked.lock().await;
        // Whoever held it a moment ago has asked for this caller too.
        if asked.is_some_and(|asked| asked.elapsed() < AT_MOST_EVERY) {
            return true;
        }
        let answered = self.ask().await;
        *asked = Some(Instant::now());
        if let Err(error) = &answered {
            warn!(error, "the keys of access tokens can't be asked for now");
        }
        answered.is_ok()
    }
}
