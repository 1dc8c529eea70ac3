//! Argon2id off the async threads.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use commerce_core::identity::{HashingFailed, Password, PasswordHash, PasswordHasher};
use tokio::sync::Semaphore;

/// Memory in KiB, as OWASP recommends: 19 MiB.
const MEMORY: u32 = 19_456;
/// Passes over the memory, as OWASP recommends.
const PASSES: u32 = 2;
/// Lanes, as OWASP recommends.
const LANES: u32 = 1;
/// The length of a salt in bytes, as RFC 9106 recommends.
const SALT: usize = 16;

/// Hashes with Argon2id (RFC 9106). Needs a Tokio runtime.
///
/// A hash carries its own parameters, so that those of older ones are still verified after the parameters change.
#[derive(Clone)]
pub struct Argon2Hasher {
    argon2: Argon2<'static>,
    at_once: Arc<Semaphore>,
}

impl Argon2Hasher {
    /// With OWASP's parameters: 19 MiB, two passes, one lane.
    ///
    /// # Errors
    /// Never: these parameters are within the algorithm's limits.
    pub fn new() -> Result<Self, HashingFailed> {
        Self::with_parameters(MEMORY, PASSES, LANES)
    }

    /// With so many KiB of memory, passes and lanes. Fewer than [`new`](Self::new) takes are for tests.
    ///
    /// # Errors
    /// When they are outside the algorithm's limits.
    pub fn with_parameters(memory: u32, passes: u32, lanes: u32) -> Result<Self, HashingFailed> {
        let parameters =
            Params::new(memory, passes, lanes, None).map_err(|error| failed("parameters", error))?;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters),
            at_once: Arc::new(Semaphore::new(processors)),
        })
    }

    /// Hashes no more passwords than this at the same time, at least one. As many as there are processors, unless set.
    pub fn at_once(mut self, hashes: usize) -> Self {
        self.at_once = Arc::new(Semaphore::new(hashes.max(1)));
        self
    }

    /// The permit goes with the work: if the caller is dropped, it is given back when the work has ended.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(Argon2<'static>) -> Result<T, HashingFailed> + Send + 'static,
    ) -> Result<T, HashingFailed> {
        let permit = self.at_once.clone().acquire_owned().await.map_err(HashingFailed::new)?;
        let argon2 = self.argon2.clone();
        let done = tokio::task::spawn_blocking(move || {
            let done = work(argon2);
            drop(permit);
            done
        });
        done.await.map_err(HashingFailed::new)?
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashingFailed> {
        let password = password.clone();
        self.blocking(move |argon2| {
            let mut salt = [0; SALT];
            getrandom::fill(&mut salt).map_err(|error| failed("salt", error))?;
            let hash: Phc = argon2
                .hash_password_with_salt(password.expose().as_bytes(), &salt)
                .map_err(|error| failed("hash", error))?;
            Ok(PasswordHash::new(hash.to_string()))
        })
        .await
    }

    async fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashingFailed> {
        let (password, hash) = (password.clone(), hash.clone());
        self.blocking(move |argon2| {
            let hash = Phc::new(hash.as_str()).map_err(|error| failed("stored hash", error))?;
            match argon2.verify_password(password.expose().as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(failed("verification", error)),
            }
        })
        .await
    }
}

impl fmt::Debug for Argon2Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argon2Hasher").field("parameters", self.argon2.params()).finish_non_exhaustive()
    }
}

fn failed(what: &str, error: impl fmt::Display) -> HashingFailed {
    HashingFailed::new(format!("{what}: {error}"))
}
