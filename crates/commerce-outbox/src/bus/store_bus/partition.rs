use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use commerce_core::commit::{Commit, CommitError, Conflict};
use commerce_core::store::{CommitFuture, Lease, ReadMessages, Store};
use commerce_core::stream::Position;

use crate::bus::{Delivery, Receipt};
use crate::envelope::Envelope;
use crate::error::BusError;

/// So far ahead of what is handed out the mark of what was taken is written.
const STRETCH: u64 = 1_000;

/// One partition of one source's log, held by lease.
pub(super) struct Partition {
    pub(super) index: usize,
    pub(super) number: u32,
    pub(super) store: Arc<dyn Store>,
    pub(super) lease: Lease,
    source: Arc<str>,
    epoch: u64,
    /// Up to here everything is done, durably.
    done: Reader,
    /// Up to here messages were taken, durably.
    taken: Reader,
    /// Up to here a former holder may have taken them.
    suspect: Position,
    /// Up to here the log was read.
    read: Position,
    /// Handed out and not yet done.
    open: BTreeSet<Position>,
}

/// What names a partition.
pub(super) struct Place<'a> {
    pub(super) index: usize,
    pub(super) number: u32,
    pub(super) group: &'a str,
    pub(super) source: &'a Arc<str>,
    pub(super) store: &'a Arc<dyn Store>,
}

impl Partition {
    /// Takes up the work where the last holder left it.
    pub(super) async fn resume(place: Place<'_>, lease: Lease, epoch: u64) -> Result<Self, BusError> {
        let done = Reader::find(place.store, format!("group/{}/{}", place.group, place.number)).await?;
        let taken = Reader::find(place.store, format!("taken/{}/{}", place.group, place.number)).await?;
        Ok(Self {
            index: place.index,
            number: place.number,
            store: place.store.clone(),
            lease,
            source: place.source.clone(),
            epoch,
            suspect: taken.at,
            read: done.at,
            done,
            taken,
            open: BTreeSet::new(),
        })
    }

    /// Messages that were not handed out yet.
    pub(super) async fn read(
        &mut self,
        topics: &[&str],
        max: usize,
        window: usize,
    ) -> Result<Vec<Delivery>, BusError> {
        let limit = max.min(window.saturating_sub(self.open.len()));
        if limit == 0 {
            return Ok(Vec::new());
        }
        let request = ReadMessages { partition: self.number, after: self.read, topics, limit };
        let batch = self.store.read_messages(request).await?;
        if let Some(last) = batch.messages.last() {
            self.mark_taken(last.position).await?;
        }
        self.read = batch.next;
        batch
            .messages
            .into_iter()
            .map(|message| {
                let position = message.position;
                self.open.insert(position);
                let at = format!("{} {position}", self.source);
                let envelope = Envelope::from_recorded(&self.source, message)
                    .map_err(|source| BusError::Damaged { at, source: source.into() })?;
                Ok(Delivery {
                    envelope,
                    receipt: Receipt { partition: self.index, position },
                    redelivered: position <= self.suspect,
                    epoch: self.epoch,
                })
            })
            .collect()
    }

    async fn mark_taken(&mut self, position: Position) -> Result<(), BusError> {
        if position <= self.taken.at {
            return Ok(());
        }
        self.taken.move_to(position + STRETCH, &self.store, &self.lease).await
    }

    pub(super) fn finish(&mut self, position: Position) {
        self.open.remove(&position);
    }

    /// Messages that are to come again: reading starts over before the first of them.
    pub(super) fn again(&mut self, positions: &[Position]) {
        if let Some(first) = positions.iter().min() {
            self.open.retain(|position| position < first);
            self.read = first.saturating_sub(1);
        }
    }

    /// Whether the cursor lags behind what is done.
    pub(super) fn is_behind(&self) -> bool {
        self.low_water() > self.done.at
    }

    fn low_water(&self) -> Position {
        self.open.first().map_or(self.read, |first| first.saturating_sub(1).max(self.done.at))
    }

    /// Writes down how far everything is done.
    pub(super) async fn flush(&mut self) -> Result<(), BusError> {
        self.done.move_to(self.low_water(), &self.store, &self.lease).await
    }

    /// Leaves the partition to others. What was handed out and is not done is theirs to suspect.
    pub(super) async fn leave(&mut self) -> Result<(), BusError> {
        self.flush().await?;
        let taken = self.open.last().copied().unwrap_or(self.done.at);
        self.taken.move_to(taken.min(self.taken.at), &self.store, &self.lease).await?;
        self.store.release_lease(&self.lease).await?;
        Ok(())
    }
}

/// A durable position. A move that is under way survives the caller that waits for it.
struct Reader {
    name: String,
    at: Position,
    /// In a mutex only so that the partition is `Sync`, which a future alone is not.
    moving: Mutex<Option<(Position, CommitFuture)>>,
}

impl Reader {
    async fn find(store: &Arc<dyn Store>, name: String) -> Result<Self, BusError> {
        let at = store.checkpoint(&name).await?;
        Ok(Self { name, at, moving: Mutex::new(None) })
    }

    async fn move_to(
        &mut self,
        target: Position,
        store: &Arc<dyn Store>,
        lease: &Lease,
    ) -> Result<(), BusError> {
        loop {
            let moving = self.moving.get_mut().unwrap_or_else(PoisonError::into_inner);
            if let Some((to, commit)) = moving {
                let (to, result) = (*to, commit.await);
                *moving = None;
                result?;
                self.at = to;
            }
            if self.at == target {
                return Ok(());
            }
            let commit = Commit::new().checkpoint(self.name.clone(), self.at, target).fenced_by(lease);
            *moving = Some((target, store.commit(commit)));
        }
    }
}

/// Whether the partition has gone to someone else.
pub(super) fn is_lost(error: &BusError) -> bool {
    let BusError::Unavailable { source } = error else { return false };
    matches!(
        source.downcast_ref::<CommitError>().and_then(CommitError::conflict),
        Some(Conflict::Fenced { .. } | Conflict::Checkpoint { .. })
    )
}
