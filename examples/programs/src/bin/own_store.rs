//! A store of one's own, proved by the conformance suite. This one is a layer around another store, which counts; for a
//! store from the ground up, which implements all of `Store`, the suite is called in the same way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use commerce_core::Host;
use commerce_core::commit::{Commit, CommitError};
use commerce_core::memory::MemoryStore;
use commerce_core::store::{CommitFuture, Store};
use commerce_core::testing::StoreAround;
use commerce_core::testing::conformance::{checks, conformance};

#[derive(Default)]
struct Counts {
    commits: AtomicU64,
    conflicts: AtomicU64,
}

struct CountingStore {
    inner: MemoryStore,
    counts: Arc<Counts>,
}

impl StoreAround for CountingStore {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    fn commit(&self, commit: Commit) -> CommitFuture {
        // Handed over within the call, not when the future is polled: the suite checks it.
        let answer = self.inner.commit(commit);
        let counts = self.counts.clone();
        Box::pin(async move {
            let answer = answer.await;
            counts.commits.fetch_add(u64::from(answer.is_ok()), Ordering::Relaxed);
            let conflict = matches!(answer, Err(CommitError::Conflict(_)));
            counts.conflicts.fetch_add(u64::from(conflict), Ordering::Relaxed);
            answer
        })
    }
}

#[tokio::main]
async fn main() {
    let counts = Arc::new(Counts::default());
    conformance(|host: Arc<dyn Host>| {
        let counts = counts.clone();
        async move { CountingStore { inner: MemoryStore::new(host), counts } }
    })
    .await;
    let passed = checks().len();
    println!("{passed} checks passed: {:?} commits, {:?} conflicts", counts.commits, counts.conflicts);
}
