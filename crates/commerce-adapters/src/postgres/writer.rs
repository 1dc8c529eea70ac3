//! Writers: they take what has queued up, write it as one group, and answer each member.
//!
//! Each holds a connection of its own; while one waits for the disk, the other can work. Commits that share something are
//! never in two groups at once, so they are applied in the order in which they were handed over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::{CommitError, CommitId};
use sqlx::{Connection, PgConnection};

use super::answers::{self, answers};
use super::connect::CONNECT_WITHIN;
use super::desk::{Desk, rolled_back};
use super::error::{self, Class, Contended, Said};
use super::group::Group;
use super::job::Answer;
use super::layout::Layout;
use super::resolve;

/// So often a group is tried again that others got in the way of.
const ATTEMPTS: u32 = 3;
/// So often a single commit is.
const ATTEMPTS_ALONE: u32 = 20;
/// A statement that takes longer is taken for lost, and its outcome looked up.
const WRITTEN_WITHIN: Duration = Duration::from_secs(30);
/// So long a statement waits for a lock: for who may hold up one commit its neighbours don't wait for long.
const LOCKED_WITHIN: &str = "SET lock_timeout = '2s'";
/// So many of those that are written singly may be held up, one after the other, until the rest is given up too.
const HELD_UP: usize = 3;
/// How long a writer waits, at first and at most, before it tries again to connect.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Starts so many writers, each with a connection if one could be made already.
pub(super) fn start(desk: &Arc<Desk>, writers: usize, first: PgConnection) {
    let mut first = Some(first);
    desk.begun(writers);
    for _ in 0..writers {
        let writer = Writer { desk: desk.clone(), line: None, pause: RECONNECT.0 };
        tokio::spawn(writer.work(first.take()));
    }
}

/// A connection, and how the server knows it.
struct Line {
    db: PgConnection,
    backend: resolve::Backend,
    /// How many connections of the store had been lost when this one was last known to stand.
    losses: usize,
}

struct Writer {
    desk: Arc<Desk>,
    line: Option<Line>,
    pause: Duration,
}

/// Whether everything is looked at before it is written.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    /// As long as nothing fails there is no need.
    IfNeeded,
    Always,
    /// An attempt has failed.
    AfterFailure,
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
            self.line = Line::of(db, self.desk.losses()).await.ok();
        }
        let mut settled = 0;
        while let Some(group) = self.desk.next_group(settled).await {
            settled = group.members.len();
            self.write(group, false).await;
            if settled > 1 && !self.desk.has_enough() {
                // Those who were answered come first: what they hand over next is written together.
                tokio::task::yield_now().await;
            }
        }
        if let Some(line) = self.line.take() {
            let _ = line.db.close().await;
        }
        self.desk.writer_ended();
    }

    /// An attempt that need not have looked at everything does not count: it may have failed for want of a look. Answers
    /// whether it was held up.
    async fn write(&mut self, mut group: Group, careful: bool) -> bool {
        let (mut attempts, mut look) = (0, if careful { Look::Always } else { Look::IfNeeded });
        loop {
            attempts += u32::from(look != Look::IfNeeded);
            let trouble = match self.attempt(&group, look).await {
                Ok(answers) => {
                    self.pause = RECONNECT.0;
                    self.desk.settle(group, answers);
                    return false;
                }
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Lost { line, source } => {
                    // Nothing of what was in doubt was sent to be written.
                    self.desk.settle(group.take_doubts(), Vec::new());
                    let answers = self.look_up(&group, *line, source).await;
                    self.desk.settle(group, answers);
                    return false;
                }
                Trouble::Unreachable(source) => {
                    self.refuse(group, source).await;
                    return false;
                }
                Trouble::Failed(source) => {
                    let class = error::class(&source);
                    let raced = class == Class::Raced;
                    let limit = if group.members.len() == 1 { ATTEMPTS_ALONE } else { ATTEMPTS };
                    if raced && attempts < limit {
                        look = Look::AfterFailure;
                        continue;
                    }
                    let is_held_up = class == Class::Cancelled;
                    if class.meets_everyone() && !(is_held_up && group.members.len() > 1) {
                        // A standby that has been promoted, or a primary that has moved, is found by connecting anew.
                        if class == Class::ReadOnly {
                            self.line = None;
                        }
                        self.refuse_group(group, &source);
                        return is_held_up;
                    }
                    if group.members.len() == 1 {
                        self.refuse_one(group, source, raced, attempts);
                        return false;
                    }
                    self.write_singly(group, source).await;
                    return false;
                }
            }
        }
    }

    async fn attempt(&mut self, group: &Group, look: Look) -> Result<Vec<Option<Answer>>, Trouble> {
        let mut line = self.line().await.map_err(|source| Trouble::Unreachable(source.into()))?;
        let origin = line.backend.origin;
        let is_hasty = look == Look::IfNeeded && !self.desk.caution.is_needed();
        let in_doubt = group.members.iter().any(|job| job.was_doubted);
        let known = if is_hasty && !in_doubt { self.desk.known_heads.of(group, origin) } else { None };
        let foreseen = in_doubt || (is_hasty && known.is_none());
        let layout = Layout::of(group, self.desk.partitions, known);
        let writing = self.desk.statements.write(&layout, self.desk.run(false), &mut line.db);
        let result = match tokio::time::timeout(WRITTEN_WITHIN, writing).await {
            Ok(result) => result,
            Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
        };
        match result {
            Ok(written) => {
                self.line = Some(line);
                let has_failed = look == Look::AfterFailure || !written.failures.is_empty();
                self.desk.caution.written(has_failed && !foreseen);
                let mut answers = answers(group, &layout, &written);
                self.desk.known_heads.learn(group, &answers, origin);
                for (stream, version) in answers::refused_streams(group, &layout, &written) {
                    self.desk.refused.learn(stream, version);
                }
                answers.extend(answers::doubted(group, &written));
                // Before the answers: whoever knows that it was committed finds its listener woken.
                self.desk.wake.committed(written.base, written.oldest, group.news(self.desk.partitions));
                Ok(answers)
            }
            Err(source) if error::class(&source) == Class::Lost => {
                self.desk.lost();
                Err(Trouble::Lost { line: Box::new(line), source: source.into() })
            }
            Err(source) => {
                self.line = Some(line);
                Err(Trouble::Failed(source.into()))
            }
        }
    }

    /// A connection to write on. When another was lost, this one probably was too; as long as nothing was sent on it, that is
    /// no more than a reason to connect anew.
    async fn line(&mut self) -> Result<Line, sqlx::Error> {
        let mut line = self.some_line().await?;
        if !self.desk.left_behind().is_empty() {
            resolve::end_those_left(&self.desk, &mut line.db).await?;
        }
        Ok(line)
    }

    async fn some_line(&mut self) -> Result<Line, sqlx::Error> {
        let losses = self.desk.losses();
        if let Some(mut line) = self.line.take()
            && (line.losses == losses || line.stands().await)
        {
            line.losses = losses;
            return Ok(line);
        }
        Line::of(self.desk.address.connect().await?, losses).await
    }

    /// One at a time, in order: only the one at fault is refused. Those that build on it look again.
    async fn write_singly(&mut self, mut group: Group, source: Arc<sqlx::Error>) {
        self.desk.settle(group.take_doubts(), Vec::new());
        let mut held_up = 0;
        for job in group.members {
            let alone = Group::of(job);
            if held_up == HELD_UP {
                self.refuse_group(alone, &source);
                continue;
            }
            let was_held_up = Box::pin(self.write(alone, true)).await;
            held_up = if was_held_up { held_up + 1 } else { 0 };
        }
    }

    /// What became of a group whose answer was lost.
    async fn look_up(&mut self, group: &Group, line: Line, source: Arc<sqlx::Error>) -> Vec<Option<Answer>> {
        let ids: Vec<CommitId> = group.members.iter().map(|job| job.id).collect();
        let Line { db, backend, .. } = line;
        // Closed on this side first, so that the server need not wait for more.
        drop(db);
        match resolve::resolve(&self.desk, &ids, backend).await {
            Ok((db, found)) => {
                self.line = Line::of(db, self.desk.losses()).await.ok();
                let found: HashMap<CommitId, (i64, i64)> = found;
                if let Some(newest) = found.values().map(|(position, _)| *position).max() {
                    self.desk.wake.committed(newest, 0, group.news(self.desk.partitions));
                }
                let answer = |id: &CommitId| match found.get(id) {
                    Some((position, at)) => Ok(answers::committed(*id, *position, *at)),
                    None => Err(rolled_back(&Said::new(&self.desk.address.at, source.clone()))),
                };
                ids.iter().map(|id| Some(answer(id))).collect()
            }
            Err(unreachable) => {
                // It may have been written.
                self.desk.wake.changes.notify_of(group.news(self.desk.partitions));
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
    async fn of(mut db: PgConnection, losses: usize) -> Result<Self, sqlx::Error> {
        let backend = resolve::Backend::of(&mut db).await?;
        sqlx::raw_sql(LOCKED_WITHIN).execute(&mut db).await?;
        Ok(Self { db, backend, losses })
    }

    async fn stands(&mut self) -> bool {
        matches!(tokio::time::timeout(CONNECT_WITHIN, self.db.ping()).await, Ok(Ok(())))
    }
}
