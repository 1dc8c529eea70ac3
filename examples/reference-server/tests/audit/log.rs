//! What no commit can do to a log, a damaged file can.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::Timestamp;
use commerce_core::commit::{Commit, CommitId};
use commerce_core::id::Tenant;
use commerce_core::store::{
    Changes, Claimed, CommitFuture, CommitOutcome, Document, Lease, MessageBatch, Prune, Query, ReadMessages,
    Released, Store, StoreError,
};
use commerce_core::stream::{Position, RecordedEvent, StreamId, Version};
use reference_server::audit::audit;
use reference_server::audit::invariant::{POSITION_NOT_RISING, VERSION_GAP};
use reference_server::shop::Stores;
use uuid::Uuid;

use crate::fixture::{Fixture, codes};

/// The invariants that only a damaged log breaks.
pub(crate) const BROKEN: [&str; 2] = [POSITION_NOT_RISING, VERSION_GAP];

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_gone_leaves_a_gap() {
    // As if the one before the last of the log, which is the last of its stream, were gone: no state depends on it.
    let stores = damaged(|events| {
        if let Some(last) = events.last_mut() {
            last.version += 1;
        }
    })
    .await;
    let report = audit(&stores).await.unwrap();
    assert_eq!(codes(&report), [VERSION_GAP].into(), "{:#?}", report.breaches);
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_that_fall_are_found() {
    let stores = damaged(|events| {
        events[0].position = 2;
        events[1].position = 1;
    })
    .await;
    let report = audit(&stores).await.unwrap();
    assert_eq!(codes(&report), [POSITION_NOT_RISING].into(), "{:#?}", report.breaches);
}

/// The shop, its inventory log read through damage.
async fn damaged(damage: fn(&mut Vec<RecordedEvent>)) -> Stores {
    let fixture = Fixture::new().await;
    let before = fixture.stores.inventory.read_log(0, 1_000).await.unwrap();
    let mut after = before.clone();
    damage(&mut after);
    assert!(before != after);
    let inventory = Arc::new(Damaged { store: fixture.stores.inventory.clone(), damage });
    Stores { inventory, ..fixture.stores }
}

struct Damaged {
    store: Arc<dyn Store>,
    damage: fn(&mut Vec<RecordedEvent>),
}

#[async_trait]
impl Store for Damaged {
    async fn read_log(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        let mut events = self.store.read_log(after, limit).await?;
        if !events.is_empty() {
            (self.damage)(&mut events);
        }
        Ok(events)
    }

    fn commit(&self, commit: Commit) -> CommitFuture {
        self.store.commit(commit)
    }

    async fn outcome(&self, id: CommitId) -> Result<CommitOutcome, StoreError> {
        self.store.outcome(id).await
    }

    async fn read_stream(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.store.read_stream(tenant, stream, after, limit).await
    }

    async fn caught_up(&self) -> Result<(), StoreError> {
        self.store.caught_up().await
    }

    async fn read_messages(&self, request: ReadMessages<'_>) -> Result<MessageBatch, StoreError> {
        self.store.read_messages(request).await
    }

    async fn last_message(&self) -> Result<Position, StoreError> {
        self.store.last_message().await
    }

    async fn release_due(&self, limit: usize) -> Result<Released, StoreError> {
        self.store.release_due(limit).await
    }

    async fn document(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.store.document(tenant, collection, id).await
    }

    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        self.store.documents(query).await
    }

    async fn claimed(&self, tenant: &Tenant, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError> {
        self.store.claimed(tenant, scope, key).await
    }

    async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError> {
        self.store.checkpoint(reader).await
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.store.acquire_lease(name, holder, duration).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.store.release_lease(lease).await
    }

    async fn prune(&self, what: Prune) -> Result<u64, StoreError> {
        self.store.prune(what).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.store.now().await
    }

    fn partitions(&self) -> u32 {
        self.store.partitions()
    }

    fn position_ahead(&self, from: Position, messages: u64) -> Position {
        self.store.position_ahead(from, messages)
    }

    fn changes(&self) -> &Changes {
        self.store.changes()
    }
}
