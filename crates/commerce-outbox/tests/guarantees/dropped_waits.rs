//! Whoever stops waiting for messages loses none, and nothing is read twice for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::commit::{Commit, DocumentWrite, Expected, NewMessage};
use commerce_core::store::{CommitFuture, MessageBatch, ReadMessages, Store, StoreError};
use commerce_core::testing::{StoreAround, TestHost};
use commerce_outbox::{Bus, StoreBus, StoreBusOptions};
use tokio::sync::Semaphore;

use crate::store::new_store;

const MESSAGES: usize = 300;

/// A store whose answers take their time, each its own.
struct Slow {
    inner: Arc<dyn Store>,
    commits: AtomicU64,
}

impl StoreAround for Slow {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn commit(&self, commit: Commit) -> CommitFuture {
        let answer = self.inner.commit(commit);
        let wait = Duration::from_millis(self.commits.fetch_add(1, Ordering::SeqCst) * 7 % 5);
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            answer.await
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_dropped_anywhere_loses_no_message() {
    let host = Arc::new(TestHost::new());
    let inner = new_store(host.clone(), 8).await;
    let store: Arc<dyn Store> = Arc::new(Slow { inner: inner.clone(), commits: AtomicU64::new(0) });
    let bus = StoreBus::new(host).source("/shop", store);
    let mut member = bus.subscribe("readers", &["jobs"]).await.unwrap();
    let writing = tokio::spawn(async move {
        for number in 0..MESSAGES {
            let message = NewMessage::new("jobs", format!("key-{}", number % 40));
            let message = message.json(&number).unwrap();
            inner.commit(Commit::new().message(message)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let mut seen = BTreeSet::new();
    for round in 0_u64.. {
        // Sometimes too short for anything, sometimes enough.
        let patience = Duration::from_micros(round * 700 % 9_000);
        if let Ok(deliveries) = tokio::time::timeout(patience, member.next(64)).await {
            for delivery in deliveries.unwrap() {
                assert!(seen.insert(delivery.envelope.body::<usize>().unwrap()), "handed out twice");
                member.ack(&[delivery.receipt]).await.unwrap();
            }
        }
        if seen.len() == MESSAGES {
            break;
        }
        assert!(round < 20_000, "{} of {MESSAGES} messages came", seen.len());
    }
    writing.await.unwrap();
    member.close().await.unwrap();
}

/// A store that takes its time to read messages, and counts how often it does.
struct Counted {
    inner: Arc<dyn Store>,
    reads: AtomicUsize,
    /// How many partitions were read in these.
    partitions: AtomicUsize,
    takes: Duration,
}

impl Counted {
    fn new(inner: Arc<dyn Store>, takes: Duration) -> Arc<Self> {
        Arc::new(Self { inner, reads: AtomicUsize::new(0), partitions: AtomicUsize::new(0), takes })
    }
}

#[async_trait]
impl StoreAround for Counted {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    async fn read_partitions(&self, requests: &[ReadMessages<'_>]) -> Result<Vec<MessageBatch>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.partitions.fetch_add(requests.len(), Ordering::SeqCst);
        let found = self.inner.read_partitions(requests).await;
        tokio::time::sleep(self.takes).await;
        found
    }
}

#[tokio::test]
async fn a_read_outlives_the_wait_for_it() {
    let host = Arc::new(TestHost::new());
    let store = Counted::new(new_store(host.clone(), 1).await, Duration::from_millis(50));
    store
        .inner
        .commit(Commit::new().message(NewMessage::new("jobs", "key").json(&7).unwrap()))
        .await
        .unwrap();
    // Where others write beside it, a reader may see it a little later.
    let topics = &["jobs"];
    while (store.inner)
        .read_messages(ReadMessages { partition: 0, after: 0, topics, limit: 1 })
        .await
        .unwrap()
        .messages
        .is_empty()
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let bus = StoreBus::new(host).source("/shop", store.clone());
    let mut member = bus.subscribe("readers", topics).await.unwrap();
    // No wait is as long as a read.
    let mut waits = 0;
    let deliveries = loop {
        match tokio::time::timeout(Duration::from_millis(10), member.next(1)).await {
            Ok(deliveries) => break deliveries.unwrap(),
            Err(_) => waits += 1,
        }
        assert!(waits < 500, "the message didn't come");
    };
    assert_eq!(deliveries.len(), 1);
    assert_eq!(store.reads.load(Ordering::SeqCst), 1, "it was read again for each wait");
    member.close().await.unwrap();
}

/// A store that reads over one connection, which takes its time.
struct OneConnection {
    inner: Arc<dyn Store>,
    connection: Semaphore,
}

#[async_trait]
impl StoreAround for OneConnection {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    async fn read_partitions(&self, requests: &[ReadMessages<'_>]) -> Result<Vec<MessageBatch>, StoreError> {
        let _connection = self.connection.acquire().await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.inner.read_partitions(requests).await
    }
}

#[tokio::test]
async fn a_read_that_no_one_waits_for_keeps_no_connection_from_others() {
    let host = Arc::new(TestHost::new());
    let inner = new_store(host.clone(), 1).await;
    let store = Arc::new(OneConnection { inner, connection: Semaphore::new(1) });
    let bus = StoreBus::new(host).source("/shop", store.clone());
    let mut member = bus.subscribe("readers", &["jobs"]).await.unwrap();
    while store.connection.available_permits() > 0 {
        assert!(tokio::time::timeout(Duration::from_millis(10), member.next(1)).await.is_err());
    }
    // Whoever waited for the messages has something else to read first.
    let read = tokio::time::timeout(Duration::from_secs(20), Store::read_partitions(&*store, &[]));
    read.await.expect("the connection is free again").unwrap();
    member.close().await.unwrap();
}

/// How often a reader of the topic `jobs` reads while a hundred such commits are written, and a message for it.
async fn reads_among(others: impl Fn(usize) -> Commit) -> usize {
    let host = Arc::new(TestHost::new());
    let store = Counted::new(new_store(host.clone(), 1).await, Duration::ZERO);
    let options = StoreBusOptions { poll: Duration::from_secs(600), ..StoreBusOptions::default() };
    let bus = StoreBus::new(host).source("/shop", store.clone()).options(options);
    let mut member = bus.subscribe("readers", &["jobs"]).await.unwrap();
    store.inner.commit(message("jobs", "key")).await.unwrap();
    assert_eq!(member.next(1).await.unwrap().len(), 1);
    let before = store.reads.load(Ordering::SeqCst);
    let reading = tokio::spawn(async move { member.next(1).await.unwrap() });
    for number in 0..100 {
        store.inner.commit(others(number)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    store.inner.commit(message("jobs", "key")).await.unwrap();
    assert_eq!(reading.await.unwrap().len(), 1);
    store.reads.load(Ordering::SeqCst) - before
}

fn message(topic: &'static str, key: &str) -> Commit {
    Commit::new().message(NewMessage::new(topic, key).json(&7).unwrap())
}

#[tokio::test]
async fn no_one_reads_for_commits_without_messages() {
    let note = |number: usize| {
        Commit::new().document(DocumentWrite::put("notes", number.to_string(), Expected::Any, b"{}".to_vec()))
    };
    let reads = reads_among(note).await;
    assert!(reads <= 5, "{reads} reads for one message");
}

#[tokio::test]
async fn no_one_reads_for_messages_of_other_topics() {
    let reads = reads_among(|number| message("parcels", &number.to_string())).await;
    assert!(reads <= 5, "{reads} reads for one message");
}

#[tokio::test]
async fn only_partitions_to_which_messages_came_are_read() {
    let host = Arc::new(TestHost::new());
    let store = Counted::new(new_store(host.clone(), 8).await, Duration::ZERO);
    let options = StoreBusOptions { poll: Duration::from_secs(600), ..StoreBusOptions::default() };
    let bus = StoreBus::new(host).source("/shop", store.clone()).options(options);
    let mut member = bus.subscribe("readers", &[]).await.unwrap();
    for number in 0..50 {
        store.inner.commit(message("jobs", &format!("key-{number}"))).await.unwrap();
        assert_eq!(member.next(64).await.unwrap().len(), 1);
    }
    // The first time all are read; and where others write beside it, a reader may have to look again.
    let read = store.partitions.load(Ordering::SeqCst);
    assert!(read <= 150, "{read} partitions were read for 50 messages");
}
