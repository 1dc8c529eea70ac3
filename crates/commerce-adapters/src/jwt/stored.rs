//! The keys as a document of the identity service's store, shared by its processes.

use commerce_core::Host;
use commerce_core::commit::{Commit, CommitError, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::Store;
use commerce_core::stream::Version;

use super::{KeysError, SigningKeys};

const COLLECTION: &str = "identity.signing-keys";
const ID: &str = "ring";

impl SigningKeys {
    /// The keys that the store holds, or fresh ones that it holds from now on. Of several processes that start at
    /// once, all get the same.
    ///
    /// # Errors
    /// What the store said, or [`KeysError::Crypto`].
    pub async fn load_or_create(store: &dyn Store, host: &dyn Host) -> Result<Self, KeysError> {
        if let Some((keys, _)) = read(store).await? {
            return Ok(keys);
        }
        let fresh = Self::generate(host.new_id(), host.now())?;
        write(store, fresh, 0).await
    }

    /// Rotates the keys that the store holds, and answers them. If another process rotates them at the same time,
    /// they are rotated once. Every process has to load them again before it signs with the new one; tokens signed
    /// with the old one are verified until it retires.
    ///
    /// # Errors
    /// What the store said, or [`KeysError::Crypto`].
    pub async fn rotate_stored(store: &dyn Store, host: &dyn Host) -> Result<Self, KeysError> {
        let Some((mut keys, version)) = read(store).await? else {
            return Self::load_or_create(store, host).await;
        };
        keys.rotate(host.new_id(), host.now())?;
        write(store, keys, version).await
    }
}

async fn read(store: &dyn Store) -> Result<Option<(SigningKeys, Version)>, KeysError> {
    let document = store.document(&Tenant::default(), COLLECTION, ID).await?;
    document.map(|document| Ok((document.json()?, document.version))).transpose()
}

/// The keys that were written; those of another process, if that was faster.
async fn write(store: &dyn Store, keys: SigningKeys, expected: Version) -> Result<SigningKeys, KeysError> {
    let write = DocumentWrite::json(COLLECTION, ID, Expected::Version(expected), &keys)
        .map_err(|error| KeysError::Crypto(error.to_string()))?;
    match store.commit(Commit::new().document(write)).await {
        Ok(_) => Ok(keys),
        Err(CommitError::Conflict(conflict)) => match read(store).await? {
            Some((theirs, _)) => Ok(theirs),
            None => Err(CommitError::Conflict(conflict).into()),
        },
        Err(error) => Err(error.into()),
    }
}
