use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::Host;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::store::{ChangeListener, Query};
use futures_util::future::select_all;
use tokio::time::Instant;
use uuid::Uuid;

use super::partition::{Partition, Place, is_lost};
use super::{Source, StoreBusOptions};
use crate::bus::{Delivery, Receipt, Subscription};
use crate::error::BusError;

/// So often the cursor is written down while messages are done.
const FLUSH: Duration = Duration::from_millis(200);
/// The most messages that fall due at once.
const DUE: usize = 1_000;
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
    /// Read, and not yet handed out.
    ready: Vec<Delivery>,
    epoch: u64,
    upkeep_at: Instant,
    flush_at: Instant,
    due_at: Instant,
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
            ready: Vec::new(),
            epoch: 0,
            upkeep_at: now,
            flush_at: now,
            due_at: now,
        }
    }

    /// Everything there is to read now.
    async fn look(&mut self, max: usize) -> Result<(), BusError> {
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        let mut lost = Vec::new();
        for (index, partition) in &mut self.held {
            let room = max.saturating_sub(self.ready.len());
            match partition.read(&topics, room, self.options.window).await {
                Ok(found) => self.ready.extend(found),
                Err(error) if is_lost(&error) => lost.push(*index),
                Err(error) => return Err(error),
            }
        }
        for index in lost {
            self.held.remove(&index);
        }
        Ok(())
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
        self.upkeep_at = Instant::now() + self.options.lease / 3;
        Ok(())
    }

    /// How many partitions of a source are this member's, if all members are to have alike.
    async fn share(&self, source: &Source, partitions: u32) -> Result<usize, BusError> {
        if partitions == 1 {
            return Ok(1);
        }
        let now = source.store.now().await?;
        let word =
            DocumentWrite::put(MEMBERS, format!("{}/{}", self.group, self.id), Expected::Any, b"{}".to_vec())
                .field("group", self.group.as_str())
                .field("alive_until", now.plus(self.options.lease));
        source.store.commit(Commit::new().document(word)).await?;
        let members = source
            .store
            .documents(
                &Query::all_tenants(MEMBERS)
                    .equals("group", self.group.as_str())
                    .at_least("alive_until", now),
            )
            .await?;
        Ok((partitions as usize).div_ceil(members.len().max(1)))
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
            if held >= share {
                if let Some(mut surplus) = self.held.remove(&index) {
                    surplus.leave().await?;
                }
                continue;
            }
            let name = format!("bus/{}/{number}", self.group);
            match source.store.acquire_lease(&name, self.id, self.options.lease).await? {
                Some(lease)
                    if has_it && self.held.get(&index).is_some_and(|p| p.lease.token == lease.token) =>
                {
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
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), BusError> {
        if Instant::now() < self.flush_at {
            return Ok(());
        }
        self.flush_at = Instant::now() + FLUSH;
        let mut lost = Vec::new();
        for (index, partition) in &mut self.held {
            match partition.flush().await {
                Err(error) if is_lost(&error) => lost.push(*index),
                result => result?,
            }
        }
        for index in lost {
            self.held.remove(&index);
        }
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
            self.flush().await?;
            self.look(max).await?;
            if !self.ready.is_empty() {
                return Ok(std::mem::take(&mut self.ready));
            }
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

    async fn close(&mut self) -> Result<(), BusError> {
        for partition in std::mem::take(&mut self.held).values_mut() {
            match partition.leave().await {
                Err(error) if is_lost(&error) => {}
                result => result?,
            }
        }
        for source in &self.sources {
            if source.store.partitions() > 1 {
                let id = format!("{}/{}", self.group, self.id);
                let word = DocumentWrite::delete(MEMBERS, id, Expected::Any);
                source.store.commit(Commit::new().document(word)).await?;
            }
        }
        Ok(())
    }
}
