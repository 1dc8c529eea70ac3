//! The demo that an empty store begins with: a few products with stock, the templates of notifications, and a user in
//! each role.
//!
//! Each step leaves alone what is there, and a record in the identity service's store says that a demo was begun and
//! whether it is complete. So it is made once, is carried on after a crash, and never comes back to a shop that has
//! changed it.

mod goods;
mod people;
mod record;

use commerce_adapters::templates::MiniJinja;
use commerce_core::commit::CommitError;
use commerce_core::identity::{IdentityError, NoRandomness, Password, Secret};
use commerce_core::notification::{self, Notifications};
use commerce_core::store::{Store, StoreError};
use commerce_outbox::HandleError;
use std::sync::Arc;

pub use people::{DEMO_USERS, DemoUser};
use record::Record;

use crate::platform::Platform;
use crate::services::identity::fresh_password;

/// Why the demo could not be made. What was made of it stays, and the next start goes on.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A product, category or stock item could not be written.
    #[error("the demo's goods can't be written: {0}")]
    Goods(#[from] HandleError),
    /// A user could not be made.
    #[error("the demo's users can't be made: {0}")]
    People(#[from] IdentityError),
    /// The templates of notifications could not be written.
    #[error("the templates of notifications can't be written: {0}")]
    Templates(#[from] notification::Error),
    /// No password can be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record of the demo can't be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The data in this program is wrong.
    #[error("the demo's data is wrong: {0}")]
    Data(#[from] serde_json::Error),
}

/// What has become of the demo.
pub enum Seeding {
    /// The store had something in it, and no demo.
    None,
    /// It was made at an earlier start.
    Before,
    /// It was made now.
    Now(Made),
}

/// A demo that was made. Until it is [told of](Made::told), the next start says the password again.
pub struct Made {
    store: Arc<dyn Store>,
    version: u64,
    password: Option<Secret>,
}

impl Made {
    /// The users' password, if it was made up here.
    pub fn password(&self) -> Option<&str> {
        self.password.as_ref().map(Secret::expose)
    }

    /// The operator has been told the password: it is kept no more.
    ///
    /// # Errors
    /// What the store said.
    pub async fn told(self) -> Result<(), SeedError> {
        record::write(&self.store, &Record::complete(), self.version).await?;
        Ok(())
    }
}

/// Makes the demo, or what is missing of it, on stores that nothing else has written to.
///
/// # Errors
/// What the stores said.
pub async fn seed(platform: &Platform, password: Option<&Password>) -> Result<Seeding, SeedError> {
    let store = platform.identity().store().clone();
    let Some((version, secret)) = begin(platform, &store, password).await? else { return Ok(Seeding::None) };
    let Some(version) = version else { return Ok(Seeding::Before) };
    goods::stock_up(platform).await?;
    install_templates(platform).await?;
    let chosen = secret.as_ref().map(|secret| Password::new(secret.expose()));
    // Users whom an earlier start has made have the one that was made up then.
    if let Some(password) = chosen.as_ref().or(password) {
        people::invite(platform, password).await?;
    }
    Ok(Seeding::Now(Made { store, version, password: secret }))
}

/// The version of the record of a demo that is to be carried on, or none if it is complete, and the password that was
/// made up for it; nothing if there is to be no demo.
async fn begin(
    platform: &Platform,
    store: &Arc<dyn Store>,
    password: Option<&Password>,
) -> Result<Option<(Option<u64>, Option<Secret>)>, SeedError> {
    loop {
        let begun = record::read(store).await?;
        let version = match &begun {
            Some((record, _)) if record.is_complete() => return Ok(Some((None, None))),
            Some((record, version)) if password.is_some() || record.password().is_some() => {
                return Ok(Some((Some(*version), record.password().cloned())));
            }
            // It was begun with a password that is no longer set.
            Some((_, version)) => *version,
            None if !is_empty(platform).await? => return Ok(None),
            None => 0,
        };
        let secret = if password.is_none() { Some(fresh_password()?) } else { None };
        // Of several processes one writes it; the others read it again.
        let _ = record::write(store, &Record::begun(secret), version).await?;
    }
}

async fn is_empty(platform: &Platform) -> Result<bool, StoreError> {
    for (_, store) in platform.shop.stores().all() {
        store.caught_up().await?;
        if !store.read_log(0, 1).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn install_templates(platform: &Platform) -> Result<(), SeedError> {
    let host = platform.common().host.clone();
    let store = platform.shop.stores().notification.clone();
    let notifications = Notifications::new(store, host.clone(), Arc::new(MiniJinja::new()));
    notifications.install_default_templates(&host.context().with_actor("demo")).await?;
    Ok(())
}
