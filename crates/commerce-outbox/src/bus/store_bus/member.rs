use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::error::Kind;
use commerce_core::store::{Lease, Store};
use futures_util::future::{join_all, select_all};
use tokio::time::Instant;
use uuid::Uuid;

use super::asked::AskedLease;
use super::feed::Feed;
use super::partition::{Partition, Place, is_lost, stretch};
use super::word::Speaker;
use super::{Source, StoreBus, StoreBusOptions};
use crate::bus::{Delivery, READING, Receipt, Subscription};
use crate::error::BusError;
use crate::health::Health;

/// So often the cursor is written down while messages are done.
const FLUSH: Duration = Duration::from_millis(200);
/// The most messages that fall due at once.
const DUE: usize = 1_000;
/// So soon after it has joined a member looks again at who else is there, then after twice as long, and so on.
const SETTLE: Duration = Duration::from_millis(100);
/// So often, and so long apart, a member that ends tries to leave a partition.
const LEAVE: (u32, Duration) = (3, Duration::from_millis(200));

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
    /// A lease that was asked for, and whose partition is not among the held yet: whoever waits may be gone.
    asked: Option<AskedLease>,
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
            asked: None,
            ready: Vec::new(),
            leaves_more: false,
            epoch: 0,
            upkeep_at: now,
            upkeep_again: SETTLE,
            flush_at: now,
            due_at: now,
            health: Health::new(),
        }
    }

    /// Reads on wherever there may be something new, and hands out what was found since.
    async fn look(&mut self, max: usize) -> Result<(), BusError> {
        for feed in &mut self.feeds {
            feed.look(&mut self.held, max, self.options.window, self.options.poll);
        }
        for feed in 0..self.feeds.len() {
            self.mark(feed).await?;
            self.take(feed)?;
        }
        Ok(())
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

    /// Prolongs leases, takes over what is free, gives up what is more than a fair share.
    async fn upkeep(&mut self) -> Result<(), BusError> {
        if Instant::now() < self.upkeep_at {
            return Ok(());
        }
        let places: Vec<_> =
            self.feeds.iter().map(|feed| (feed.source.clone(), feed.partitions.clone())).collect();
        self.taken = None;
        for (source, partitions) in places {
            let share = self.share(&source, partitions.len()).await?;
            self.hold_share(&source, partitions, share).await?;
        }
        self.upkeep_at = Instant::now() + self.upkeep_again.min(self.options.lease / 3);
        self.upkeep_again = self.upkeep_again.saturating_mul(2);
        Ok(())
    }

    /// How many partitions of a source are this member's, if all members are to have alike.
    async fn share(&mut self, source: &Source, partitions: usize) -> Result<usize, BusError> {
        if partitions == 1 {
            return Ok(1);
        }
        let others = self.speaker.share(&source.store, self.options.lease).await?;
        if others.taken.is_some() {
            self.taken = others.taken;
            return Ok(0);
        }
        Ok(partitions.div_ceil(others.members))
    }

    fn sources(&self) -> Vec<Source> {
        self.feeds.iter().map(|feed| feed.source.clone()).collect()
    }

    async fn hold_share(
        &mut self,
        source: &Source,
        partitions: Range<usize>,
        share: usize,
    ) -> Result<(), BusError> {
        let is_only = partitions.len() == 1;
        let mut held = 0;
        for (number, index) in (0..).zip(partitions) {
            let has_it = self.held.contains_key(&index);
            if !has_it && (held >= share || !self.has_room) {
                self.passed_over |= held < share;
                continue;
            }
            match self.ask_for_lease(source, number).await? {
                Some(lease)
                    if has_it && self.held.get(&index).is_some_and(|p| p.lease.token == lease.token) =>
                {
                    // What is too much is kept until it is idle: others would have to suspect what is under way.
                    self.keep_until_idle(index, held >= share);
                    held += 1;
                }
                Some(lease) => {
                    self.epoch += 1;
                    let place = Place {
                        index,
                        number,
                        group: &self.group,
                        source: &source.name,
                        store: &source.store,
                    };
                    let resumed = Partition::resume(place, lease, self.epoch).await?;
                    self.let_go(index);
                    self.held.insert(index, resumed);
                    held += 1;
                    if is_only {
                        self.speaker.alone(&source.store).await?;
                    }
                }
                None => {
                    self.let_go(index);
                    if is_only {
                        self.taken = self.speaker.taken_by_holder(&source.store).await?.or(self.taken.take());
                    }
                }
            }
            self.asked = None;
        }
        Ok(())
    }

    /// One at a time: what an earlier wait was dropped for is answered first. It is asked for once more then, if it is still
    /// wanted.
    async fn ask_for_lease(&mut self, source: &Source, number: u32) -> Result<Option<Lease>, BusError> {
        if let Some(earlier) = &mut self.asked {
            let _ = earlier.answer().await;
        }
        let name = format!("bus/{}/{number}", self.group);
        let asked = AskedLease::ask(source.store.clone(), name, self.id, self.options.lease);
        Ok(self.asked.insert(asked).answer().await?)
    }

    /// The lease that was asked for when the wait was dropped, if it was given.
    async fn asked_lease(&mut self) -> Option<(Arc<dyn Store>, Lease)> {
        let mut asked = self.asked.take()?;
        let lease = asked.answer().await.ok().flatten()?;
        Some((asked.into_store(), lease))
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
    async fn hand_over(&mut self) -> Result<(), BusError> {
        let idle: Vec<usize> = self
            .held
            .iter()
            .filter(|(_, partition)| partition.leaving && partition.is_idle())
            .map(|(index, _)| *index)
            .collect();
        for index in idle {
            let Some(partition) = self.held.get_mut(&index) else { continue };
            // Removed only after it was left: the caller may drop this future before.
            match partition.leave().await {
                Err(error) if !is_lost(&error) => return Err(error),
                _ => self.let_go(index),
            }
        }
        Ok(())
    }

    /// All cursors are handed over at once, so that the store writes them together. No one waits for that: messages would.
    fn flush(&mut self) -> Result<(), BusError> {
        if Instant::now() < self.flush_at {
            return Ok(());
        }
        let flushed: Vec<_> =
            self.held.iter_mut().map(|(index, partition)| (*index, partition.flush())).collect();
        for (index, flushed) in flushed {
            match flushed {
                Err(error) if is_lost(&error) => self.lose(index),
                result => result?,
            }
        }
        self.flush_at = Instant::now() + FLUSH;
        Ok(())
    }

    /// Messages whose time has come enter the log.
    async fn release_due(&mut self) -> Result<(), BusError> {
        if Instant::now() < self.due_at {
            return Ok(());
        }
        let mut wait = self.options.poll;
        for source in self.sources() {
            let released = source.store.release_due(DUE).await?;
            if let Some(next) = released.next_due {
                wait = wait.min(next.since(source.store.now().await?));
            }
        }
        self.due_at = Instant::now() + wait.max(Duration::from_millis(5));
        Ok(())
    }

    /// Until something was read or committed, or something is due. Without room for messages there is no news.
    async fn wait(&mut self) {
        let mut until = self.upkeep_at.min(self.due_at);
        if self.held.values().any(Partition::is_behind) {
            until = until.min(self.flush_at);
        }
        if !self.has_room || self.feeds.is_empty() {
            return tokio::time::sleep_until(until).await;
        }
        until = self.feeds.iter().map(|feed| feed.poll_at).fold(until, Instant::min);
        let stirs = select_all(self.feeds.iter_mut().map(|feed| Box::pin(feed.stirs())));
        let _ = tokio::time::timeout_at(until, stirs).await;
    }
}

/// Leaves a partition for good. A store that was restarted since it was last asked is often there at the second attempt.
async fn leave(partition: &mut Partition) -> Result<(), BusError> {
    let mut attempts = 1;
    loop {
        match partition.leave().await {
            Err(error) if is_lost(&error) => return Ok(()),
            Err(error) if error.kind() == Kind::Retryable && attempts < LEAVE.0 => {
                attempts += 1;
                tokio::time::sleep(LEAVE.1).await;
            }
            result => return result,
        }
    }
}

#[async_trait]
impl Subscription for Member {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        self.make_room(max);
        loop {
            self.upkeep().await?;
            self.release_due().await?;
            self.flush()?;
            self.hand_over().await?;
            if std::mem::take(&mut self.leaves_more) && !self.leaving().is_empty() {
                return Ok(Vec::new());
            }
            if let Some(theirs) = self.taken.clone().filter(|_| self.held.is_empty()) {
                return Err(self.speaker.refusal(theirs));
            }
            if self.ready.is_empty() {
                self.look(max).await?;
            }
            let count = max.min(self.ready.len());
            if count > 0 {
                let rest = self.ready.split_off(count);
                return Ok(std::mem::replace(&mut self.ready, rest));
            }
            if !self.feeds.iter().any(Feed::is_reading) {
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
        let asked = self.asked_lease().await;
        for index in self.held.keys().copied().collect::<Vec<_>>() {
            // No one's to suspect.
            self.put_back(index);
        }
        for partition in std::mem::take(&mut self.held).values_mut() {
            leave(partition).await?;
        }
        if let Some((store, lease)) = asked {
            store.release_lease(&lease).await?;
        }
        for source in self.sources() {
            self.speaker.leave(&source.store).await?;
        }
        Ok(())
    }
}
