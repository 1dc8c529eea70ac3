//! How a member follows one source: it reads when there is news, and a read under way outlives whoever waits for it.
//!
//! Consumers and relays wait for several things at once, so a wait for messages is dropped more often than not. A read
//! that was dropped with it would have been for nothing. A read that was only left standing would keep its connection from
//! others, on which whoever is to take it up again may be waiting: it is a task of its own, and goes on.

use std::collections::BTreeMap;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::store::{ChangeListener, MessageBatch, ReadMessages, StoreError};
use commerce_core::stream::Position;
use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Source;
use super::asked::AskedLease;
use super::partition::Partition;

/// So long a source that is out of reach is let alone at first, and at most if it says so itself.
const AWAY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));
/// One that says nothing has the others wait for it each time: it is let alone for so many times as long, but for no more than
/// this. Not the first time: its leases may yet be renewed.
const SILENT: (u32, Duration) = (4, Duration::from_secs(30));

/// One source as a member reads it.
pub(super) struct Feed {
    pub(super) source: Source,
    /// Its partitions among those of all sources.
    pub(super) partitions: Range<usize>,
    topics: Arc<[String]>,
    news: Option<Pin<Box<ChangeListener>>>,
    /// When it is to be looked at, though no news came.
    pub(super) poll_at: Instant,
    look: Option<Look>,
    /// A lease that was asked for, and whose partition is not held yet: whoever waits may be gone.
    pub(super) lease: Option<AskedLease>,
    absence: Option<Absence>,
}

/// How long a source that is out of reach is let alone, so that the others need not wait for it each time.
struct Absence {
    until: Instant,
    next: Duration,
}

/// One read of some of its partitions.
struct Look {
    asked: Vec<Asked>,
    state: State,
}

enum State {
    Reading(Reading),
    Answered(Result<Vec<MessageBatch>, StoreError>),
}

/// A task that reads, and is not missed when no one waits for it any more.
struct Reading(JoinHandle<Result<Vec<MessageBatch>, StoreError>>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What was asked of a partition.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) index: usize,
    number: u32,
    /// Under which lease; under another one the answer is of no use.
    pub(super) epoch: u64,
    pub(super) after: Position,
    pub(super) limit: usize,
}

impl Feed {
    pub(super) fn new(source: Source, first: usize, topics: Arc<[String]>) -> Self {
        let partitions = first..first + source.store.partitions() as usize;
        Self {
            source,
            partitions,
            topics,
            news: None,
            poll_at: Instant::now(),
            look: None,
            lease: None,
            absence: None,
        }
    }

    /// Begins to read what there may be to read, unless a read is under way: `max` messages, shared alike by the
    /// partitions that are held. One that has more is read again.
    pub(super) fn look(
        &mut self,
        held: &mut BTreeMap<usize, Partition>,
        max: usize,
        window: usize,
        poll: Duration,
    ) {
        if self.look.is_some() {
            return;
        }
        if self.has_news() {
            // Before the read, so that no news falls between.
            self.news = Some(Box::pin(self.source.store.changes().listen_for_messages()));
            self.look_where_messages_came(held);
        }
        if Instant::now() >= self.poll_at {
            self.poll_at = Instant::now() + poll;
            self.again(held);
        }
        let share = max.div_ceil(held.range(self.partitions.clone()).count().max(1));
        let wanted = held.range_mut(self.partitions.clone()).filter_map(|(index, partition)| {
            let (after, limit) = partition.wants(share, window)?;
            partition.may_have_more = false;
            Some(Asked { index: *index, number: partition.number, epoch: partition.epoch, after, limit })
        });
        let asked: Vec<Asked> = wanted.collect();
        if !asked.is_empty() {
            let state = State::Reading(self.read(asked.clone()));
            self.look = Some(Look { asked, state });
        }
    }

    /// Whether it reads nothing, though there may be something to read.
    pub(super) fn has_to_look(&self, held: &BTreeMap<usize, Partition>, window: usize) -> bool {
        let wants = |(_, partition): (&usize, &Partition)| partition.wants(1, window).is_some();
        let is_there = self.look.is_none() && self.is_away_until().is_none();
        is_there && held.range(self.partitions.clone()).any(wants)
    }

    fn look_where_messages_came(&self, held: &mut BTreeMap<usize, Partition>) {
        for partition in held.range_mut(self.partitions.clone()).map(|(_, partition)| partition) {
            let count = self.source.store.changes().arrivals(partition.number, &self.topics);
            if std::mem::replace(&mut partition.arrivals, count) != count {
                partition.may_have_more = true;
            }
        }
    }

    /// All that is held of it is to be read again.
    pub(super) fn again(&self, held: &mut BTreeMap<usize, Partition>) {
        held.range_mut(self.partitions.clone()).for_each(|(_, partition)| partition.may_have_more = true);
    }

    fn has_news(&mut self) -> bool {
        let heard = self.news.as_mut().is_none_or(|news| news.now_or_never().is_some());
        if heard {
            // Not to be asked again.
            self.news = None;
        }
        heard
    }

    fn read(&self, asked: Vec<Asked>) -> Reading {
        let (store, topics) = (self.source.store.clone(), self.topics.clone());
        Reading(tokio::spawn(async move {
            let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
            let request = |of: &Asked| ReadMessages {
                partition: of.number,
                after: of.after,
                topics: &topics,
                limit: of.limit,
            };
            let requests: Vec<_> = asked.iter().map(request).collect();
            store.read_partitions(&requests).await
        }))
    }

    /// Until when it is let alone, if it is.
    pub(super) fn is_away_until(&self) -> Option<Instant> {
        self.absence.as_ref().map(|absence| absence.until).filter(|until| Instant::now() < *until)
    }

    /// It is out of reach, which took so long to find out: it is let alone for a while, and for twice as long if it is so
    /// again. Answers until when.
    pub(super) fn goes_away(&mut self, took: Duration) -> Instant {
        if let Some(until) = self.is_away_until() {
            return until;
        }
        let silent = took.saturating_mul(SILENT.0).min(SILENT.1);
        let length = self.absence.as_ref().map_or(AWAY.0, |absence| absence.next.max(silent));
        let next = length.saturating_mul(2).min(AWAY.1);
        let until = Instant::now() + length;
        self.absence = Some(Absence { until, next });
        until
    }

    pub(super) fn is_back(&mut self) {
        self.absence = None;
    }

    /// Whether it has not been reached since it was out of reach.
    pub(super) fn is_missed(&self) -> bool {
        self.absence.is_some()
    }

    pub(super) fn is_reading(&self) -> bool {
        self.look.is_some()
    }

    /// Until a read has its answer or, where none is under way, until there is news.
    pub(super) async fn stirs(&mut self) {
        if let Some(look) = &mut self.look {
            return look.answered().await;
        }
        match &mut self.news {
            Some(news) => news.await,
            None => return,
        }
        self.news = None;
    }

    /// What the last read found, if it has an answer. It stays until it is [taken](Self::take).
    pub(super) fn found(&self) -> impl Iterator<Item = (&Asked, &MessageBatch)> {
        let answered = self.look.as_ref().and_then(|look| match &look.state {
            State::Answered(Ok(batches)) => Some(look.asked.iter().zip(batches)),
            _ => None,
        });
        answered.into_iter().flatten()
    }

    /// Takes away what the last read found; nothing if it has no answer yet.
    pub(super) fn take(&mut self) -> Result<Vec<(Asked, MessageBatch)>, StoreError> {
        match self.look.take() {
            Some(Look { asked, state: State::Answered(batches) }) => {
                Ok(asked.into_iter().zip(batches?).collect())
            }
            under_way => {
                self.look = under_way;
                Ok(Vec::new())
            }
        }
    }
}

impl Look {
    async fn answered(&mut self) {
        if let State::Reading(reading) = &mut self.state {
            let answer = (&mut reading.0).await;
            self.state = State::Answered(answer.unwrap_or_else(|broken| {
                // It panicked, or the runtime is about to end.
                Err(StoreError::Unavailable { source: broken.into() })
            }));
        }
    }
}
