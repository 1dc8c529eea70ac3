//! Which partitions a member holds.

use std::ops::Range;

use commerce_core::store::Lease;
use tokio::time::Instant;

use super::super::Source;
use super::super::asked::AskedLease;
use super::super::feed::Feed;
use super::super::leaving::in_time;
use super::super::partition::{Partition, Place};
use super::Member;
use crate::error::BusError;

impl Member {
    /// Prolongs leases, takes over what is free, gives up what is more than a fair share.
    pub(super) async fn upkeep(&mut self) {
        if Instant::now() < self.upkeep_at {
            return;
        }
        self.taken = None;
        for feed in self.there() {
            let begun = Instant::now();
            match in_time(self.patience(), self.keep_up(feed)).await {
                Ok(()) => self.feeds[feed].is_back(),
                failed => self.note(feed, begun, failed),
            }
        }
        let again = Instant::now() + self.upkeep_again.min(self.options.lease / 3);
        self.upkeep_at = self.feeds.iter().filter_map(Feed::is_away_until).fold(again, Instant::min);
        self.upkeep_again = self.upkeep_again.saturating_mul(2);
    }

    async fn keep_up(&mut self, feed: usize) -> Result<(), BusError> {
        let Feed { source, partitions, .. } = &self.feeds[feed];
        let (source, partitions) = (source.clone(), partitions.clone());
        let share = self.share(&source, partitions.len()).await?;
        self.hold_share(feed, &source, partitions, share).await
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

    async fn hold_share(
        &mut self,
        feed: usize,
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
            match self.ask_for_lease(feed, number).await? {
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
            self.feeds[feed].lease = None;
        }
        Ok(())
    }

    /// One at a time: what an earlier wait was dropped for is answered first. It is asked for once more then, if it is still
    /// wanted.
    async fn ask_for_lease(&mut self, feed: usize, number: u32) -> Result<Option<Lease>, BusError> {
        let feed = &mut self.feeds[feed];
        if let Some(earlier) = &mut feed.lease {
            let _ = earlier.answer().await;
        }
        let name = format!("bus/{}/{number}", self.group);
        let asked = AskedLease::ask(feed.source.store.clone(), name, self.id, self.options.lease);
        Ok(feed.lease.insert(asked).answer().await?)
    }
}
