//! The one writer: a thread that takes whatever has queued up while it was busy and writes it in one transaction.
//!
//! Work per commit falls as load rises, since the sync to disk is shared. Each member gets its own answer: one that
//! meets a conflict writes nothing, the others go on. If SQLite itself fails amid a group, the group is rolled back
//! and its members are written one by one, so that only the one at fault fails.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use commerce_core::Host;
use commerce_core::commit::{Commit, CommitError, CommitId, Committed};
use commerce_core::store::{Changes, CommitFuture, News, StoreError};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::apply::{self, ApplyError};
use super::error::{self, Overloaded, WriterGone};
use super::file::OpenedFile;
use super::statements::Statements;

#[cfg(test)]
mod tests;

/// So many jobs may wait. Beyond that a caller is told to come back.
const QUEUE: usize = 8_192;
/// So many jobs share a transaction at most: beyond it, throughput no longer rises, but everyone's wait does.
const GROUP: usize = 256;
/// So many rows at most, for the same reason.
const GROUP_ROWS: usize = 4_096;

pub(super) struct Writer {
    jobs: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

/// What a job of the writer has to know.
pub(super) struct Desk {
    pub(super) host: Arc<dyn Host>,
    pub(super) partitions: u32,
    pub(super) changes: Changes,
    /// Whether the store waits for the disk.
    pub(super) durable: bool,
    pub(super) file: OpenedFile,
}

/// Something to be written. It runs again from the start if its transaction was rolled back.
trait Job: Send {
    fn rows(&self) -> usize;
    /// Whether it need not be durable when it is answered.
    fn is_relaxed(&self) -> bool;
    fn run(&mut self, db: &Connection, statements: &mut Statements<'_>, desk: &Desk) -> rusqlite::Result<()>;
    /// What readers have that is new, once the transaction is durable.
    fn news(&self, desk: &Desk) -> Option<News>;
    /// The transaction has ended: answer the caller.
    fn finish(self: Box<Self>, transaction: Result<(), TransactionError>);
}

/// How a transaction failed.
#[derive(Clone)]
pub(super) struct TransactionError {
    pub(super) source: Arc<rusqlite::Error>,
    /// The failure came while the commit was being made durable: it may or may not have happened.
    pub(super) unknown: bool,
    /// One of the group may be at fault, and the others can be written without it.
    one_is_at_fault: bool,
}

impl TransactionError {
    /// What would meet each of the group alike: a file that is busy, a disk that is full or failing.
    fn of_all(source: rusqlite::Error) -> Self {
        Self { source: Arc::new(source), unknown: false, one_is_at_fault: false }
    }

    fn of_a_member(source: rusqlite::Error) -> Self {
        let one_is_at_fault = !error::meets_everyone(&source);
        Self { one_is_at_fault, ..Self::of_all(source) }
    }
}

impl Writer {
    pub(super) fn start(db: Connection, desk: Desk) -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_until_closed(&db, &queue, &desk))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    pub(super) fn commit(&self, commit: Commit) -> CommitFuture {
        let (reply, answer) = oneshot::channel();
        let id = commit.id;
        if let Err(refusal) = self.send(Box::new(CommitJob { commit, outcome: None, reply })) {
            return Box::pin(std::future::ready(Err(CommitError::RolledBack { source: refusal })));
        }
        Box::pin(async move {
            // The writer answers every job it has taken; it can only be gone if its thread was.
            answer.await.unwrap_or_else(|_| match id {
                Some(id) => Err(CommitError::Unknown { id, source: WriterGone.into() }),
                None => Err(CommitError::RolledBack { source: WriterGone.into() }),
            })
        })
    }

    /// Runs a write that is no commit: a lease, a prune, messages that fall due.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        write: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.call_with_news(write, |_| News::default()).await
    }

    /// The same for a write that may bring something new into a log.
    pub(super) async fn call_with_news<T: Send + 'static>(
        &self,
        write: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
        news: fn(&T) -> News,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = CallJob { write, news, value: None, reply };
        self.send(Box::new(job)).map_err(|source| StoreError::Unavailable { source })?;
        answer.await.map_err(|_| StoreError::Unavailable { source: WriterGone.into() })?
    }

    fn send(&self, job: Box<dyn Job>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let jobs = self.jobs.as_ref().ok_or(WriterGone)?;
        jobs.try_send(job).map_err(|refusal| match refusal {
            TrySendError::Full(_) => Overloaded { queue: QUEUE }.into(),
            TrySendError::Disconnected(_) => WriterGone.into(),
        })
    }
}

impl Drop for Writer {
    /// Everything that was handed over is written before the store is gone.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The connection that writes.
struct Pen<'c> {
    db: &'c Connection,
    statements: Statements<'c>,
    /// Whether a transaction waits for the disk.
    waits: bool,
}

impl<'c> Pen<'c> {
    fn of(db: &'c Connection, desk: &Desk) -> rusqlite::Result<Self> {
        Ok(Self { db, statements: Statements::prepare(db)?, waits: desk.durable })
    }

    /// Has the next transactions wait for the disk, or not. What the log before them holds is there once one has waited.
    fn wait(&mut self, waits: bool) -> rusqlite::Result<()> {
        if waits != self.waits {
            self.db.pragma_update(None, "synchronous", synchronous(waits))?;
            self.waits = waits;
        }
        Ok(())
    }
}

/// What SQLite calls it. Either way a power cut never leaves half a transaction, nor one without those before it.
pub(super) fn synchronous(waits: bool) -> &'static str {
    if waits { "FULL" } else { "NORMAL" }
}

fn write_until_closed(db: &Connection, queue: &Receiver<Box<dyn Job>>, desk: &Desk) {
    let mut pen = None;
    while let Ok(first) = queue.recv() {
        let group = gather(first, queue);
        if let Err(gone) = desk.file.is_in_its_place() {
            refuse(group, gone);
            continue;
        }
        if pen.is_none() {
            match Pen::of(db, desk) {
                Ok(prepared) => pen = Some(prepared),
                Err(error) => {
                    refuse(group, error);
                    continue;
                }
            }
        }
        if let Some(pen) = &mut pen {
            write_group(group, pen, desk);
        }
    }
}

fn refuse(group: Vec<Box<dyn Job>>, error: rusqlite::Error) {
    let failure = TransactionError::of_all(error);
    for job in group {
        job.finish(Err(failure.clone()));
    }
}

fn gather(first: Box<dyn Job>, queue: &Receiver<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut rows = first.rows();
    let mut group = vec![first];
    while group.len() < GROUP
        && rows < GROUP_ROWS
        && let Ok(job) = queue.try_recv()
    {
        rows += job.rows();
        group.push(job);
    }
    group
}

fn write_group(mut group: Vec<Box<dyn Job>>, pen: &mut Pen<'_>, desk: &Desk) {
    let result = transact(&mut group, pen, desk);
    match result {
        Err(failure) if group.len() > 1 && failure.one_is_at_fault => {
            for job in group {
                write_group(vec![job], pen, desk);
            }
        }
        result => {
            // Before the answers: whoever knows that it was committed finds its listener woken.
            let news = group.iter().filter_map(|job| job.news(desk)).reduce(News::and);
            if let (Ok(()), Some(news)) = (&result, news) {
                desk.changes.notify_of(news);
            }
            for job in group {
                job.finish(result.clone());
            }
        }
    }
}

fn transact(group: &mut [Box<dyn Job>], pen: &mut Pen<'_>, desk: &Desk) -> Result<(), TransactionError> {
    let db = pen.db;
    if !db.is_autocommit() {
        // An earlier rollback failed: nothing can be written before it succeeds.
        db.execute_batch("ROLLBACK").map_err(TransactionError::of_all)?;
    }
    let is_relaxed = group.iter().all(|job| job.is_relaxed());
    pen.wait(desk.durable && !is_relaxed).map_err(TransactionError::of_all)?;
    db.execute_batch("BEGIN IMMEDIATE").map_err(TransactionError::of_all)?;
    let written = group.iter_mut().try_for_each(|job| job.run(db, &mut pen.statements, desk));
    let result = written.map_err(TransactionError::of_a_member).and_then(|()| {
        db.execute_batch("COMMIT").map_err(|source| TransactionError {
            unknown: error::durability_is_unknown(&source),
            ..TransactionError::of_all(source)
        })
    });
    if result.is_err() && !db.is_autocommit() {
        // If it fails, it is tried again before the next transaction.
        let _ = db.execute_batch("ROLLBACK");
    }
    result
}

struct CommitJob {
    commit: Commit,
    outcome: Option<Result<Committed, CommitError>>,
    reply: oneshot::Sender<Result<Committed, CommitError>>,
}

impl Job for CommitJob {
    fn rows(&self) -> usize {
        let events: usize = self.commit.appends.iter().map(|append| append.events.len()).sum();
        1 + events + self.commit.documents.len() + self.commit.messages.len() + self.commit.claims.len()
    }

    /// What goes into a log is durable all the same: readers must not see what a power cut may take back, as its positions
    /// would be given out again.
    fn is_relaxed(&self) -> bool {
        let Commit { relaxed, appends, messages, .. } = &self.commit;
        *relaxed && messages.is_empty() && appends.iter().all(|append| append.events.is_empty())
    }

    fn run(&mut self, _: &Connection, statements: &mut Statements<'_>, desk: &Desk) -> rusqlite::Result<()> {
        match apply::apply(&self.commit, statements, &*desk.host, desk.partitions) {
            Ok(committed) => self.outcome = Some(Ok(committed)),
            Err(ApplyError::Answer(error)) => self.outcome = Some(Err(error)),
            Err(ApplyError::Sqlite(error)) => return Err(error),
        }
        Ok(())
    }

    fn news(&self, desk: &Desk) -> Option<News> {
        matches!(self.outcome, Some(Ok(_))).then(|| News::of(&self.commit, desk.partitions))
    }

    fn finish(self: Box<Self>, transaction: Result<(), TransactionError>) {
        let id = match &self.outcome {
            Some(Ok(committed)) => committed.id,
            _ => self.commit.id.unwrap_or(CommitId(uuid::Uuid::nil())),
        };
        let answer = match (transaction, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(CommitError::RolledBack { source: WriterGone.into() }),
            // It wrote nothing, but what it lost against may be gone as well.
            (Err(failure), Some(Err(_))) => Err(CommitError::RolledBack { source: failure.source.into() }),
            (Err(failure), _) => Err(error::commit_error(id, failure)),
        };
        // The caller may have gone: the commit stands all the same.
        let _ = self.reply.send(answer);
    }
}

struct CallJob<T, W> {
    write: W,
    news: fn(&T) -> News,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, W: FnMut(&Connection) -> rusqlite::Result<T> + Send> Job for CallJob<T, W> {
    fn rows(&self) -> usize {
        1
    }

    fn is_relaxed(&self) -> bool {
        false
    }

    fn run(&mut self, db: &Connection, _: &mut Statements<'_>, _: &Desk) -> rusqlite::Result<()> {
        self.value = Some((self.write)(db)?);
        Ok(())
    }

    fn news(&self, _: &Desk) -> Option<News> {
        self.value.as_ref().map(self.news)
    }

    fn finish(self: Box<Self>, transaction: Result<(), TransactionError>) {
        let answer = match (transaction, self.value) {
            (Ok(()), Some(value)) => Ok(value),
            (Ok(()), None) => Err(StoreError::Unavailable { source: WriterGone.into() }),
            (Err(failure), _) => Err(error::shared(failure.source)),
        };
        let _ = self.reply.send(answer);
    }
}
