//! Whoever stops waiting for messages loses none.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use commerce_core::commit::{Commit, NewMessage};
use commerce_core::store::{CommitFuture, Store};
use commerce_core::testing::{StoreAround, TestHost};
use commerce_outbox::{Bus, StoreBus};

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
