//! Queues of held messages that were emptied.

use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::Query;
use serde_json::json;

use crate::flowing::{FlowingWorld, seconds};
use crate::support::{Running, record};

const KEYS: &str = "held-keys";

/// Held once and long since emptied, by the thousand: as after a provider was away.
#[tokio::test(start_paused = true)]
async fn queues_that_were_emptied_are_forgotten_however_many_they_are() {
    let world = FlowingWorld::new();
    for tenant in [Tenant::default(), serde_json::from_value(json!("other")).unwrap()] {
        let mut commit = Commit { tenant, ..Commit::new() };
        for number in 0..2_300 {
            let queue = json!({ "key": number.to_string(), "next": 1, "open": false });
            let id = format!("workers/{number}");
            let write = DocumentWrite::json(KEYS, id, Expected::ABSENT, &queue).unwrap();
            let write = write.field("emptied_group", "workers").field("emptied_at", world.host.now());
            commit = commit.document(write);
        }
        world.store.commit(commit).await.unwrap();
    }
    world.host.advance(Duration::from_secs(2 * 60 * 60));
    let running = Running::consumer(world.consumer().on(record));
    seconds(11 * 60).await;
    let left = world.store.documents(&Query::all_tenants(KEYS).limit(usize::MAX)).await.unwrap();
    assert_eq!(left.len(), 0);
    running.stop().await;
}
