//! Whether anyone is at work on the stores.

use std::time::{Duration, Instant};

use commerce_core::store::{Query, StoreError};

use super::Stores;

/// Where members of consumer groups leave word that they are there, in stores that several processes can share.
const MEMBERS: &str = "bus-members";
/// So often is looked whether they have gone.
const LOOK: Duration = Duration::from_millis(200);

impl Stores {
    /// Whether the services of some process run on these stores. One that was killed is taken to run for as long as
    /// its leases last. On stores that are one process's alone, no one says so: no other can be there.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn are_at_work(&self) -> Result<bool, StoreError> {
        for (_, store) in self.all() {
            let now = store.now().await?;
            let alive = Query::all_tenants(MEMBERS).at_least("alive_until", now).limit(1);
            if !store.documents(&alive).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Waits, so long at most, until no process is at work on these stores. Answers whether that is so.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn left_alone(&self, patience: Duration) -> Result<bool, StoreError> {
        let began = Instant::now();
        while self.are_at_work().await? {
            if began.elapsed() > patience {
                return Ok(false);
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(true)
    }
}
