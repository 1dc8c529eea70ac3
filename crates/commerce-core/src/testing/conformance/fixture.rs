//! What the checks have in common.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::commit::{
    Claim, Commit, CommitError, CommitId, Committed, Conflict, DocumentWrite, Expected, NewEvent, NewMessage,
};
use crate::host::Host;
use crate::id::Tenant;
use crate::store::{
    Claimed, CommitOutcome, Document, Lease, MessageBatch, Query, ReadMessages, RecordedMessage, Released,
    Store,
};
use crate::stream::{Position, RecordedEvent, StreamId};
use crate::testing::TestHost;
use crate::time::Timestamp;

/// More than a check ever writes.
pub(super) const ALL: usize = 100_000;
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// A fresh store with its clock, and short ways to ask it.
pub(super) struct Fixture<S> {
    /// The check it was made for, to be named when one of these ways ends in a panic.
    check: String,
    pub(super) store: S,
    pub(super) host: Arc<TestHost>,
    pub(super) tenant: Tenant,
}

impl<S: Store> Fixture<S> {
    pub(super) async fn new<F, Fut>(check: &str, new_store: F) -> Self
    where
        F: Fn(Arc<dyn Host>) -> Fut,
        Fut: Future<Output = S>,
    {
        let host = Arc::new(TestHost::new());
        Self {
            check: check.to_owned(),
            store: new_store(host.clone()).await,
            host,
            tenant: Tenant::default(),
        }
    }

    pub(super) fn later(&self, by: Duration) -> Timestamp {
        self.host.now().plus(by)
    }

    pub(super) fn commit_id(&self) -> CommitId {
        CommitId(self.host.new_id())
    }

    /// Commits what nothing speaks against.
    pub(super) async fn ok(&self, commit: Commit) -> Committed {
        match self.store.commit(commit).await {
            Ok(committed) => committed,
            Err(error) => {
                panic!("{}: a commit that conflicts with nothing succeeds, not: {error}", self.check)
            }
        }
    }

    /// Commits what must conflict, by this rule.
    pub(super) async fn conflict(&self, rule: &str, commit: Commit) -> Conflict {
        match self.store.commit(commit).await {
            Err(CommitError::Conflict(conflict)) => conflict,
            Err(error) => panic!("{}: {rule}, not: {error}", self.check),
            Ok(_) => panic!("{}: {rule}, but it was committed", self.check),
        }
    }

    /// Commits what must be refused as Invalid, by this rule.
    pub(super) async fn invalid(&self, rule: &str, commit: Commit) {
        match self.store.commit(commit).await {
            Err(CommitError::Invalid(_)) => {}
            Err(error) => panic!("{}: {rule}, not: {error}", self.check),
            Ok(_) => panic!("{}: {rule}, but it was committed", self.check),
        }
    }

    pub(super) async fn outcome(&self, id: CommitId) -> CommitOutcome {
        self.store.outcome(id).await.expect("outcome answers")
    }

    pub(super) async fn stream(&self, stream: &StreamId) -> Vec<RecordedEvent> {
        self.store.read_stream(&self.tenant, stream, 0, ALL).await.expect("read_stream answers")
    }

    pub(super) async fn caught_up(&self) {
        self.store.caught_up().await.expect("caught_up answers");
    }

    pub(super) async fn log(&self) -> Vec<RecordedEvent> {
        self.caught_up().await;
        self.store.read_log(0, ALL).await.expect("read_log answers")
    }

    pub(super) async fn document(&self, collection: &str, id: &str) -> Option<Document> {
        self.store.document(&self.tenant, collection, id).await.expect("document answers")
    }

    /// The ids that a query finds, in its order.
    pub(super) async fn find(&self, query: Query) -> Vec<String> {
        let found = self.store.documents(&query).await.expect("documents answers");
        found.into_iter().map(|document| document.id).collect()
    }

    pub(super) async fn claimed(&self, scope: &str, key: &str) -> Option<Claimed> {
        self.store.claimed(&self.tenant, scope, key).await.expect("claimed answers")
    }

    pub(super) async fn checkpoint(&self, reader: &str) -> Position {
        self.store.checkpoint(reader).await.expect("checkpoint answers")
    }

    pub(super) async fn batch(
        &self,
        partition: u32,
        after: Position,
        topics: &[&str],
        limit: usize,
    ) -> MessageBatch {
        let request = ReadMessages { partition, after, topics, limit };
        self.caught_up().await;
        self.store.read_messages(request).await.expect("read_messages answers")
    }

    /// The messages of all partitions, by position.
    pub(super) async fn messages(&self) -> Vec<RecordedMessage> {
        let mut messages = Vec::new();
        for partition in 0..self.store.partitions() {
            messages.extend(self.batch(partition, 0, &[], ALL).await.messages);
        }
        messages.sort_by_key(|message| message.position);
        messages
    }

    pub(super) async fn last_message(&self) -> Position {
        self.store.last_message().await.expect("last_message answers")
    }

    pub(super) async fn release_due(&self, limit: usize) -> Released {
        self.store.release_due(limit).await.expect("release_due answers")
    }

    pub(super) async fn acquire(&self, name: &str, holder: Uuid, duration: Duration) -> Option<Lease> {
        self.store.acquire_lease(name, holder, duration).await.expect("acquire_lease answers")
    }

    pub(super) async fn give_back(&self, lease: &Lease) {
        self.store.release_lease(lease).await.expect("release_lease answers");
    }
}

pub(super) fn stream(id: impl std::fmt::Display) -> StreamId {
    StreamId::new("test", id)
}

/// An event that says only a number.
pub(super) fn event(number: usize) -> NewEvent {
    NewEvent { event_type: "Counted".into(), schema: 1, payload: number.to_string().into_bytes() }
}

pub(super) fn events(count: usize) -> Vec<NewEvent> {
    (1..=count).map(event).collect()
}

/// A commit that appends so many events to a stream.
pub(super) fn append(id: impl std::fmt::Display, expected: Expected, count: usize) -> Commit {
    Commit::new().append(stream(id), expected, events(count))
}

/// One document of the collection `things`.
pub(super) fn put(id: &str, expected: Expected, body: &str) -> Commit {
    Commit::new().document(DocumentWrite::put("things", id, expected, body.as_bytes().to_vec()))
}

/// A claim of the scope `test`.
pub(super) fn claim(key: &str) -> Commit {
    Commit::new().claim(Claim::new("test", key))
}

pub(super) fn message(topic: &'static str, key: &str, body: usize) -> NewMessage {
    NewMessage::new(topic, key).payload(body.to_string().into_bytes())
}

pub(super) fn send(topic: &'static str, key: &str, body: usize) -> Commit {
    Commit::new().message(message(topic, key, body))
}

pub(super) fn number(payload: &[u8]) -> usize {
    std::str::from_utf8(payload).ok().and_then(|text| text.parse().ok()).expect("the payload is a number")
}

pub(super) fn numbers(messages: &[RecordedMessage]) -> Vec<usize> {
    messages.iter().map(|message| number(&message.payload)).collect()
}
