//! Whether a service has heard of all that happened to another.

use commerce_core::store::{Query, Store, StoreError};
use commerce_outbox::Publication;

use super::Stores;
use super::rest::{HELD, has_read_all};
use super::wiring::{PUBLICATIONS, ROUTES};

/// So many held messages of one state are counted: whoever asks would read each of them.
const COUNTED: usize = 1_000;

impl Stores {
    /// Whether this group has handled all events of this service that it is told of. A dead letter is under way no more.
    ///
    /// # Errors
    /// When a store fails.
    pub(crate) async fn has_heard_all(&self, group: &str, source: &str) -> Result<bool, StoreError> {
        let Some(inbox) = self.of_service(group) else { return Ok(true) };
        Ok(self.has_read_all(group, source).await? && !holds_any(&**inbox).await?)
    }

    /// Whether this group has read all events of all services that it is told of. It may have put some aside.
    ///
    /// # Errors
    /// When a store fails.
    pub(crate) async fn has_read_everything(&self, group: &str) -> Result<bool, StoreError> {
        for source in ROUTES.iter().filter(|route| route.group == group).flat_map(|route| route.sources) {
            if !self.has_read_all(group, source).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// How many messages this group has put aside or given up; a backlog of more than some thousands is not counted further.
    ///
    /// # Errors
    /// When the group's store fails.
    pub(crate) async fn held_by(&self, group: &str) -> Result<u64, StoreError> {
        let Some(inbox) = self.of_service(group) else { return Ok(0) };
        let mut count = 0;
        for state in ["retrying", "waiting", "dead"] {
            let held = Query::all_tenants(HELD).equals("group", group).equals("state", state);
            count += inbox.documents(&held.limit(COUNTED)).await?.len() as u64;
        }
        Ok(count)
    }

    async fn has_read_all(&self, group: &str, source: &str) -> Result<bool, StoreError> {
        let Some(store) = self.of_service(source) else { return Ok(true) };
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
        Ok(true)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use commerce_core::Host;
    use commerce_core::commit::{Commit, Expected, NewEvent};
    use commerce_core::id::OrderId;
    use commerce_core::order::Order;
    use commerce_core::stream::StreamId;
    use commerce_outbox::SystemHost;

    use super::*;
    use crate::shop::StoreUrl;

    fn an_event_of_an_order() -> Commit {
        let event = NewEvent { event_type: "OrderFailed".into(), schema: 1, payload: b"{}".to_vec() };
        let stream = StreamId::of::<Order>(&OrderId(SystemHost.new_id()));
        Commit::new().append(stream, Expected::Any, vec![event])
    }

    #[tokio::test]
    async fn what_is_not_published_or_not_read_was_not_read_by_all_it_is_for() {
        let host: Arc<dyn Host> = Arc::new(SystemHost);
        let stores = Stores::open(&StoreUrl::Memory, &host).await.unwrap();
        assert!(stores.has_read_everything("analytics").await.unwrap());
        stores.order.commit(an_event_of_an_order()).await.unwrap();
        assert!(!stores.has_read_everything("analytics").await.unwrap(), "nobody has published it");
        let (_, topic) = PUBLICATIONS.into_iter().find(|(service, _)| *service == "order").unwrap();
        Publication::new(stores.order.clone(), topic).publish().await.unwrap();
        assert!(!stores.has_read_everything("analytics").await.unwrap(), "nobody has read it");
        assert!(stores.has_read_everything("order").await.unwrap(), "it is not for it");
    }
}
