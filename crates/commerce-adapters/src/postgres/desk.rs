//! Where commits wait: writers take from here what can be written together, and leave the answers.

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
use super::job::{Answer, Job};
use super::queue::Queue;
use super::refused::Refused;
use super::resolve::Backend;
use super::statement::{Run, Statements};
use super::wake::Wake;

/// More commits than this don't wait: a caller is told to come again.
const QUEUE: usize = 8_192;
/// While a group is under way, another begins only if so many rows wait, or if they have waited for so long: one large group
/// costs less than two small ones.
const SECOND_GROUP: (usize, Duration) = (32, Duration::from_millis(1));

/// So many rows are worth a statement: whoever comes later may as well be in the next.
const ENOUGH: usize = 256;

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
    pub(super) refused: Refused,
    queue: Mutex<Queue>,
    news: Notify,
    /// Signals each group that was finished.
    settled: Notify,
    running: AtomicUsize,
    losses: AtomicUsize,
    /// Server processes that may still find what callers were told is not known.
    left_behind: Mutex<Vec<Backend>>,
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
            refused: Refused::default(),
            queue: Mutex::default(),
            news: Notify::new(),
            settled: Notify::new(),
            running: AtomicUsize::new(0),
            losses: AtomicUsize::new(0),
            left_behind: Mutex::default(),
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
                queue.wait_last(job);
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
            if !self.queue().holds(key) {
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

    /// A server process could not be ended.
    pub(super) fn leave_behind(&self, backend: Backend) {
        self.those_left().push(backend);
    }

    /// The server processes that could not be ended yet.
    pub(super) fn left_behind(&self) -> Vec<Backend> {
        self.those_left().clone()
    }

    pub(super) fn is_ended(&self, backend: Backend) {
        self.those_left().retain(|other| *other != backend);
    }

    fn those_left(&self) -> MutexGuard<'_, Vec<Backend>> {
        self.left_behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn run(&self, joined: bool) -> Run {
        let now = self.clock.as_ref().map(|host| host.now().as_micros());
        Run { now, xid_offset: self.xid_offset, joined }
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
                let group = if patient && queue.is_early(SECOND_GROUP.0) {
                    Group::default()
                } else {
                    queue.gather(|job| self.is_in_doubt(job))
                };
                let more = queue.has_waiting();
                (group, more, queue.is_done())
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

    /// Whether enough waits for a group, so that a writer need not hold back for those who were just answered: they can
    /// hand over more while it is written.
    pub(super) fn has_enough(&self) -> bool {
        self.queue().has_rows(ENOUGH)
    }

    /// Whether a commit will most likely be refused, for one reason alone: its stream was longer lately.
    fn is_in_doubt(&self, job: &Job) -> bool {
        let expectation = job.sole_expectation().filter(|_| !job.was_doubted);
        expectation.is_some_and(|(stream, version)| {
            self.refused.is_longer(stream, version) || self.known_heads.seem_longer(stream, version)
        })
    }

    fn come_back(&self, settled: usize) {
        self.queue().come_back(settled);
    }

    /// Answers what can be answered, and puts the rest back to the front of the queue. Answers are the members', then those of
    /// what was in doubt; where one is missing, there is none.
    pub(super) fn settle(&self, group: Group, answers: Vec<Option<Answer>>) {
        let mut answered = Vec::with_capacity(answers.len());
        {
            let mut queue = self.queue();
            let mut again = Vec::new();
            let mut answers = answers.into_iter();
            for job in group.members.into_iter().chain(group.doubts) {
                queue.leave(&job);
                match answers.next().flatten() {
                    Some(answer) => answered.push((job, answer)),
                    None => again.push(job),
                }
            }
            queue.unpark();
            queue.wait_first(again);
            if queue.has_waiting() || queue.closed {
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
            let group = self.queue().gather(|_| false);
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

/// The answer to a commit that was not sent, or is known not to have been written.
pub(super) fn rolled_back(error: &Said) -> CommitError {
    CommitError::RolledBack { source: error.clone().into() }
}
