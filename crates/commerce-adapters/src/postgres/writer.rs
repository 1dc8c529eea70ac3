//! Writers: they take what has queued up, write it as one group, and answer each member.
//!
//! Each holds a connection of its own; while one waits for the disk, the other can work. Commits that share something are
//! never in two groups at once, so they are applied in the order in which they were handed over.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use commerce_core::commit::{CommitError, CommitId};
use sqlx::PgConnection;
use tokio::sync::Notify;

use super::answers::{self, answers};
use super::connect::Address;
use super::error::{self, Class, Closed, Contended, Overloaded, Said};
use super::group::Group;
use super::job::{Answer, Job};
use super::layout::Layout;
use super::resolve;
use super::statement::{Run, Statements};
use super::wake::Wake;

/// More commits than this don't wait: a caller is told to come again.
const QUEUE: usize = 8_192;
/// So far behind the first that waits the queue is searched for what can be written now.
const SEARCHED: usize = 1_024;
/// So often a group is tried again that others got in the way of.
const ATTEMPTS: u32 = 3;
/// So often a single commit is.
const ATTEMPTS_ALONE: u32 = 20;
/// A statement that takes longer is taken for lost, and its outcome looked up.
const WRITTEN_WITHIN: Duration = Duration::from_secs(30);
/// How long a writer waits, at first and at most, before it tries again to connect.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

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
    queue: Mutex<Queue>,
    news: Notify,
    /// Signals each group that was finished.
    settled: Notify,
    running: AtomicUsize,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Box<Job>>,
    /// How many commits of groups under way touch it.
    in_flight: HashMap<u64, u32>,
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
            queue: Mutex::default(),
            news: Notify::new(),
            settled: Notify::new(),
            running: AtomicUsize::new(0),
        }
    }

    /// Hands a commit over: it will be written, or answered, whether its caller waits or not.
    pub(super) fn hand_over(&self, job: Box<Job>) {
        let refused = {
            let mut queue = self.queue();
            if queue.closed {
                Some((job, Closed.into()))
            } else if queue.waiting.len() >= QUEUE {
                Some((job, Overloaded { queue: QUEUE }.into()))
            } else {
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
                queue.in_flight.contains_key(&key) || queue.waiting.iter().any(|job| job.keys.contains(&key))
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

    pub(super) fn run(&self, joined: bool) -> Run {
        let now = self.clock.as_ref().map(|host| host.now().as_micros());
        Run { now, xid_offset: self.xid_offset, joined }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next group; none if the store was closed and nothing is left.
    async fn next_group(&self) -> Option<Group> {
        loop {
            let news = self.news.notified();
            let (group, more, done) = {
                let mut queue = self.queue();
                let group = queue.gather();
                let more = !queue.waiting.is_empty();
                (group, more, queue.closed && !more && queue.in_flight.is_empty())
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
            news.await;
        }
    }

    /// Answers what can be answered, and puts the rest back to the front of the queue.
    fn settle(&self, group: Group, answers: Vec<Option<Answer>>) {
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
            for job in again.into_iter().rev() {
                queue.waiting.push_front(job);
            }
            if !queue.waiting.is_empty() || queue.closed {
                self.news.notify_one();
            }
        }
        for (job, answer) in answered {
            job.answer(answer);
        }
        self.settled.notify_waiters();
    }

    /// Refuses everything that waits, except what shares something with a group that is under way.
    fn refuse_waiting(&self, error: &Said) {
        let group = self.queue().gather();
        let answers = group.members.iter().map(|_| Some(Err(rolled_back(error)))).collect();
        self.settle(group, answers);
    }
}

impl Queue {
    /// What can be written now, in the order of the calls: a commit waits for all before it that it shares something
    /// with, unless it can join them.
    fn gather(&mut self) -> Group {
        let mut group = Group::default();
        let mut passed: Vec<Box<Job>> = Vec::new();
        let mut blocked: HashSet<u64> = HashSet::new();
        while !group.is_full()
            && passed.len() < SEARCHED
            && let Some(job) = self.waiting.pop_front()
        {
            let waits = job.keys.iter().any(|key| self.in_flight.contains_key(key) || blocked.contains(key));
            let kept = if waits { Some(job) } else { group.admit(job).err() };
            if let Some(job) = kept {
                blocked.extend(&job.keys);
                passed.push(job);
            }
        }
        for job in passed.into_iter().rev() {
            self.waiting.push_front(job);
        }
        for job in &group.members {
            for key in &job.keys {
                *self.in_flight.entry(*key).or_default() += 1;
            }
        }
        group
    }

    /// A commit is under way no more.
    fn leave(&mut self, job: &Job) {
        for key in &job.keys {
            if let Entry::Occupied(mut entry) = self.in_flight.entry(*key) {
                *entry.get_mut() -= 1;
                if *entry.get() == 0 {
                    entry.remove();
                }
            }
        }
    }
}

fn rolled_back(error: &Said) -> CommitError {
    CommitError::RolledBack { source: error.clone().into() }
}

/// Starts so many writers, each with a connection if one could be made already.
pub(super) fn start(desk: &Arc<Desk>, writers: usize, first: PgConnection) {
    let mut first = Some(first);
    desk.running.store(writers, Ordering::Release);
    for _ in 0..writers {
        let writer = Writer { desk: desk.clone(), line: None, pause: RECONNECT.0 };
        tokio::spawn(writer.work(first.take()));
    }
}

/// A connection, and how the server knows it.
struct Line {
    db: PgConnection,
    backend: resolve::Backend,
}

struct Writer {
    desk: Arc<Desk>,
    line: Option<Line>,
    pause: Duration,
}

/// Why a group has no answers yet.
enum Trouble {
    /// The connection broke. What was sent may have been written, or may yet be.
    Lost { line: Box<Line>, source: Arc<sqlx::Error> },
    /// There is no connection. Nothing was sent.
    Unreachable(Arc<sqlx::Error>),
    /// The server refused. Nothing was written.
    Failed(Arc<sqlx::Error>),
}

impl Writer {
    async fn work(mut self, first: Option<PgConnection>) {
        if let Some(db) = first {
            self.line = Line::of(db).await.ok();
        }
        while let Some(group) = self.desk.next_group().await {
            let many = group.members.len() > 1;
            self.write(group).await;
            if many {
                // Those who were answered come first: what they hand over next is written together.
                tokio::task::yield_now().await;
            }
        }
        if let Some(line) = self.line.take() {
            let _ = sqlx::Connection::close(line.db).await;
        }
        self.desk.running.fetch_sub(1, Ordering::Release);
        self.desk.settled.notify_waiters();
    }

    async fn write(&mut self, group: Group) {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let trouble = match self.attempt(&group).await {
                Ok(answers) => {
                    self.pause = RECONNECT.0;
                    return self.desk.settle(group, answers);
                }
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Lost { line, source } => {
                    let answers = self.look_up(&group, *line, source).await;
                    return self.desk.settle(group, answers);
                }
                Trouble::Unreachable(source) => return self.refuse(group, source).await,
                Trouble::Failed(source) => {
                    let class = error::class(&source);
                    let raced = class == Class::Raced;
                    let limit = if group.members.len() == 1 { ATTEMPTS_ALONE } else { ATTEMPTS };
                    if raced && attempts < limit {
                        continue;
                    }
                    if class.meets_everyone() {
                        // A standby that has been promoted, or a primary that has moved, is found by connecting anew.
                        if class == Class::ReadOnly {
                            self.line = None;
                        }
                        return self.refuse_group(group, &source);
                    }
                    if group.members.len() == 1 {
                        return self.refuse_one(group, source, raced, attempts);
                    }
                    return self.write_singly(group).await;
                }
            }
        }
    }

    async fn attempt(&mut self, group: &Group) -> Result<Vec<Option<Answer>>, Trouble> {
        let mut line = match self.line.take() {
            Some(line) => line,
            None => Line::connect(&self.desk.address).await.map_err(|e| Trouble::Unreachable(e.into()))?,
        };
        let layout = Layout::of(group, self.desk.partitions);
        let writing = self.desk.statements.write(&layout, self.desk.run(false), &mut line.db);
        let result = match tokio::time::timeout(WRITTEN_WITHIN, writing).await {
            Ok(result) => result,
            Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
        };
        match result {
            Ok(written) => {
                self.line = Some(line);
                // Before the answers: whoever knows that it was committed finds its listener woken.
                self.desk.wake.committed(written.base, written.oldest);
                Ok(answers(group, &layout, &written))
            }
            Err(source) if error::class(&source) == Class::Lost => {
                Err(Trouble::Lost { line: Box::new(line), source: source.into() })
            }
            Err(source) => {
                self.line = Some(line);
                Err(Trouble::Failed(source.into()))
            }
        }
    }

    /// One at a time, in order: only the one at fault is refused. Those that build on it look again.
    async fn write_singly(&mut self, group: Group) {
        for job in group.members {
            Box::pin(self.write(Group::of(job))).await;
        }
    }

    /// What became of a group whose answer was lost.
    async fn look_up(&mut self, group: &Group, line: Line, source: Arc<sqlx::Error>) -> Vec<Option<Answer>> {
        let ids: Vec<CommitId> = group.members.iter().map(|job| job.id).collect();
        let Line { db, backend } = line;
        // Closed on this side first, so that the server need not wait for more.
        drop(db);
        match resolve::resolve(&self.desk, &ids, backend).await {
            Ok((db, found)) => {
                self.line = Line::of(db).await.ok();
                self.desk.wake.changed();
                let found: HashMap<CommitId, (i64, i64)> = found;
                let answer = |id: &CommitId| match found.get(id) {
                    Some((position, at)) => Ok(answers::committed(*id, *position, *at)),
                    None => Err(rolled_back(&Said::new(&self.desk.address.at, source.clone()))),
                };
                ids.iter().map(|id| Some(answer(id))).collect()
            }
            Err(unreachable) => {
                let said = Said::new(&self.desk.address.at, unreachable);
                let unknown = |id: &CommitId| CommitError::Unknown { id: *id, source: said.clone().into() };
                ids.iter().map(|id| Some(Err(unknown(id)))).collect()
            }
        }
    }

    /// Without a connection everyone who waits is told at once, and whoever comes while none can be made a little later.
    async fn refuse(&mut self, group: Group, source: Arc<sqlx::Error>) {
        let said = Said::new(&self.desk.address.at, source.clone());
        self.refuse_group(group, &source);
        self.desk.refuse_waiting(&said);
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(RECONNECT.1);
    }

    fn refuse_group(&self, group: Group, source: &Arc<sqlx::Error>) {
        let refusal = || Some(Err(error::commit_error(&self.desk.address.at, source.clone())));
        let answers = group.members.iter().map(|_| refusal()).collect();
        self.desk.settle(group, answers);
    }

    fn refuse_one(&self, group: Group, source: Arc<sqlx::Error>, raced: bool, attempts: u32) {
        let at = &self.desk.address.at;
        let error = if raced {
            let source = Contended { attempts, source: Said::new(at, source) }.into();
            CommitError::RolledBack { source }
        } else {
            error::commit_error(at, source)
        };
        let answers = vec![Some(Err(error))];
        self.desk.settle(group, answers);
    }
}

impl Line {
    async fn connect(address: &Address) -> Result<Self, sqlx::Error> {
        Self::of(address.connect().await?).await
    }

    async fn of(mut db: PgConnection) -> Result<Self, sqlx::Error> {
        let backend = resolve::Backend::of(&mut db).await?;
        Ok(Self { db, backend })
    }
}
