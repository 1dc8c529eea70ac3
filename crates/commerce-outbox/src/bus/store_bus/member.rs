use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::Host;
use commerce_core::commit::{Commit, CommitError, DocumentWrite, Expected};
use commerce_core::store::{ChangeListener, MessageBatch, Query, ReadMessages, Store};
use futures_util::future::{join_all, select_all};
use tokio::time::Instant;
use uuid::Uuid;

use super::partition::{Partition, Place, is_lost};
use super::{Source, StoreBusOptions};
use crate::bus::{Delivery, READING, Receipt, Subscription};
use crate::error::BusError;
use crate::health::Health;

/// So often the cursor is written down while messages are done.
const FLUSH: Duration = Duration::from_millis(200);
/// The most messages that fall due at once.
const DUE: usize = 1_000;
/// So long after its last word a member is forgotten.
const FORGET: Duration = Duration::from_secs(60 * 60);
/// So soon after it has joined a member looks again at who else is there, then after twice as long, and so on.
const SETTLE: Duration = Duration::from_millis(100);
/// Where members leave word that they are there.
const MEMBERS: &str = "bus-members";

/// One member of a consumer group.
pub(super) struct Member {
    id: Uuid,
    group: String,
    topics: Vec<String>,
    sources: Vec<Source>,
    options: StoreBusOptions,
    held: BTreeMap<usize, Partition>,
    /// A lease that was asked for, and whose partition is not among the held yet: whoever waits may be gone.
    asked: Option<(Arc<dyn Store>, String)>,
    /// Read, and not yet handed out.
    ready: Vec<Delivery>,
    epoch: u64,
    /// Which source's turn it is to be read first.
    turn: usize,
    upkeep_at: Instant,
    /// How long after the next upkeep the one behind it comes.
    upkeep_again: Duration,
    flush_at: Instant,
    due_at: Instant,
    health: Health,
}

impl Member {
    pub(super) fn new(
        group: &str,
        topics: Vec<String>,
        sources: &[Source],
        host: &dyn Host,
        options: StoreBusOptions,
    ) -> Self {
        let now = Instant::now();
        Self {
            id: host.new_id(),
            group: group.to_owned(),
            topics,
            sources: sources.to_vec(),
            options,
            held: BTreeMap::new(),
            asked: None,
            ready: Vec::new(),
            epoch: 0,
            turn: 0,
            upkeep_at: now,
            upkeep_again: SETTLE,
            flush_at: now,
            due_at: now,
            health: Health::new(),
        }
    }

    /// Everything there is to read now, each source's partitions in one go. Each time another source comes first, so that
    /// a busy one leaves room.
    async fn look(&mut self, max: usize) -> Result<(), BusError> {
        let mut lost = Vec::new();
        let (sources, turn) = (self.sources.len(), self.turn);
        for source in (0..sources).map(|source| (source + turn) % sources) {
            self.look_at(source, max, &mut lost).await?;
        }
        for index in lost {
            self.lose(index);
        }
        self.turn = turn.wrapping_add(1);
        Ok(())
    }

    async fn look_at(&mut self, source: usize, max: usize, lost: &mut Vec<usize>) -> Result<(), BusError> {
        let first: usize =
            self.sources[..source].iter().map(|source| source.store.partitions() as usize).sum();
        let store = self.sources[source].store.clone();
        let partitions = first..first + store.partitions() as usize;
        let held = self.held.range(partitions.clone()).count();
        // Shared alike: one that has more is read again at once.
        let share = max.saturating_sub(self.ready.len()).div_ceil(held.max(1));
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        let (mut indices, mut requests) = (Vec::with_capacity(held), Vec::with_capacity(held));
        for (index, partition) in self.held.range(partitions) {
            if let Some((after, limit)) = partition.wants(share, self.options.window) {
                indices.push(*index);
                requests.push(ReadMessages { partition: partition.number, after, topics: &topics, limit });
            }
        }
        if requests.is_empty() {
            return Ok(());
        }
        let batches = store.read_partitions(&requests).await?;
        let batches: BTreeMap<usize, MessageBatch> = indices.into_iter().zip(batches).collect();
        let marks = self.held.iter_mut().filter_map(|(index, partition)| {
            let batch = batches.get(index)?;
            Some(async { (*index, partition.mark(batch).await) })
        });
        // At the same time, so that the store writes all marks together. Nothing is taken before: whoever waits here may
        // be gone at any moment.
        let marked: BTreeMap<usize, Result<(), BusError>> = join_all(marks).await.into_iter().collect();
        for ((index, batch), marked) in batches.into_iter().zip(marked.into_values()) {
            let Some(partition) = self.held.get_mut(&index) else { continue };
            match marked.and_then(|()| partition.take(batch)) {
                Ok(found) => self.ready.extend(found),
                Err(error) if is_lost(&error) => lost.push(index),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The partition has gone to someone else, or one of its marks has: it is asked for anew.
    fn lose(&mut self, index: usize) {
        self.held.remove(&index);
        self.upkeep_at = Instant::now();
    }

    /// Prolongs leases, takes over what is free, gives up what is more than a fair share.
    async fn upkeep(&mut self) -> Result<(), BusError> {
        if Instant::now() < self.upkeep_at {
            return Ok(());
        }
        let mut first = 0;
        for source in self.sources.clone() {
            let partitions = source.store.partitions();
            let share = self.share(&source, partitions).await?;
            self.hold_share(&source, first, partitions, share).await?;
            first += partitions as usize;
        }
        self.upkeep_at = Instant::now() + self.upkeep_again.min(self.options.lease / 3);
        self.upkeep_again = self.upkeep_again.saturating_mul(2);
        Ok(())
    }

    /// How many partitions of a source are this member's, if all members are to have alike.
    async fn share(&self, source: &Source, partitions: u32) -> Result<usize, BusError> {
        if partitions == 1 {
            return Ok(1);
        }
        let now = source.store.now().await?;
        let word = DocumentWrite::put(MEMBERS, self.name(), Expected::Any, b"{}".to_vec())
            .field("group", self.group.as_str())
            .field("alive_until", now.plus(self.options.lease));
        let of_group = || Query::all_tenants(MEMBERS).equals("group", self.group.as_str()).limit(1_000);
        source.store.commit(Commit::new().document(word)).await?;
        let gone = source.store.documents(&of_group().at_most("alive_until", now.minus(FORGET))).await?;
        for member in gone {
            let delete = DocumentWrite::delete(MEMBERS, member.id, Expected::Version(member.version));
            match source.store.commit(Commit::new().document(delete)).await {
                Ok(_) | Err(CommitError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let members = source.store.documents(&of_group().at_least("alive_until", now)).await?;
        Ok((partitions as usize).div_ceil(members.len().max(1)))
    }

    fn name(&self) -> String {
        format!("{}/{}", self.group, self.id)
    }

    async fn hold_share(
        &mut self,
        source: &Source,
        first: usize,
        partitions: u32,
        share: usize,
    ) -> Result<(), BusError> {
        let mut held = 0;
        for number in 0..partitions {
            let index = first + number as usize;
            let has_it = self.held.contains_key(&index);
            if held >= share && !has_it {
                continue;
            }
            let name = format!("bus/{}/{number}", self.group);
            self.asked = Some((source.store.clone(), name.clone()));
            match source.store.acquire_lease(&name, self.id, self.options.lease).await? {
                Some(lease)
                    if has_it && self.held.get(&index).is_some_and(|p| p.lease.token == lease.token) =>
                {
                    // What is too much is kept until it is idle: others would have to suspect what is under way.
                    if let Some(partition) = self.held.get_mut(&index) {
                        partition.leaving = held >= share;
                    }
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
                    self.held.insert(index, Partition::resume(place, lease, self.epoch).await?);
                    held += 1;
                }
                None => drop(self.held.remove(&index)),
            }
            self.asked = None;
        }
        Ok(())
    }

    /// Gives back the lease that was asked for when the wait was dropped: it may have been given.
    async fn give_back_asked(&mut self) -> Result<(), BusError> {
        if let Some((store, name)) = self.asked.take()
            && let Some(lease) = store.acquire_lease(&name, self.id, self.options.lease).await?
        {
            store.release_lease(&lease).await?;
        }
        Ok(())
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
                _ => drop(self.held.remove(&index)),
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
        for source in &self.sources {
            let released = source.store.release_due(DUE).await?;
            if let Some(next) = released.next_due {
                wait = wait.min(next.since(source.store.now().await?));
            }
        }
        self.due_at = Instant::now() + wait.max(Duration::from_millis(5));
        Ok(())
    }

    fn listen(&self) -> Vec<Pin<Box<ChangeListener>>> {
        self.sources.iter().map(|source| Box::pin(source.store.changes().listen())).collect()
    }

    /// Until something was committed, or something is due.
    async fn wait(&self, listeners: Vec<Pin<Box<ChangeListener>>>) {
        let mut until = (Instant::now() + self.options.poll).min(self.upkeep_at).min(self.due_at);
        if self.held.values().any(Partition::is_behind) {
            until = until.min(self.flush_at);
        }
        if listeners.is_empty() {
            tokio::time::sleep_until(until).await;
        } else {
            let _ = tokio::time::timeout_at(until, select_all(listeners)).await;
        }
    }
}

#[async_trait]
impl Subscription for Member {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        loop {
            let listeners = self.listen();
            self.upkeep().await?;
            self.release_due().await?;
            self.flush()?;
            self.hand_over().await?;
            self.look(max).await?;
            if !self.ready.is_empty() {
                return Ok(std::mem::take(&mut self.ready));
            }
            self.health.well(READING);
            self.wait(listeners).await;
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

    fn report_to(&mut self, health: &Health) {
        self.health = health.clone();
    }

    async fn close(&mut self) -> Result<(), BusError> {
        for partition in std::mem::take(&mut self.held).values_mut() {
            // What was read and not handed out is no one's to suspect.
            let unread = self.ready.iter().filter(|delivery| delivery.receipt.partition == partition.index);
            partition.again(&unread.map(|delivery| delivery.receipt.position).collect::<Vec<_>>());
            match partition.leave().await {
                Err(error) if is_lost(&error) => {}
                result => result?,
            }
        }
        self.give_back_asked().await?;
        for source in &self.sources {
            if source.store.partitions() > 1 {
                let word = DocumentWrite::delete(MEMBERS, self.name(), Expected::Any);
                source.store.commit(Commit::new().document(word)).await?;
            }
        }
        Ok(())
    }
}
