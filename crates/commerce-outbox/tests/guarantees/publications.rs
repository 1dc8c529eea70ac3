//! Events reach other services once, in the order of their streams, and with the flow they belong to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use commerce_core::commit::{Commit, Expected, NewEvent};
use commerce_core::error::Kind;
use commerce_core::event::Event;
use commerce_core::id::Tenant;
use commerce_core::memory::MemoryStore;
use commerce_core::store::{CommitFuture, ReadMessages, RecordedMessage, Store, StoreError};
use commerce_core::stream::{Position, RecordedEvent, StreamId};
use commerce_core::testing::{StoreAround, TestHost};
use commerce_core::upcast::{Upcasted, Upcasters};
use commerce_core::{Context, Host};
use commerce_outbox::{Envelope, Publication, PublishedEvent};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::store::new_store;

const STREAMS: u64 = 12;
const VERSIONS: u64 = 120;

fn flow(stream: u64) -> Uuid {
    Uuid::from_u128(u128::from(stream) + 1)
}

/// Each event in a commit of its own, of a flow of its stream's.
async fn write(store: &Arc<dyn Store>, host: &TestHost, versions: std::ops::Range<u64>) {
    for version in versions {
        for stream in 0..STREAMS {
            let context = Context::new(host.now(), host.new_id())
                .with_correlation(flow(stream))
                .with_traceparent(format!("00-{:032x}-00f067aa0ba902b7-01", stream + 1));
            let event = NewEvent { event_type: "Done".into(), schema: 1, payload: b"{}".to_vec() };
            let expected = Expected::Version(version);
            let commit = Commit::within(&context).append(StreamId::new("job", stream), expected, vec![event]);
            store.commit(commit).await.unwrap();
        }
    }
}

async fn published(store: &Arc<dyn Store>) -> Vec<RecordedMessage> {
    published_to(store, "job.events").await
}

async fn published_to(store: &Arc<dyn Store>, topic: &str) -> Vec<RecordedMessage> {
    let mut messages = Vec::new();
    for partition in 0..store.partitions() {
        let request = ReadMessages { partition, after: 0, topics: &[topic], limit: 100_000 };
        messages.extend(store.read_messages(request).await.unwrap().messages);
    }
    messages
}

#[tokio::test(flavor = "multi_thread")]
async fn several_that_publish_one_log_publish_each_event_once_and_in_order() {
    let host = Arc::new(TestHost::new());
    let store = new_store(host.clone(), 4).await;
    let publication = Publication::new(store.clone(), "job.events").kinds(["job"]);
    write(&store, &host, 0..VERSIONS / 2).await;
    let publishers: Vec<_> = (0..3)
        .map(|_| {
            let publication = publication.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    publication.publish().await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    write(&store, &host, VERSIONS / 2..VERSIONS).await;
    for publisher in publishers {
        publisher.await.unwrap();
    }
    store.caught_up().await.unwrap();
    publication.publish().await.unwrap();
    store.caught_up().await.unwrap();

    let (mut ids, mut versions) = (BTreeSet::new(), BTreeMap::<String, u64>::new());
    for message in published(&store).await {
        let event: PublishedEvent = serde_json::from_slice(&message.payload).unwrap();
        assert!(ids.insert(event.event_id), "{event:?} twice");
        let before = versions.insert(event.stream_id.clone(), event.version).unwrap_or(0);
        assert_eq!(event.version, before + 1, "stream {}", event.stream_id);
    }
    assert_eq!(ids.len() as u64, STREAMS * VERSIONS);
}

/// As another process saw it that read the log when it had five events.
struct Early(Arc<dyn Store>);

#[async_trait]
impl StoreAround for Early {
    fn inner(&self) -> &dyn Store {
        &*self.0
    }

    async fn read_log(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        let mut events = self.0.read_log(after, limit).await?;
        events.retain(|event| event.position <= 5);
        Ok(events)
    }
}

/// That process comes in between, just before the first commit.
struct Overtaken {
    store: Arc<dyn Store>,
    first: AtomicBool,
}

#[async_trait]
impl StoreAround for Overtaken {
    fn inner(&self) -> &dyn Store {
        &*self.store
    }

    fn commit(&self, commit: Commit) -> CommitFuture {
        if self.first.swap(false, Ordering::SeqCst) {
            let other = Publication::new(Arc::new(Early(self.store.clone())), "job.events");
            assert_eq!(other.publish().now_or_never().unwrap().unwrap(), 5);
        }
        self.store.commit(commit)
    }
}

/// What is left of one tenant's events is not passed over for those of the next.
#[tokio::test]
async fn who_is_overtaken_in_the_middle_of_a_batch_leaves_out_nothing() {
    let host = Arc::new(TestHost::new());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(host));
    for tenant in ["x", "y"] {
        for version in 0..10 {
            let event = NewEvent { event_type: "Done".into(), schema: 1, payload: b"{}".to_vec() };
            let commit = Commit { tenant: Tenant::new(tenant), ..Commit::new() };
            let expected = Expected::Version(version);
            store.commit(commit.append(StreamId::new("job", tenant), expected, vec![event])).await.unwrap();
        }
    }
    let overtaken = Overtaken { store: store.clone(), first: AtomicBool::new(true) };
    let publication = Publication::new(Arc::new(overtaken), "job.events");
    assert_eq!(publication.publish().await.unwrap(), 15);
    assert_eq!(published_to(&store, "job.events").await.len(), 20);
    assert_eq!(publication.position().await.unwrap(), 20);
}

#[tokio::test]
async fn a_batch_of_many_flows_keeps_each_in_its_own() {
    let host = Arc::new(TestHost::new());
    let store = new_store(host.clone(), 2).await;
    write(&store, &host, 0..1).await;
    store.caught_up().await.unwrap();
    Publication::new(store.clone(), "job.events").publish().await.unwrap();
    store.caught_up().await.unwrap();
    let messages = published(&store).await;
    assert_eq!(messages.len() as u64, STREAMS);
    for message in messages {
        let envelope = Envelope::from_recorded(&"/jobs".into(), message).unwrap();
        let event: PublishedEvent = envelope.body().unwrap();
        let stream: u64 = event.stream_id.parse().unwrap();
        assert_eq!(envelope.id, event.event_id);
        assert_eq!((envelope.correlation, envelope.causation), (flow(stream), Some(event.event_id)));
        let trace = envelope.traceparent.unwrap();
        assert!(trace.contains(&format!("{:032x}", stream + 1)), "{trace}");
    }
}

/// A group takes each event in once, whatever topics it reads: see `Publication::new`.
#[tokio::test]
async fn an_event_is_the_same_message_in_every_topic() {
    let host = Arc::new(TestHost::new());
    let store = new_store(host.clone(), 2).await;
    write(&store, &host, 0..1).await;
    store.caught_up().await.unwrap();
    let mut ids = Vec::new();
    for topic in ["job.events", "job.audit"] {
        Publication::new(store.clone(), topic).publish().await.unwrap();
        store.caught_up().await.unwrap();
        let envelope = |message| Envelope::from_recorded(&"/jobs".into(), message).unwrap().id;
        let published = published_to(&store, topic).await;
        ids.push(published.into_iter().map(envelope).collect::<BTreeSet<_>>());
    }
    assert_eq!(ids[0].len() as u64, STREAMS);
    assert_eq!(ids[0], ids[1]);
}

/// A job, which at first did not say by whom it was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Job {
    Done { by: String },
}

impl Event for Job {
    fn schema_version(_: &str) -> u32 {
        2
    }

    fn upcasters() -> &'static Upcasters {
        static BY_NOBODY: LazyLock<Upcasters> = LazyLock::new(|| {
            Upcasters::new().from("Done", 1, |_| Ok(Upcasted::payload(json!({"by": "nobody"}))))
        });
        &BY_NOBODY
    }
}

#[tokio::test]
async fn a_published_event_is_read_as_its_own_service_reads_it() {
    let host = Arc::new(TestHost::new());
    let store = new_store(host.clone(), 1).await;
    let done = |schema, by: &str| {
        let payload = json!({ "by": by }).to_string().into_bytes();
        NewEvent { event_type: "Done".into(), schema, payload }
    };
    let events = vec![done(1, "?"), done(2, "Ada"), done(3, "Ada")];
    let commit = Commit::new().append(StreamId::new("job", 1), Expected::ABSENT, events);
    store.commit(commit).await.unwrap();
    store.caught_up().await.unwrap();
    Publication::new(store.clone(), "job.events").publish().await.unwrap();
    store.caught_up().await.unwrap();
    let messages = published(&store).await;
    let read = |message: &RecordedMessage| {
        let event: PublishedEvent = serde_json::from_slice(&message.payload).unwrap();
        event.decode::<Job>()
    };
    let by = |by: &str| Job::Done { by: by.to_owned() };
    assert_eq!(read(&messages[0]).unwrap(), by("nobody"));
    assert_eq!(read(&messages[1]).unwrap(), by("Ada"));
    let newer = read(&messages[2]).unwrap_err();
    assert_eq!(newer.kind(), Kind::Terminal);
    assert!(newer.to_string().contains("schema version 3"), "{newer}");
}
