//! What to publish next: no I/O, no clock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use commerce_core::id::Tenant;
use tokio::time::Instant;

use crate::bus::{Delivery, Receipt, drop_from};
use crate::error::BusError;
use crate::retry::RetryPolicy;

type KeyName = (Tenant, Arc<str>);

/// The messages that were taken and are not published yet, by key. At most one of a key is on its way: a later one must
/// not arrive where an earlier one fails.
pub(super) struct Plan {
    lanes: HashMap<KeyName, Lane>,
    /// Keys that have something to publish now.
    ready: VecDeque<KeyName>,
    /// Keys that wait after a failure.
    waiting: Vec<(Instant, KeyName)>,
    epochs: HashMap<usize, u64>,
    policy: RetryPolicy,
    taken: usize,
}

#[derive(Default)]
struct Lane {
    queue: VecDeque<Delivery>,
    /// How often its head failed in a row.
    failures: u32,
}

impl Plan {
    /// A relay may not give a message up, so the policy only says how long to wait.
    pub(super) fn new(policy: RetryPolicy) -> Self {
        Self {
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            waiting: Vec::new(),
            epochs: HashMap::new(),
            policy: RetryPolicy { attempts: u32::MAX, ..policy },
            taken: 0,
        }
    }

    /// How many messages are taken and not published.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// Queues messages up behind those of their key.
    pub(super) fn take(&mut self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            self.turn_epoch(&delivery);
            let key = key_of(&delivery);
            let lane = self.lanes.entry(key.clone()).or_insert_with(|| {
                self.ready.push_back(key);
                Lane::default()
            });
            lane.queue.push_back(delivery);
            self.taken += 1;
        }
    }

    /// What was taken of a partition before it was lost and won again comes again: the old copies go.
    fn turn_epoch(&mut self, delivery: &Delivery) {
        let (partition, epoch) = (delivery.receipt.partition, delivery.epoch);
        let known = self.epochs.insert(partition, epoch).unwrap_or(epoch);
        if known == epoch {
            return;
        }
        for lane in self.lanes.values_mut() {
            let before = lane.queue.len();
            lane.queue.retain(|old| old.receipt.partition != partition || old.epoch == epoch);
            self.taken -= before - lane.queue.len();
        }
    }

    /// The next batch: the head of each key that is ready, `max` at most. Their keys wait until it is settled.
    pub(super) fn batch(&mut self, now: Instant, max: usize) -> Vec<Delivery> {
        let ready = &mut self.ready;
        self.waiting.retain(|(due, key)| {
            if *due <= now {
                ready.push_back(key.clone());
            }
            *due > now
        });
        let mut batch = Vec::new();
        while batch.len() < max
            && let Some(key) = self.ready.pop_front()
        {
            match self.lanes.get_mut(&key).and_then(|lane| lane.queue.pop_front()) {
                Some(delivery) => batch.push(delivery),
                None => drop(self.lanes.remove(&key)),
            }
        }
        self.taken -= batch.len();
        batch
    }

    /// Takes note of what has become of a message of the batch: it may be acknowledged, or is to be tried again, having
    /// failed so often.
    pub(super) fn settle(
        &mut self,
        delivery: &Delivery,
        result: Result<(), BusError>,
        now: Instant,
        chance: u32,
    ) -> Result<Receipt, (u32, BusError)> {
        let key = key_of(delivery);
        let lane = self.lanes.entry(key.clone()).or_default();
        let Err(error) = result else {
            lane.failures = 0;
            if lane.queue.is_empty() {
                self.lanes.remove(&key);
            } else {
                self.ready.push_back(key);
            }
            return Ok(delivery.receipt);
        };
        lane.failures = lane.failures.saturating_add(1);
        let wait = self.policy.wait_after(lane.failures, chance).unwrap_or(self.policy.longest_wait);
        self.waiting.push((now + wait, key));
        let failures = lane.failures;
        // One whose partition was won again meanwhile is in the queue already.
        if self.epochs.get(&delivery.receipt.partition) == Some(&delivery.epoch) {
            lane.queue.push_front(delivery.clone());
            self.taken += 1;
        }
        Err((failures, error))
    }

    /// When there is something to publish next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.waiting.iter().map(|(due, _)| *due).min()
    }

    /// Gives up what is not on its way of these partitions. A lane stays, though it be empty: what comes again must not
    /// overtake what is on its way.
    pub(super) fn drop_those_of(&mut self, partitions: &[usize]) -> Vec<Receipt> {
        let lanes = self.lanes.values_mut();
        let dropped: Vec<_> = lanes.flat_map(|lane| drop_from(&mut lane.queue, partitions)).collect();
        self.taken -= dropped.len();
        dropped
    }

    /// Gives up what is not on its way.
    pub(super) fn clear(&mut self) -> Vec<Receipt> {
        self.lanes.drain().flat_map(|(_, lane)| lane.queue).map(|delivery| delivery.receipt).collect()
    }
}

fn key_of(delivery: &Delivery) -> KeyName {
    (delivery.envelope.tenant.clone(), delivery.envelope.key.clone())
}
