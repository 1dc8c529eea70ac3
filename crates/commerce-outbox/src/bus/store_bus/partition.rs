use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use commerce_core::commit::{Commit, CommitError, Committed, Conflict};
use commerce_core::store::{CommitFuture, Lease, MessageBatch, RecordedMessage, Store};
use commerce_core::stream::Position;
use futures_util::FutureExt;

use super::feed::Asked;
use crate::bus::{Delivery, Receipt};
use crate::envelope::Envelope;
use crate::error::BusError;

/// At least, for each partition of its log, and at most so many messages ahead of what is handed out the mark of what was
/// taken is written: see [`stretch`].
const STRETCH: (u64, u64) = (64, 1_000);
/// So many times as many messages as a member has room for the mark lies ahead, within these bounds.
const ROOMS: u64 = 4;

/// So many windows beyond the first message that is not done a partition is read, though what lies behind that is done: all of
/// it comes again when the partition changes hands.
const REACH: u64 = 64;

/// How many messages ahead the mark is written by a member that takes `room` of them at a time. After a crash all up to it
/// are suspected: whoever takes few should not have others suspected by the hundred. But each move of it is a commit, and
/// whoever takes many would soon wait for it.
pub(super) fn stretch(room: usize, partitions: usize) -> u64 {
    let (least, most) = STRETCH;
    // Positions are those of all partitions.
    (room as u64).saturating_mul(ROOMS).max(least.saturating_mul(partitions as u64)).min(most)
}

/// The checkpoint of a group in a partition: up to there everything is done.
pub(crate) fn cursor_name(group: &str, partition: u32) -> String {
    format!("group/{group}/{partition}")
}

/// One partition of one source's log, held by lease.
pub(super) struct Partition {
    pub(super) index: usize,
    pub(super) number: u32,
    pub(super) store: Arc<dyn Store>,
    pub(super) lease: Lease,
    source: Arc<str>,
    /// Rises with each partition that the member is given.
    pub(super) epoch: u64,
    /// Up to here everything is done, durably.
    done: Reader,
    /// Up to here messages were taken, durably.
    taken: Reader,
    /// Up to here messages were handled by former holders that left in good order, behind one that was not done.
    reached: Reader,
    /// Up to here a former holder may have taken them.
    suspect: Position,
    /// Up to here a former holder may have handled them.
    known: Position,
    /// Up to here the log was read.
    read: Position,
    /// Up to here it was read before reading went back for messages that are to come again.
    read_before: Position,
    /// What was handed out and is not done.
    handed: BTreeMap<Position, Handed>,
    /// How many messages were handed out in all.
    count: u64,
    /// It is to go to another member, once everything that was handed out is done.
    pub(super) leaving: bool,
    /// Whether there may be something beyond what was read.
    pub(super) may_have_more: bool,
    /// How often messages for this member had come when it last asked for that.
    pub(super) arrivals: u64,
}

/// A message that was handed out.
struct Handed {
    /// How many were handed out before it.
    before: u64,
    /// Whether it is to be handed out again.
    again: bool,
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
        // If the last moves of the cursor are lost, what was done since is handed out again, under suspicion.
        let done = Reader::find(place.store, cursor_name(place.group, place.number)).await?.relaxed();
        let taken = Reader::find(place.store, format!("taken/{}/{}", place.group, place.number)).await?;
        let reached = Reader::find(place.store, format!("reached/{}/{}", place.group, place.number)).await?;
        // The mark lies ahead of what was taken; what is not in the log yet was taken by no one.
        let last = place.store.last_message().await?;
        Ok(Self {
            index: place.index,
            number: place.number,
            store: place.store.clone(),
            lease,
            source: place.source.clone(),
            epoch,
            suspect: taken.at.min(last),
            known: taken.at.max(reached.at).min(last),
            read: done.at,
            read_before: done.at,
            done,
            taken,
            reached,
            handed: BTreeMap::new(),
            count: 0,
            leaving: false,
            may_have_more: true,
            arrivals: 0,
        })
    }

    /// From where on it is to be read, and how many messages there is room for; none if it is not to be read now.
    pub(super) fn wants(&self, max: usize, window: usize) -> Option<(Position, usize)> {
        let limit = if self.is_going_back() { max } else { max.min(self.room(window)) };
        (limit > 0 && self.may_have_more && !self.leaving).then_some((self.read, limit))
    }

    /// How many messages may be handed out, so that no more than `window` are out, and no more than so many windows come
    /// again when the partition changes hands.
    fn room(&self, window: usize) -> usize {
        let handed = self.handed.first_key_value().map_or(0, |(_, first)| self.count - first.before);
        let reach = (window as u64).saturating_mul(REACH).saturating_sub(handed);
        window.saturating_sub(self.handed.len()).min(usize::try_from(reach).unwrap_or(usize::MAX))
    }

    /// Whether the answer to what was asked is still of use.
    pub(super) fn is_as(&self, asked: &Asked) -> bool {
        asked.epoch == self.epoch && asked.after == self.read && !self.leaving
    }

    /// Whether messages are read that are to be handed out again.
    fn is_going_back(&self) -> bool {
        self.read < self.read_before
    }

    /// Writes down, ahead, that what was read is about to be taken.
    pub(super) async fn mark(&mut self, batch: &MessageBatch, stretch: u64) -> Result<(), BusError> {
        // What comes again was marked when it was taken first.
        let last = batch.messages.iter().rev().find(|message| !self.is_for_next_time(message.position));
        match last {
            Some(last) => self.mark_taken(last.position, stretch).await,
            None => Ok(()),
        }
    }

    /// While reading goes back, new messages have to wait, as they have to fit into the window.
    fn is_for_next_time(&self, position: Position) -> bool {
        self.is_going_back() && position > self.read_before
    }

    /// Takes what was read, and hands out what was not handed out yet, or is to be handed out again. [`mark`](Self::mark)
    /// it first.
    pub(super) fn take(&mut self, mut batch: MessageBatch, limit: usize) -> Result<Vec<Delivery>, BusError> {
        // Where the limit ended it, there may be more.
        self.may_have_more |= batch.messages.len() >= limit;
        if self.is_for_next_time(batch.next) {
            batch.messages.retain(|message| !self.is_for_next_time(message.position));
            batch.next = self.read_before;
            self.may_have_more = true;
        }
        let deliveries = batch.messages.into_iter().filter_map(|message| self.hand_out(message).transpose());
        let deliveries = deliveries.collect::<Result<_, _>>()?;
        self.read = batch.next;
        Ok(deliveries)
    }

    /// None for what was handed out before and is not to come again.
    fn hand_out(&mut self, message: RecordedMessage) -> Result<Option<Delivery>, BusError> {
        let position = message.position;
        let before = match self.handed.get(&position) {
            Some(handed) if handed.again => handed.before,
            _ if position <= self.read_before => return Ok(None),
            _ => self.count,
        };
        let envelope = Envelope::from_log(&self.source, message).map_err(|source| BusError::Damaged {
            at: format!("{} {position}", self.source),
            source: source.into(),
        })?;
        self.count = self.count.max(before + 1);
        self.handed.insert(position, Handed { before, again: false });
        Ok(Some(Delivery {
            envelope,
            receipt: Receipt { partition: self.index, position },
            redelivered: position <= self.suspect,
            may_be_handled: position <= self.known,
            epoch: self.epoch,
        }))
    }

    async fn mark_taken(&mut self, position: Position, stretch: u64) -> Result<(), BusError> {
        let ahead = self.store.position_ahead(position, stretch);
        self.taken.arrive()?;
        if position > self.taken.at {
            return self.taken.move_to(ahead, &self.store, &self.lease).await;
        }
        // In good time, so that no message has to wait for it.
        if self.store.position_ahead(position, stretch / 2) > self.taken.at {
            return self.taken.move_soon(ahead, &self.store, &self.lease);
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, position: Position) {
        self.handed.remove(&position);
    }

    /// Messages that are to come again: reading goes back to the first of them.
    pub(super) fn again(&mut self, positions: &[Position]) {
        for position in positions {
            if let Some(handed) = self.handed.get_mut(position)
                && !handed.again
            {
                handed.again = true;
                self.read_before = self.read_before.max(self.read);
                self.read = self.read.min(position.saturating_sub(1));
                self.may_have_more = true;
            }
        }
    }

    /// Whether nothing that was handed out is still to be done.
    pub(super) fn is_idle(&self) -> bool {
        self.handed.values().all(|handed| handed.again)
    }

    /// Whether the cursor lags behind what is done.
    pub(super) fn is_behind(&self) -> bool {
        self.low_water() > self.done.at
    }

    fn low_water(&self) -> Position {
        self.handed
            .first_key_value()
            .map_or(self.read.max(self.read_before), |(first, _)| first.saturating_sub(1).max(self.done.at))
    }

    /// Has it written down how far everything is done, and doesn't wait for it: whether that succeeded is answered by the
    /// next call.
    pub(super) fn flush(&mut self) -> Result<(), BusError> {
        let target = self.low_water();
        self.done.move_soon(target, &self.store, &self.lease)
    }

    /// Leaves the partition to others. What was handed out and is not done is theirs to suspect.
    pub(super) async fn leave(&mut self) -> Result<(), BusError> {
        self.done.move_to(self.low_water(), &self.store, &self.lease).await?;
        // Before the mark of what was taken goes back.
        let reached = self.known.max(self.read).max(self.read_before);
        if reached > self.done.at.max(self.reached.at) {
            self.reached.move_to(reached, &self.store, &self.lease).await?;
        }
        let out = self.handed.iter().rev().find(|(_, handed)| !handed.again);
        let taken = out.map_or(self.done.at, |(position, _)| *position);
        self.taken.move_to(taken.min(self.taken.at), &self.store, &self.lease).await?;
        self.store.release_lease(&self.lease).await?;
        Ok(())
    }
}

/// A durable position. A move that is under way survives the caller that waits for it.
struct Reader {
    name: String,
    at: Position,
    /// Whether moves may be lost when the store's machine fails.
    is_relaxed: bool,
    /// In a mutex only so that the partition is `Sync`, which a future alone is not.
    moving: Mutex<Option<(Position, CommitFuture)>>,
}

impl Reader {
    async fn find(store: &Arc<dyn Store>, name: String) -> Result<Self, BusError> {
        let at = store.checkpoint(&name).await?;
        Ok(Self { name, at, is_relaxed: false, moving: Mutex::new(None) })
    }

    fn relaxed(self) -> Self {
        Self { is_relaxed: true, ..self }
    }

    async fn move_to(
        &mut self,
        target: Position,
        store: &Arc<dyn Store>,
        lease: &Lease,
    ) -> Result<(), BusError> {
        loop {
            if let Some((to, commit)) = self.moving() {
                let (to, result) = (*to, commit.await);
                self.arrived(to, result)?;
            }
            if self.at == target {
                return Ok(());
            }
            self.set_out(target, store, lease);
        }
    }

    /// Sets out for the target, unless a move is still under way. Answers what became of the move before.
    fn move_soon(&mut self, target: Position, store: &Arc<dyn Store>, lease: &Lease) -> Result<(), BusError> {
        self.arrive()?;
        if self.moving().is_none() && self.at != target {
            self.set_out(target, store, lease);
        }
        Ok(())
    }

    /// Takes note of a move that has ended.
    fn arrive(&mut self) -> Result<(), BusError> {
        let Some((to, commit)) = self.moving() else { return Ok(()) };
        let to = *to;
        commit.now_or_never().map_or(Ok(()), |result| self.arrived(to, result))
    }

    fn set_out(&mut self, target: Position, store: &Arc<dyn Store>, lease: &Lease) {
        let commit = Commit::new().checkpoint(self.name.clone(), self.at, target).fenced_by(lease);
        let commit = Commit { relaxed: self.is_relaxed, ..commit };
        *self.moving() = Some((target, store.commit(commit)));
    }

    fn arrived(&mut self, at: Position, result: Result<Committed, CommitError>) -> Result<(), BusError> {
        *self.moving() = None;
        result?;
        self.at = at;
        Ok(())
    }

    fn moving(&mut self) -> &mut Option<(Position, CommitFuture)> {
        self.moving.get_mut().unwrap_or_else(PoisonError::into_inner)
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
