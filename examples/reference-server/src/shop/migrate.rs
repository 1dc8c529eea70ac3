//! Makes the stores, or brings them to the present version.

use std::fmt;
use std::sync::Arc;

use commerce_adapters::postgres::{self, PgOptions};
use commerce_core::Host;

use super::stores::{OpenError, SERVICES, lost, on_postgres};
use super::url::PgUrl;
use super::{StoreUrl, Stores};

/// What was done to a service's store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The service.
    pub service: &'static str,
    /// What was done.
    pub done: Done,
}

/// What was done to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It was of the present version.
    Nothing,
    /// It was not there.
    Made,
    /// It was of another version.
    Updated {
        /// Of which.
        from: i64,
        /// The present one.
        to: i64,
    },
    /// It came from another database cluster, and is at home in this one now.
    Adopted,
}

impl fmt::Display for Migrated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<10} ", self.service)?;
        match self.done {
            Done::Nothing => f.write_str("is up to date"),
            Done::Made => f.write_str("made"),
            Done::Updated { from, to } => write!(f, "updated from version {from} to {to}"),
            Done::Adopted => f.write_str("adopted: its cursors go on in this database cluster"),
        }
    }
}

/// Makes the stores of all services, or brings them to the present version. With `adopt`, those that were restored into
/// another database cluster than the one they were written in are at home in it from now on; no other program may have
/// them open then.
///
/// # Errors
/// When one can't be opened. Those before it are done.
pub async fn migrate(url: &StoreUrl, adopt: bool, host: &Arc<dyn Host>) -> Result<Vec<Migrated>, OpenError> {
    let mut migrated = Vec::new();
    match url {
        StoreUrl::Postgres(url) => {
            check_restored(url).await?;
            for (service, options) in SERVICES.into_iter().zip(on_postgres(url)?) {
                migrated.push(Migrated { service, done: bring_up(options, adopt).await? });
            }
        }
        StoreUrl::Memory | StoreUrl::Sqlite(_) => {
            // A file that is opened is made, or brought to the present version.
            let done = match Stores::open_existing(url, host).await {
                Err(OpenError::Absent { .. }) => {
                    Stores::open(url, host).await?;
                    Done::Made
                }
                opened => opened.map(|_| Done::Nothing)?,
            };
            migrated.extend(SERVICES.map(|service| Migrated { service, done }));
        }
    }
    Ok(migrated)
}

/// Nothing is made in the place of what a restore into another cluster has left out. A service that is new in this program has no
/// store either, but beside stores that are at home here.
async fn check_restored(url: &PgUrl) -> Result<(), OpenError> {
    let (mut absent, mut moved) = (None, false);
    for options in on_postgres(url)? {
        match options.open().await {
            Err(error @ postgres::OpenError::Absent { .. }) => absent = absent.or(Some(error)),
            Err(postgres::OpenError::OtherCluster { .. }) => moved = true,
            Ok(_) | Err(_) => {}
        }
    }
    match absent {
        Some(absent) if moved => Err(lost(absent)),
        _ => Ok(()),
    }
}

/// Looks first, to be able to say what was done.
async fn bring_up(options: PgOptions, adopt: bool) -> Result<Done, postgres::OpenError> {
    match options.clone().open().await {
        Ok(_) => Ok(Done::Nothing),
        Err(postgres::OpenError::Absent { .. }) => options.migrate().await.map(|_| Done::Made),
        Err(postgres::OpenError::Older { found, needed, .. }) => {
            let opened = if adopt { options.adopt().await } else { options.migrate().await };
            opened.map(|_| Done::Updated { from: found, to: needed })
        }
        Err(postgres::OpenError::OtherCluster { .. }) if adopt => {
            options.adopt().await.map(|_| Done::Adopted)
        }
        Err(error) => Err(error),
    }
}
