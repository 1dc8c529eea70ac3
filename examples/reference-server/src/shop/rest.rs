//! Whether every message has been handled.

use std::time::Duration;

use commerce_core::store::{Query, ReadMessages, Store, StoreError};

use super::Stores;
use super::wiring::{ROUTES, Route, is_follower};

/// So often is looked whether the services are at rest.
const LOOK: Duration = Duration::from_millis(50);
/// Where consumers keep what they could not handle at once.
pub(super) const HELD: &str = "held-messages";

/// Returns once every message has been handled by whom it is for, or is a dead letter: a saga's end may leave messages
/// behind it that no one awaits, such as a refund to be paid out. The services have to run for it; those that follow need
/// not, and are not waited for.
pub(super) async fn rest(stores: &Stores) -> Result<(), StoreError> {
    loop {
        let before = written(stores).await?;
        // Up to there nothing is hidden behind what is still being written, and nothing will come in between.
        stores.caught_up().await?;
        // What was handled while others were looked at may have told them something.
        if is_quiet(stores).await? && written(stores).await? == before {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Where the outbox logs end.
async fn written(stores: &Stores) -> Result<Vec<u64>, StoreError> {
    let mut ends = Vec::new();
    for (_, store) in stores.all() {
        ends.push(store.last_message().await?);
    }
    Ok(ends)
}

async fn is_quiet(stores: &Stores) -> Result<bool, StoreError> {
    for (service, store) in stores.all() {
        let retrying = Query::all_tenants(HELD).equals("state", "retrying").limit(1);
        let is_retrying = !is_follower(service) && !store.documents(&retrying).await?.is_empty();
        if is_retrying || store.release_due(0).await?.next_due.is_some() {
            return Ok(false);
        }
        let readers = ROUTES.iter().filter(|route| route.sources.contains(&service));
        for route in readers.filter(|route| !route.follows_events()) {
            if !has_read_all(route, &**store).await? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// A cursor moves past a message once it is handled, or held because it could not be.
pub(super) async fn has_read_all(route: &Route, source: &dyn Store) -> Result<bool, StoreError> {
    for partition in 0..source.partitions() {
        let after = source.checkpoint(&format!("group/{}/{partition}", route.group)).await?;
        let request = ReadMessages { partition, after, topics: route.topics, limit: 1 };
        if !source.read_messages(request).await?.messages.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}
