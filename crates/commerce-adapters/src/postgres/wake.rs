//! Waking readers: of this process at once, of others by NOTIFY, outside of every commit.
//!
//! What was committed can be read only when every transaction with a lower id has ended (see [`super::read`]). If one was
//! under way, perhaps of another program, readers are woken again as soon as it has: the watch asks for it, first after a
//! millisecond, then less and less often.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    hidden: Mutex<Hidden>,
    /// The first position of the newest transaction of this process.
    newest: AtomicI64,
    watch: Notify,
    announce: Notify,
}

/// News that readers can't see yet, and are to be woken for as soon as they can.
#[derive(Default)]
struct Hidden {
    /// What the watch waits for now.
    watched: News,
    /// What it will wait for then, and the first position of the newest transaction that brought some of it.
    later: News,
    later_base: i64,
}

impl Wake {
    pub(super) fn new(texts: Texts) -> Self {
        Self {
            changes: Changes::default(),
            name: RandomState::new().hash_one("wake"),
            texts,
            hidden: Mutex::default(),
            newest: AtomicI64::new(0),
            watch: Notify::new(),
            announce: Notify::new(),
        }
    }

    /// A transaction of this process was committed, and brought such news; `oldest` was under way when it began.
    pub(super) fn committed(&self, base: i64, oldest: i64, news: News) {
        self.newest.fetch_max(base, Ordering::Relaxed);
        let told = {
            let mut hidden = self.hidden();
            // It may have been what hid another's news.
            let told = news.and(hidden.watched).and(hidden.later);
            if oldest < base && news != News::default() {
                hidden.add(base, news);
                self.watch.notify_one();
            }
            told
        };
        self.changes.notify_of(told);
        self.announce.notify_one();
    }

    /// Someone told that there was a commit up to this position, perhaps this store itself.
    pub(super) fn heard(&self, base: i64, from: u64) {
        if from != self.name {
            self.hidden().add(base, News::ALL);
            self.watch.notify_one();
        }
    }

    /// What the watch is to wait for next.
    fn watched(&self) -> Option<i64> {
        self.hidden().watch()
    }

    fn hidden(&self) -> MutexGuard<'_, Hidden> {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hidden {
    fn add(&mut self, base: i64, news: News) {
        self.later_base = self.later_base.max(base);
        self.later = self.later.and(news);
    }

    /// Begins to wait for all there is. Answers the first position of what has to be seen for it.
    fn watch(&mut self) -> Option<i64> {
        self.watched = std::mem::take(&mut self.later);
        (self.watched != News::default()).then_some(self.later_base)
    }

    /// What was waited for can be seen.
    fn seen(&mut self) -> News {
        std::mem::take(&mut self.watched)
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
        while let Some(base) = wake.watched() {
            let mut pause = WATCH.0;
            // A look that fails is tried again; readers poll besides.
            while !database.oldest(&wake.texts).await.is_ok_and(|oldest| oldest > base) {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(WATCH.1);
            }
            let seen = wake.hidden().seen();
            wake.changes.notify_of(seen);
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
