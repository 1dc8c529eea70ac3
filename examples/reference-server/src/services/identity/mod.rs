//! Identity: who may sign in, and the tokens by which everyone else knows them.

mod keys;
mod passwords;

use std::sync::Arc;
use std::time::Duration;

use commerce_adapters::jwt::KeysError;
use commerce_adapters::password::{Argon2Hasher, OsSecrets};
use commerce_core::Host;
use commerce_core::identity::{Accounts, HashingFailed, IdentityError};
use commerce_core::store::Store;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub use keys::Keys;
pub(crate) use keys::verified;
pub use passwords::fresh_password;

/// So often what has expired is deleted.
const FORGET_EVERY: Duration = Duration::from_secs(60);
/// So many expired documents of each kind go at a time.
const FORGOTTEN_AT_ONCE: usize = 500;

/// What access tokens say of themselves, the same in every process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityOptions {
    /// Who signs them (`iss`).
    pub issuer: String,
    /// For whom they are good (`aud`).
    pub audience: String,
}

impl Default for IdentityOptions {
    fn default() -> Self {
        Self { issuer: "commerce".to_owned(), audience: "commerce".to_owned() }
    }
}

/// Why the identity service can't start.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdentityError {
    /// Its keys can't be read, made or used.
    #[error("the keys that sign access tokens can't be used: {0}")]
    Keys(#[from] KeysError),
    /// Passwords can't be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingFailed),
    /// Accounts can't be opened.
    #[error(transparent)]
    Accounts(#[from] IdentityError),
}

/// The identity service.
#[derive(Clone)]
pub struct Identity {
    /// Who may sign in, and how.
    pub accounts: Arc<Accounts>,
    /// What signs and verifies access tokens.
    pub keys: Arc<Keys>,
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
}

impl Identity {
    /// On this store. The first process makes the keys.
    ///
    /// # Errors
    /// When the store can't be read or written, or there is no randomness.
    pub async fn open(
        store: Arc<dyn Store>,
        host: Arc<dyn Host>,
        options: &IdentityOptions,
    ) -> Result<Self, OpenIdentityError> {
        let keys = Keys::open(store.clone(), host.clone(), options).await?;
        let accounts =
            Accounts::new(store.clone(), Arc::new(Argon2Hasher::new()?), Arc::new(OsSecrets)).await?;
        Ok(Self { accounts: Arc::new(accounts), keys: Arc::new(keys), store, host })
    }

    /// The store beneath.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Reads the keys anew and deletes what has expired, now and then, until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        tokio::join!(self.keys.run(shutdown.clone()), self.forget(shutdown));
    }

    async fn forget(&self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(FORGET_EVERY) => {}
            }
            if let Err(error) = self.forget_expired().await {
                warn!(%error, "expired sessions and tokens can't be deleted now");
            }
        }
    }

    /// Deletes sessions, mailed tokens and failed logins whose time is up, and answers how many there were.
    ///
    /// # Errors
    /// What the store said.
    pub async fn forget_expired(&self) -> Result<usize, IdentityError> {
        let mut forgotten = 0;
        loop {
            let context = self.host.context().with_actor("identity");
            match self.accounts.forget_expired(&context, FORGOTTEN_AT_ONCE).await? {
                0 => return Ok(forgotten),
                count => forgotten += count,
            }
        }
    }
}
