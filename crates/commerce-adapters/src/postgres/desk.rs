//! Where commits wait: writers take from here what can be written together, and leave the answers.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use commerce_core::commit::CommitError;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::caution::Caution;
use super::connect::Address;
use super::error::{Closed, Overloaded, Said};
use super::group::Group;
use super::heads::KnownHeads;
use super::job::{Answer, Job, KeyMap, KeySet};
use super::statement::{Run, Statements};
use super::wake::Wake;

/// More commits than this don't wait: a caller is told to come again.
const QUEUE: usize = 8_192;
/// While a group is under way, another begins only if so many rows wait, or if they have waited for so long: one large group
/// costs less than two small ones.
const SECOND_GROUP: (usize, Duration) = (32, Duration::from_millis(1));
/// So far behind the first that waits the queue is searched for what can be written now.
const SEARCHED: usize = 1_024;

/// What all writers of a store share.
pub(super) struct Desk {
    pub(super) address: Address,
    pub(super) statements: Statements,
    pub(super) schema: String,
    /// The moment it is, if a host says so instead of the database.
    pub(super) clock: Option<Arc<dyn commerce_core::Host>>,
    pub(super) xid_offset: i64,
    pub(super) partitions: u32,
    pub(super) wake: Arc<Wake>,
    pub(super) caution: Caution,
    pub(super) known_heads: KnownHeads,
    queue: Mutex<Queue>,
    news: Notify,
    /// Signals each group that was finished.
    settled: Notify,
    running: AtomicUsize,
    losses: AtomicUsize,
}

#[derive(Default)]
struct Queue {
    /// In the order in which they were handed over.
    waiting: VecDeque<Box<Job>>,
    /// Not of those that are parked: no group can be made of them now.
    waiting_rows: usize,
    /// Those before all that wait which share something with a group under way, or with one before them that does: they
    /// needn't be looked at again until a group has ended.
    // Boxed, as they move on to a group.
    #[allow(clippy::vec_box)]
    parked: Vec<Box<Job>>,
    parked_keys: KeySet,
    /// How many commits are in groups whose writers have not come back for more yet.
    under_way: usize,
    /// How many commits of groups under way touch it.
    in_flight: KeyMap<u32>,
    closed: bool,
}

impl Desk {
    pub(super) fn new(
        address: Address,
        schema: String,
        partitions: u32,
        clock: Option<Arc<dyn commerce_core::Host>>,
        xid_offset: i64,
        wake: Arc<Wake>,
    ) -> Self {
        Self {
            address,
            statements: Statements::new(schema.clone(), partitions),
            schema,
            clock,
            xid_offset,
            partitions,
            wake,
            caution: Caution::default(),
            known_heads: KnownHeads::default(),
            queue: Mutex::default(),
            news: Notify::new(),
            settled: Notify::new(),
            running: AtomicUsize::new(0),
            losses: AtomicUsize::new(0),
        }
    }

    /// Hands a commit over: it will be written, or answered, whether its caller waits or not.
    pub(super) fn hand_over(&self, job: Box<Job>) {
        let refused = {
            let mut queue = self.queue();
            if queue.closed {
                Some((job, Closed.into()))
            } else if queue.len() >= QUEUE {
                Some((job, Overloaded { queue: QUEUE }.into()))
            } else {
                queue.waiting_rows += job.rows;
                queue.waiting.push_back(job);
                None
            }
        };
        match refused {
            Some((job, source)) => job.answer(Err(CommitError::RolledBack { source })),
            None => self.news.notify_one(),
        }
    }

    /// Waits until no commit of this id is queued or under way.
    pub(super) async fn settled(&self, key: u64) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            let busy = {
                let queue = self.queue();
                queue.in_flight.contains_key(&key) || queue.jobs().any(|job| job.keys.all().contains(&key))
            };
            if !busy {
                return;
            }
            settled.await;
        }
    }

    /// No more commits are taken; those that were are written.
    pub(super) fn close(&self) {
        self.queue().closed = true;
        self.news.notify_waiters();
        self.news.notify_one();
    }

    /// Waits until the writers have ended.
    pub(super) async fn ended(&self) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if self.running.load(Ordering::Acquire) == 0 {
                return;
            }
            settled.await;
        }
    }

    /// So many writers are at work.
    pub(super) fn begun(&self, writers: usize) {
        self.running.store(writers, Ordering::Release);
    }

    /// A writer has ended.
    pub(super) fn writer_ended(&self) {
        self.running.fetch_sub(1, Ordering::Release);
        self.settled.notify_waiters();
    }

    /// A writer's connection broke.
    pub(super) fn lost(&self) {
        self.losses.fetch_add(1, Ordering::AcqRel);
    }

    /// How many connections of writers have broken.
    pub(super) fn losses(&self) -> usize {
        self.losses.load(Ordering::Acquire)
    }

    pub(super) fn run(&self, joined: bool) -> Run {
        let now = self.clock.as_ref().map(|host| host.now().as_micros());
        Run { now, xid_offset: self.xid_offset, joined, careful: joined }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next group for a writer that has settled so many commits; none if the store was closed and nothing is left. Until
    /// it comes back the others hold back: those who were just answered hand over what is best written together.
    pub(super) async fn next_group(&self, settled: usize) -> Option<Group> {
        self.come_back(settled);
        let mut patient = true;
        let mut until = Instant::now() + SECOND_GROUP.1;
        loop {
            let news = self.news.notified();
            let (group, more, done) = {
                let mut queue = self.queue();
                let group = if patient && queue.is_early() { Group::default() } else { queue.gather() };
                let more = !queue.waiting.is_empty();
                (group, more, queue.closed && queue.len() == 0 && queue.in_flight.is_empty())
            };
            if !group.members.is_empty() {
                if more {
                    self.news.notify_one();
                }
                return Some(group);
            }
            if done {
                self.news.notify_one();
                return None;
            }
            if more && patient {
                patient = tokio::time::timeout_at(until, news).await.is_ok();
            } else {
                news.await;
                patient = true;
                until = Instant::now() + SECOND_GROUP.1;
            }
        }
    }

    fn come_back(&self, settled: usize) {
        self.queue().under_way -= settled;
    }

    /// Answers what can be answered, and puts the rest back to the front of the queue.
    pub(super) fn settle(&self, group: Group, answers: Vec<Option<Answer>>) {
        let mut answered = Vec::with_capacity(answers.len());
        {
            let mut queue = self.queue();
            let mut again = Vec::new();
            for (job, answer) in group.members.into_iter().zip(answers) {
                queue.leave(&job);
                match answer {
                    Some(answer) => answered.push((job, answer)),
                    None => again.push(job),
                }
            }
            queue.unpark();
            queue.wait_first(again);
            if !queue.waiting.is_empty() || queue.closed {
                self.news.notify_one();
            }
        }
        for (job, answer) in answered {
            job.answer(answer);
        }
        self.settled.notify_waiters();
    }

    /// Refuses everything that waits now, except what shares something with a group that is under way.
    pub(super) fn refuse_waiting(&self, error: &Said) {
        let mut left = self.queue().len();
        while left > 0 {
            let group = self.queue().gather();
            if group.members.is_empty() {
                return;
            }
            let count = group.members.len();
            left = left.saturating_sub(count);
            let answers = group.members.iter().map(|_| Some(Err(rolled_back(error)))).collect();
            self.settle(group, answers);
            self.come_back(count);
        }
    }
}

impl Queue {
    /// Whether it is better to wait for the group under way than to begin another now.
    fn is_early(&self) -> bool {
        self.under_way > 0 && self.waiting_rows < SECOND_GROUP.0
    }

    fn len(&self) -> usize {
        self.parked.len() + self.waiting.len()
    }

    /// All that are in no group.
    fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.parked.iter().chain(&self.waiting).map(|job| &**job)
    }

    /// What can be written now, in the order of the calls: a commit waits for all before it that it shares something
    /// with, unless it can join them.
    fn gather(&mut self) -> Group {
        let mut group = Group::default();
        while !group.is_full()
            && self.parked.len() < SEARCHED
            && let Some(job) = self.waiting.pop_front()
        {
            self.waiting_rows -= job.rows;
            let kept = if self.has_to_wait(&job) { Some(job) } else { group.admit(job).err() };
            if let Some(job) = kept {
                self.parked_keys.extend(job.keys.all());
                self.parked.push(job);
            }
        }
        self.under_way += group.members.len();
        for key in group.members.iter().flat_map(|job| job.keys.all()) {
            *self.in_flight.entry(*key).or_default() += 1;
        }
        group
    }

    fn has_to_wait(&self, job: &Job) -> bool {
        let mut keys = job.keys.all().iter();
        keys.any(|key| self.in_flight.contains_key(key) || self.parked_keys.contains(key))
    }

    /// A group has ended: what waited for it may be written now.
    fn unpark(&mut self) {
        self.parked_keys.clear();
        let parked = std::mem::take(&mut self.parked);
        self.wait_first(parked);
    }

    /// These came before all that wait.
    #[allow(clippy::vec_box)]
    fn wait_first(&mut self, jobs: Vec<Box<Job>>) {
        for job in jobs.into_iter().rev() {
            self.waiting_rows += job.rows;
            self.waiting.push_front(job);
        }
    }

    /// A commit is under way no more.
    fn leave(&mut self, job: &Job) {
        for key in job.keys.all() {
            if let Entry::Occupied(mut entry) = self.in_flight.entry(*key) {
                *entry.get_mut() -= 1;
                if *entry.get() == 0 {
                    entry.remove();
                }
            }
        }
    }
}

/// The answer to a commit that was not sent, or is known not to have been written.
pub(super) fn rolled_back(error: &Said) -> CommitError {
    CommitError::RolledBack { source: error.clone().into() }
}

#[cfg(test)]
mod tests {
    use commerce_core::commit::{Claim, Commit, CommitId};
    use uuid::Uuid;

    use super::*;

    /// A commit that claims this.
    fn job(number: u128, claim: &'static str) -> Box<Job> {
        let commit = Commit::new().claim(Claim::new("test", claim));
        Box::new(Job::silent(commit, CommitId(Uuid::from_u128(number))))
    }

    fn queue(jobs: impl IntoIterator<Item = Box<Job>>) -> Queue {
        let mut queue = Queue::default();
        for job in jobs {
            queue.waiting_rows += job.rows;
            queue.waiting.push_back(job);
        }
        queue
    }

    fn numbers<'j>(jobs: impl IntoIterator<Item = &'j Box<Job>>) -> Vec<u128> {
        jobs.into_iter().map(|job| job.id.0.as_u128()).collect()
    }

    #[test]
    fn what_shares_something_with_a_group_waits_until_it_has_ended() {
        let mut queue = queue([job(1, "a"), job(2, "b"), job(3, "a"), job(4, "a")]);
        let group = queue.gather();
        assert_eq!(numbers(&group.members), [1, 2]);
        assert_eq!(numbers(&queue.parked), [3, 4]);
        assert_eq!((queue.len(), queue.waiting_rows), (2, 0));
        assert!(queue.gather().members.is_empty(), "nothing has ended");
        assert!(queue.jobs().any(|job| job.id.0.as_u128() == 4), "it is known all the same");

        group.members.iter().for_each(|job| queue.leave(job));
        queue.unpark();
        assert_eq!(numbers(&queue.gather().members), [3]);
        assert_eq!(numbers(&queue.parked), [4]);
    }

    #[test]
    fn what_comes_later_passes_what_is_parked_only_where_they_share_nothing() {
        let mut queue = queue([job(1, "a"), job(2, "a")]);
        queue.gather();
        queue.waiting.extend([job(3, "a"), job(4, "b")]);
        queue.waiting_rows += queue.waiting.iter().map(|job| job.rows).sum::<usize>();
        assert_eq!(numbers(&queue.gather().members), [4]);
        assert_eq!(numbers(&queue.parked), [2, 3]);
    }

    #[test]
    fn what_is_to_be_looked_at_again_comes_before_what_waited_for_it() {
        let mut queue = queue([job(1, "a"), job(2, "a"), job(3, "b")]);
        let group = queue.gather();
        group.members.iter().for_each(|job| queue.leave(job));
        queue.unpark();
        queue.wait_first(group.members);
        assert_eq!(numbers(&queue.waiting), [1, 3, 2]);
        let rows: usize = queue.waiting.iter().map(|job| job.rows).sum();
        assert_eq!(queue.waiting_rows, rows);
    }
}
