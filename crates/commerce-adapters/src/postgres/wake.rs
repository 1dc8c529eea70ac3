//! Waking readers: of this process at once, of others by NOTIFY, outside of every commit.
//!
//! What was committed can be read only when every transaction with a lower id has ended (see [`super::read`]). If one was
//! under way, perhaps of another program, readers are woken again as soon as it has: the next commit of this process sees
//! that, and the watch asks for it, at most once a millisecond, then less and less often, and not as long as commits follow each
//! other within a millisecond.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use commerce_core::store::{Changes, News};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::database::{Database, Texts};

/// How long the watch waits between two looks, at least and at most.
const WATCH: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));
/// The news of so many transactions are kept apart.
const APART: usize = 64;
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
    /// How many groups of this process were committed: each tells what was under way when it began, but for those whose
    /// answer was lost.
    told: AtomicU64,
    watch: Notify,
    announce: Notify,
}

/// News that readers can't see yet, each with the first position of its transaction. They are woken for it once they can.
#[derive(Default)]
struct Hidden(Vec<(i64, News)>);

impl Wake {
    pub(super) fn new(texts: Texts) -> Self {
        Self {
            changes: Changes::default(),
            name: RandomState::new().hash_one("wake"),
            texts,
            hidden: Mutex::default(),
            newest: AtomicI64::new(0),
            told: AtomicU64::new(0),
            watch: Notify::new(),
            announce: Notify::new(),
        }
    }

    /// A transaction of this process was committed, and brought such news; `oldest` was under way when it began.
    pub(super) fn committed(&self, base: i64, oldest: i64, news: News) {
        self.newest.fetch_max(base, Ordering::Relaxed);
        self.told.fetch_add(1, Ordering::Relaxed);
        let told = {
            let mut hidden = self.hidden();
            // It may have been what hid the news of younger ones; and it saw what no one hides any more.
            let told = news.and(hidden.after(base)).and(hidden.take_seen(oldest));
            if oldest < base && news != News::default() {
                hidden.add(base, news);
                self.watch.notify_one();
            }
            told
        };
        self.changes.notify_of(told);
        self.announce.notify_one();
    }

    /// A transaction of someone else's has such news: readers are woken when it has ended, in vain if it was rolled back.
    pub(super) fn when_ended(&self, base: i64, news: News) {
        if news != News::default() {
            self.hidden().add(base, news);
            self.watch.notify_one();
        }
    }

    /// Someone told that there was a commit up to this position, perhaps this store itself.
    pub(super) fn heard(&self, base: i64, from: u64) {
        if from != self.name {
            self.when_ended(base, News::ALL);
        }
    }

    fn hidden(&self) -> MutexGuard<'_, Hidden> {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first position of the oldest transaction whose news can't be seen yet.
    fn first_hidden(&self) -> Option<i64> {
        self.hidden().0.iter().map(|(base, _)| *base).min()
    }
}

impl Hidden {
    fn add(&mut self, base: i64, news: News) {
        let full = self.0.len() >= APART;
        match self.0.last_mut().filter(|_| full) {
            Some(last) => *last = (last.0.max(base), last.1.and(news)),
            None => self.0.push((base, news)),
        }
    }

    /// What transactions have that are younger than this one.
    fn after(&self, base: i64) -> News {
        let younger = self.0.iter().filter(|(other, _)| *other > base);
        younger.map(|(_, news)| *news).fold(News::default(), News::and)
    }

    /// Takes away what can be seen now that this is the first position of the oldest transaction under way.
    fn take_seen(&mut self, oldest: i64) -> News {
        let seen = self.0.extract_if(.., |(base, _)| *base < oldest);
        seen.map(|(_, news)| news).fold(News::default(), News::and)
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
    let mut next_look = Instant::now();
    loop {
        wake.watch.notified().await;
        let (mut pause, mut waits_for) = (WATCH.0, None);
        while let Some(first) = wake.first_hidden() {
            if waits_for != Some(first) {
                (pause, waits_for) = (WATCH.0, Some(first));
            }
            // Where much is written, commits see for nothing what can be told: as long as they follow each other, there is no
            // need to ask.
            if Instant::now() < next_look {
                let told = wake.told.load(Ordering::Relaxed);
                tokio::time::sleep_until(next_look).await;
                if wake.told.load(Ordering::Relaxed) != told {
                    next_look = Instant::now() + WATCH.0;
                }
                continue;
            }
            // A look that fails is tried again; readers poll besides.
            let oldest = database.oldest(&wake.texts).await.unwrap_or_default();
            let seen = wake.hidden().take_seen(oldest);
            if seen != News::default() {
                wake.changes.notify_of(seen);
            }
            next_look = Instant::now() + pause;
            pause = (pause * 2).min(WATCH.1);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_told_once_it_can_be_seen_and_once() {
        let mut hidden = Hidden::default();
        hidden.add(20, News::MESSAGES);
        hidden.add(10, News::EVENTS);
        assert_eq!(hidden.take_seen(10), News::default());
        assert_eq!(hidden.take_seen(11), News::EVENTS);
        assert_eq!(hidden.take_seen(20), News::default());
        assert_eq!(hidden.take_seen(21), News::MESSAGES);
        assert_eq!(hidden.take_seen(i64::MAX), News::default());
    }

    #[test]
    fn a_commit_tells_what_it_saw_that_is_hidden_no_more() {
        let wake = Wake::new(Texts::new(0));
        let told = || wake.changes.arrivals::<&str>(0, &[]);
        wake.committed(20, 10, News::MESSAGES);
        let before = told();
        wake.committed(30, 20, News::default());
        assert_eq!((told(), wake.first_hidden()), (before, Some(20)));
        wake.committed(40, 21, News::default());
        assert!(told() > before);
        assert_eq!(wake.first_hidden(), None);
    }

    #[test]
    fn only_what_younger_transactions_have_may_have_been_hidden_by_one() {
        let mut hidden = Hidden::default();
        hidden.add(20, News::MESSAGES);
        hidden.add(10, News::EVENTS);
        let after = [30, 20, 15, 5].map(|base| hidden.after(base));
        assert_eq!(after, [News::default(), News::default(), News::MESSAGES, News::ALL]);
    }

    #[test]
    fn of_more_than_are_kept_apart_nothing_is_told_too_early_or_lost() {
        let mut hidden = Hidden::default();
        for base in 1..=APART as i64 {
            hidden.add(base, News::EVENTS);
        }
        hidden.add(1_000, News::MESSAGES);
        hidden.add(500, News::EVENTS);
        assert_eq!(hidden.0.len(), APART);
        assert_eq!(hidden.take_seen(1_000), News::EVENTS);
        assert_eq!(hidden.take_seen(1_001), News::ALL);
        assert!(hidden.0.is_empty());
    }
}
