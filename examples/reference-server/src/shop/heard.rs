//! Whether a service has heard of all that happened to another.

use commerce_core::store::{Query, Store, StoreError};
use commerce_outbox::Publication;

use super::Stores;
use super::rest::{HELD, has_read_all};
use super::wiring::{PUBLICATIONS, ROUTES};

impl Stores {
    /// Whether this group has handled all events of this service that it is told of. A dead letter is under way no more.
    ///
    /// # Errors
    /// When a store fails.
    pub(crate) async fn has_heard_all(&self, group: &str, source: &str) -> Result<bool, StoreError> {
        let (Some(inbox), Some(store)) = (self.of_service(group), self.of_service(source)) else {
            return Ok(true);
        };
        for (_, topic) in PUBLICATIONS.iter().filter(|(service, _)| *service == source) {
            let published = Publication::new(store.clone(), *topic).position().await?;
            if !store.read_log(published, 1).await?.is_empty() {
                return Ok(false);
            }
        }
        for route in ROUTES.iter().filter(|route| route.group == group) {
            if !has_read_all(route, &**store).await? {
                return Ok(false);
            }
        }
        Ok(!holds_any(&**inbox).await?)
    }
}

/// Whether a consumer has yet to come back to something.
async fn holds_any(inbox: &dyn Store) -> Result<bool, StoreError> {
    for state in ["retrying", "waiting"] {
        let held = Query::all_tenants(HELD).equals("state", state).limit(1);
        if !inbox.documents(&held).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
