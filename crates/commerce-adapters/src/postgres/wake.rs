//! Waking readers: of this process at once, of others by NOTIFY, outside of every commit.
//!
//! What was committed can be read only when every transaction with a lower id has ended (see [`super::read`]). If one was
//! under way, perhaps of another program, readers are woken again as soon as it has: the watch asks for it, first after a
//! millisecond, then less and less often.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use commerce_core::store::{Changes, News};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::database::{Database, Texts};

/// How long the watch waits between two looks, at first and at most.
const WATCH: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));
/// Other processes are told at most this often.
const ANNOUNCE_EVERY: Duration = Duration::from_millis(5);
/// The channel on which processes tell each other of commits; the payload is the last position, who tells, and the schema.
pub(super) const CHANNEL: &str = "commerce_commits";

/// Wakes the readers of one store.
pub(super) struct Wake {
    pub(super) changes: Changes,
    /// By this it knows what it has told itself.
    name: u64,
    texts: Texts,
    /// The first position of the newest transaction that readers are to be woken for once they can see it.
    awaited: AtomicI64,
    /// Up to which of these they were.
    seen: AtomicI64,
    /// The first position of the newest transaction of this process.
    newest: AtomicI64,
    watch: Notify,
    announce: Notify,
}

impl Wake {
    pub(super) fn new(texts: Texts) -> Self {
        Self {
            changes: Changes::default(),
            name: RandomState::new().hash_one("wake"),
            texts,
            awaited: AtomicI64::new(0),
            seen: AtomicI64::new(0),
            newest: AtomicI64::new(0),
            watch: Notify::new(),
            announce: Notify::new(),
        }
    }

    /// A transaction of this process was committed, and brought such news; `oldest` was under way when it began.
    pub(super) fn committed(&self, base: i64, oldest: i64, news: News) {
        self.newest.fetch_max(base, Ordering::Relaxed);
        // It may have been what hid another's news.
        let hid_some = self.awaited.load(Ordering::Relaxed) > self.seen.load(Ordering::Relaxed);
        self.changes.notify_of(if hid_some { News::ALL } else { news });
        if oldest < base && news != News::default() {
            self.when_visible(base);
        }
        self.announce.notify_one();
    }

    /// Someone told that there was a commit up to this position, perhaps this store itself.
    pub(super) fn heard(&self, base: i64, from: u64) {
        if from != self.name {
            self.when_visible(base);
        }
    }

    /// Wakes readers once they can see what this transaction has written.
    fn when_visible(&self, base: i64) {
        self.awaited.fetch_max(base, Ordering::Relaxed);
        self.watch.notify_one();
    }
}

/// Starts the tasks that wake readers, which end when the set is dropped.
pub(super) fn start(wake: &Arc<Wake>, database: &Database, schema: &str, announces: bool) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(watch(wake.clone(), database.clone()));
    if announces {
        tasks.spawn(announce(wake.clone(), database.clone(), schema.to_owned()));
    }
    tasks
}

async fn watch(wake: Arc<Wake>, database: Database) {
    loop {
        wake.watch.notified().await;
        // One that stands still is waited for: while others go on, the newest is always hidden by one under way.
        while let awaited = wake.awaited.load(Ordering::Relaxed)
            && awaited > wake.seen.load(Ordering::Relaxed)
        {
            let mut pause = WATCH.0;
            // A look that fails is tried again; readers poll besides.
            while !database.oldest(&wake.texts).await.is_ok_and(|oldest| oldest > awaited) {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(WATCH.1);
            }
            wake.seen.store(awaited, Ordering::Relaxed);
            wake.changes.notify();
        }
    }
}

async fn announce(wake: Arc<Wake>, database: Database, schema: String) {
    loop {
        wake.announce.notified().await;
        let payload = format!("{} {} {schema}", wake.newest.load(Ordering::Relaxed), wake.name);
        // A hint: if it is lost, readers elsewhere find the news at their next look.
        let _ = database.notify(&wake.texts, &payload).await;
        tokio::time::sleep(ANNOUNCE_EVERY).await;
    }
}
