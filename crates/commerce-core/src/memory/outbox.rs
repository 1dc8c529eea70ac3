use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

use super::apply::Origin;
use crate::commit::{CommitId, NewMessage};
use crate::store::{MessageBatch, ReadMessages, RecordedMessage, Released, partition_of};
use crate::stream::Position;
use crate::time::Timestamp;

/// The outbox log, and the messages that are not due yet.
#[derive(Default)]
pub(super) struct Outbox {
    log: BTreeMap<Position, Kept>,
    /// The last position that was given away: also when its message is gone, as no position is used twice.
    last: Position,
    /// By due time, commit and ordinal: the order in which they go into the log.
    scheduled: BTreeMap<(Timestamp, CommitId, u16), Kept>,
}

/// A message; while it is scheduled its position is zero.
struct Kept {
    commit: CommitId,
    partition: u32,
    message: RecordedMessage,
}

impl Outbox {
    pub(super) fn send(&mut self, origin: &Origin, ordinal: u16, message: NewMessage, partitions: u32) {
        let due = message.not_before.filter(|moment| *moment > origin.recorded_at);
        let kept = Kept {
            commit: origin.commit,
            partition: partition_of(&message.key, partitions),
            message: record(origin, ordinal, message),
        };
        match due {
            Some(moment) => {
                self.scheduled.insert((moment, origin.commit, ordinal), kept);
            }
            None => self.push(kept),
        }
    }

    fn push(&mut self, mut kept: Kept) {
        self.last += 1;
        kept.message.position = self.last;
        self.log.insert(self.last, kept);
    }

    pub(super) fn release_due(&mut self, now: Timestamp, limit: usize) -> Released {
        let mut count = 0;
        while count < limit
            && let Some(next) = self.scheduled.first_entry()
            && next.key().0 <= now
        {
            let kept = next.remove();
            self.push(kept);
            count += 1;
        }
        Released { count, next_due: self.scheduled.first_key_value().map(|((due, _, _), _)| *due) }
    }

    pub(super) fn read(&self, request: ReadMessages<'_>) -> MessageBatch {
        let mut batch = MessageBatch { messages: Vec::new(), next: request.after };
        let behind = (Bound::Excluded(request.after), Bound::Unbounded);
        for (position, kept) in self.log.range(behind).filter(|(_, kept)| kept.partition == request.partition)
        {
            if batch.messages.len() >= request.limit {
                break;
            }
            batch.next = *position;
            if request.topics.is_empty() || request.topics.contains(&&*kept.message.topic) {
                batch.messages.push(kept.message.clone());
            }
        }
        batch
    }

    pub(super) fn last(&self) -> Position {
        self.last
    }

    pub(super) fn prune(&mut self, up_to: Position) -> u64 {
        let before = self.log.len();
        self.log.retain(|position, _| *position > up_to);
        (before - self.log.len()) as u64
    }

    /// The commits that still have a message here.
    pub(super) fn commits(&self) -> HashSet<CommitId> {
        self.log.values().chain(self.scheduled.values()).map(|kept| kept.commit).collect()
    }
}

fn record(origin: &Origin, ordinal: u16, message: NewMessage) -> RecordedMessage {
    RecordedMessage {
        position: 0,
        id: origin.commit.message_id(ordinal),
        tenant: origin.tenant.clone(),
        topic: message.topic.into(),
        key: message.key.into(),
        message_type: message.message_type.into(),
        payload: message.payload,
        headers: message.headers.into_iter().map(|(name, value)| (name.into_owned(), value)).collect(),
        recorded_at: origin.recorded_at,
        metadata: origin.metadata.clone(),
    }
}
