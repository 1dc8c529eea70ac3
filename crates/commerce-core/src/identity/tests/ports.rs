//! Ports that are fast and the same in every run.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;

/// Not fit for anything but tests. Gives way once, as a hasher on another thread does.
#[derive(Default)]
pub(super) struct FastHasher {
    pub(super) verified: AtomicUsize,
}

impl FastHasher {
    pub(super) fn count(&self) -> usize {
        self.verified.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl PasswordHasher for FastHasher {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashingFailed> {
        pausing::give_way().await;
        Ok(PasswordHash::new(digest(password.expose())))
    }

    async fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashingFailed> {
        pausing::give_way().await;
        self.verified.fetch_add(1, Ordering::SeqCst);
        Ok(digest(password.expose()) == hash.as_str())
    }
}

#[derive(Default)]
pub(super) struct CountingSecrets(AtomicUsize);

impl SecretSource for CountingSecrets {
    fn fresh(&self) -> Result<Secret, NoRandomness> {
        Ok(Secret::new(format!("secret-{:04}", self.0.fetch_add(1, Ordering::SeqCst))))
    }

    fn digest(&self, text: &str) -> Digest {
        Digest::new(digest(text))
    }
}

fn digest(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
