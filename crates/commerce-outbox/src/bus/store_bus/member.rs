mod upkeep;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::store::Store;
use futures_util::future::{join_all, select_all};
use tokio::time::Instant;
use uuid::Uuid;

use super::feed::Feed;
use super::leaving::{PATIENCE, forget, in_time, leave_for_good};
use super::partition::{Partition, is_lost, stretch};
use super::word::Speaker;
use super::{StoreBus, StoreBusOptions};
use crate::bus::{Delivery, READING, Receipt, Subscription};
use crate::error::BusError;
use crate::health::Health;

/// So often the cursor is written down while messages are done.
const FLUSH: Duration = Duration::from_millis(200);
/// The most messages that fall due at once.
const DUE: usize = 1_000;
/// So soon after it has joined a member looks again at who else is there, then after twice as long, and so on.
const SETTLE: Duration = Duration::from_millis(100);

/// One member of a consumer group.
pub(super) struct Member {
    id: Uuid,
    group: String,
    speaker: Speaker,
    /// What a member takes that was there before, if it is something else: this one takes nothing then.
    taken: Option<Vec<String>>,
    feeds: Vec<Feed>,
    options: StoreBusOptions,
    /// Whether it leaves word of what it takes, for whoever takes over from it.
    marks: bool,
    /// How many messages were asked for at most.
    room: usize,
    /// Whether messages are asked for now.
    has_room: bool,
    /// Whether it left to others what it would have taken over if it had had room.
    passed_over: bool,
    held: BTreeMap<usize, Partition>,
    /// Read, and not yet handed out.
    ready: Vec<Delivery>,
    /// Whether a partition is leaving since whoever reads was last told.
    leaves_more: bool,
    epoch: u64,
    upkeep_at: Instant,
    /// How long after the next upkeep the one behind it comes.
    upkeep_again: Duration,
    flush_at: Instant,
    due_at: Instant,
    /// Why a source is out of reach, until whoever reads is told.
    trouble: Option<BusError>,
    health: Health,
}

impl Member {
    pub(super) fn new(group: &str, topics: &[&str], bus: &StoreBus) -> Self {
        let now = Instant::now();
        let topics: Arc<[String]> = topics.iter().map(|topic| (*topic).to_owned()).collect();
        let mut feeds: Vec<Feed> = Vec::with_capacity(bus.sources.len());
        for source in &bus.sources {
            let first = feeds.last().map_or(0, |last| last.partitions.end);
            feeds.push(Feed::new(source.clone(), first, topics.clone()));
        }
        let id = bus.host.new_id();
        Self {
            id,
            group: group.to_owned(),
            speaker: Speaker::new(group, id, &topics),
            taken: None,
            feeds,
            options: bus.options,
            marks: bus.marks,
            room: 0,
            has_room: false,
            passed_over: false,
            held: BTreeMap::new(),
            ready: Vec::new(),
            leaves_more: false,
            epoch: 0,
            upkeep_at: now,
            upkeep_again: SETTLE,
            flush_at: now,
            due_at: now,
            trouble: None,
            health: Health::new(),
        }
    }

    /// Reads on wherever there may be something new, and hands out what was found since.
    async fn look(&mut self, max: usize) {
        let patience = self.patience();
        for feed in self.there() {
            self.feeds[feed].look(&mut self.held, max, self.options.window, self.options.poll);
        }
        for feed in self.there() {
            let begun = Instant::now();
            let marked = in_time(patience, self.mark(feed)).await;
            let taken = marked.and_then(|()| self.take(feed));
            self.note(feed, begun, taken);
        }
    }

    /// So long a source is waited for: one that gives no answer must not cost the others their leases.
    fn patience(&self) -> Duration {
        PATIENCE.max(self.options.lease / 3)
    }

    /// The sources that are not to be let alone.
    fn there(&self) -> Vec<usize> {
        (0..self.feeds.len()).filter(|feed| self.feeds[*feed].is_away_until().is_none()).collect()
    }

    /// Takes note of what came of asking a source since it was begun: the others are none the worse if it can't be reached.
    fn note(&mut self, feed: usize, begun: Instant, result: Result<(), BusError>) {
        if let Err(error) = result {
            let until = self.feeds[feed].goes_away(begun.elapsed());
            self.upkeep_at = self.upkeep_at.min(until);
            self.trouble.get_or_insert(error);
        }
    }

    /// Whose partition it is.
    fn feed_of(&self, index: usize) -> usize {
        self.feeds.iter().position(|feed| feed.partitions.contains(&index)).unwrap_or_default()
    }

    /// Leaves word of what is about to be taken. Nothing is taken before: whoever waits here may be gone at any moment.
    async fn mark(&mut self, feed: usize) -> Result<(), BusError> {
        if !self.marks {
            return Ok(());
        }
        let found: BTreeMap<usize, _> =
            self.feeds[feed].found().map(|(asked, batch)| (asked.index, (asked, batch))).collect();
        let stretch = stretch(self.room, self.feeds[feed].partitions.len());
        let marks = self.held.iter_mut().filter_map(|(index, partition)| {
            let (asked, batch) = found.get(index).filter(|(asked, _)| partition.is_as(asked))?;
            Some(async { (asked.index, partition.mark(batch, stretch).await) })
        });
        // At the same time, so that the store writes all marks together.
        for (index, marked) in join_all(marks).await {
            match marked {
                Err(error) if is_lost(&error) => self.lose(index),
                marked => marked?,
            }
        }
        Ok(())
    }

    /// Takes what was found. What was asked under other circumstances is asked for anew.
    fn take(&mut self, feed: usize) -> Result<(), BusError> {
        let feed = &mut self.feeds[feed];
        let found = feed.take().inspect_err(|_| feed.again(&mut self.held))?;
        let mut result = Ok(());
        for (asked, batch) in found {
            let Some(partition) = self.held.get_mut(&asked.index) else { continue };
            if !partition.is_as(&asked) {
                partition.may_have_more = true;
                continue;
            }
            match partition.take(batch, asked.limit) {
                Ok(found) => self.ready.extend(found),
                Err(damaged) => result = result.and(Err(damaged)),
            }
        }
        result
    }

    /// The partition has gone to someone else, or one of its marks has: it is asked for anew.
    fn lose(&mut self, index: usize) {
        self.let_go(index);
        self.upkeep_at = Instant::now();
    }

    /// What was read of it and not handed out goes with it.
    fn let_go(&mut self, index: usize) {
        self.held.remove(&index);
        self.ready.retain(|delivery| delivery.receipt.partition != index);
    }

    /// Takes note of how many messages are asked for. Whoever has no room for any, or is about to end, only keeps what it has:
    /// others would read what it takes over. Once it has room again it looks at once for what it passed over.
    fn make_room(&mut self, max: usize) {
        self.room = self.room.max(max);
        self.has_room = max > 0;
        if self.has_room && std::mem::take(&mut self.passed_over) {
            self.upkeep_at = Instant::now();
        }
    }

    /// Whether a partition is kept only until it is idle.
    fn keep_until_idle(&mut self, index: usize, leaving: bool) {
        let Some(partition) = self.held.get_mut(&index) else { return };
        let is_new = leaving && !partition.leaving;
        partition.leaving = leaving;
        if is_new {
            self.leaves_more = true;
            self.put_back(index);
        }
    }

    /// What was read of a partition and not handed out is to be read again, by whoever has it then.
    fn put_back(&mut self, index: usize) {
        let Some(partition) = self.held.get_mut(&index) else { return };
        let unread = self.ready.extract_if(.., |delivery| delivery.receipt.partition == index);
        partition.again(&unread.map(|delivery| delivery.receipt.position).collect::<Vec<_>>());
    }

    /// Leaves what is too much and idle.
    async fn hand_over(&mut self) {
        let patience = self.patience();
        let idle: Vec<usize> = self
            .held
            .iter()
            .filter(|(_, partition)| partition.leaving && partition.is_idle())
            .map(|(index, _)| *index)
            .collect();
        for index in idle {
            let feed = self.feed_of(index);
            let Some(partition) = self.held.get_mut(&index) else { continue };
            if self.feeds[feed].is_away_until().is_some() {
                continue;
            }
            // Removed only after it was left: the caller may drop this future before.
            let begun = Instant::now();
            match in_time(patience, partition.leave()).await {
                Err(error) if !is_lost(&error) => self.note(feed, begun, Err(error)),
                _ => self.let_go(index),
            }
        }
    }

    /// All cursors are handed over at once, so that the store writes them together. No one waits for that: messages would.
    fn flush(&mut self) {
        if Instant::now() < self.flush_at {
            return;
        }
        for feed in self.there() {
            let held = self.held.range_mut(self.feeds[feed].partitions.clone());
            let flushed: Vec<_> = held.map(|(index, partition)| (*index, partition.flush())).collect();
            for (index, flushed) in flushed {
                match flushed {
                    Err(error) if is_lost(&error) => self.lose(index),
                    flushed => self.note(feed, Instant::now(), flushed),
                }
            }
        }
        self.flush_at = Instant::now() + FLUSH;
    }

    /// Messages whose time has come enter the log.
    async fn release_due(&mut self) {
        if Instant::now() < self.due_at {
            return;
        }
        let mut wait = self.options.poll;
        for feed in self.there() {
            let begun = Instant::now();
            match in_time(self.patience(), release_due(&*self.feeds[feed].source.store)).await {
                Ok(next) => wait = next.map_or(wait, |next| wait.min(next)),
                Err(error) => self.note(feed, begun, Err(error)),
            }
        }
        self.due_at = Instant::now() + wait.max(Duration::from_millis(5));
    }

    /// Until something was read or committed, or something is due. Without room for messages there is no news.
    async fn wait(&mut self) {
        let mut until = self.upkeep_at.min(self.due_at);
        if self.held.values().any(Partition::is_behind) {
            until = until.min(self.flush_at);
        }
        let there: Vec<_> = self.feeds.iter_mut().filter(|feed| feed.is_away_until().is_none()).collect();
        if !self.has_room || there.is_empty() {
            return tokio::time::sleep_until(until).await;
        }
        until = there.iter().map(|feed| feed.poll_at).fold(until, Instant::min);
        let stirs = select_all(there.into_iter().map(|feed| Box::pin(feed.stirs())));
        let _ = tokio::time::timeout_at(until, stirs).await;
    }
}

/// What falls due now; answers how long until the next does.
async fn release_due(store: &dyn Store) -> Result<Option<Duration>, BusError> {
    let released = store.release_due(DUE).await?;
    let Some(next) = released.next_due else { return Ok(None) };
    Ok(Some(next.since(store.now().await?)))
}

#[async_trait]
impl Subscription for Member {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        self.make_room(max);
        loop {
            self.upkeep().await;
            self.release_due().await;
            self.flush();
            self.hand_over().await;
            if std::mem::take(&mut self.leaves_more) && !self.leaving().is_empty() {
                return Ok(Vec::new());
            }
            if let Some(theirs) = self.taken.clone().filter(|_| self.held.is_empty()) {
                return Err(self.speaker.refusal(theirs));
            }
            if self.ready.is_empty() {
                self.look(max).await;
            }
            let count = max.min(self.ready.len());
            if count > 0 {
                let rest = self.ready.split_off(count);
                return Ok(std::mem::replace(&mut self.ready, rest));
            }
            if let Some(error) = self.trouble.take() {
                return Err(error);
            }
            if !self.feeds.iter().any(|feed| feed.is_reading() || feed.is_missed()) {
                self.health.well(READING);
            }
            // A partition that came while others were read.
            if max > 0 && self.feeds.iter().any(|feed| feed.has_to_look(&self.held, self.options.window)) {
                continue;
            }
            self.wait().await;
        }
    }

    async fn ack(&mut self, receipts: &[Receipt]) -> Result<(), BusError> {
        for receipt in receipts {
            if let Some(partition) = self.held.get_mut(&receipt.partition) {
                partition.finish(receipt.position);
            }
        }
        Ok(())
    }

    async fn nack(&mut self, receipts: &[Receipt]) -> Result<(), BusError> {
        for (index, partition) in &mut self.held {
            let positions: Vec<u64> = receipts
                .iter()
                .filter(|receipt| receipt.partition == *index)
                .map(|receipt| receipt.position)
                .collect();
            partition.again(&positions);
        }
        Ok(())
    }

    fn leaving(&self) -> Vec<usize> {
        self.held.iter().filter(|(_, partition)| partition.leaving).map(|(index, _)| *index).collect()
    }

    fn report_to(&mut self, health: &Health) {
        self.health = health.clone();
    }

    async fn close(&mut self) -> Result<(), BusError> {
        for index in self.held.keys().copied().collect::<Vec<_>>() {
            // No one's to suspect.
            self.put_back(index);
        }
        // All at once, and each for itself: the others are not to wait for one that is out of reach.
        let mut held = std::mem::take(&mut self.held);
        let left = join_all(held.values_mut().map(leave_for_good)).await;
        let forgotten = join_all(self.feeds.iter_mut().map(|feed| forget(feed, &self.speaker))).await;
        left.into_iter().chain(forgotten).collect()
    }
}
