//! How long local steps may take that are done in one transition.
//!
//! What they do lasts once the transition is committed, and not before: one that takes longer than whoever carries it on
//! waits for would be dropped, and done again from its beginning, for ever. So a step that does not end in time is put off:
//! the transition is committed without it, and timers do it next. They wait as long as it may take.

use std::time::Duration;

use tokio::time::Instant;

use super::Input;
use super::run::Run;
use crate::definition::Definition;
use crate::instance::{Instance, PhaseRecord, PhaseStatus};
use crate::reply::Phase;

/// So long a transition's local steps may take together, unless the first takes longer.
const ROOM: Duration = Duration::from_secs(50);
/// So long they may take after a reply: that is taken in within the minute that a consumer gives its handlers.
const ROOM_AFTER_REPLY: Duration = Duration::from_secs(10);
/// So long a look may take beside the longest local step: for the others, for what is noted, and for the commit.
const BESIDE: Duration = Duration::from_secs(60);

/// What time there is for local steps.
#[derive(Clone, Copy)]
pub(super) struct Room {
    since: Instant,
    room: Duration,
    /// The first has all the time that it may take.
    waits_for_first: bool,
}

impl Room {
    /// Of one who waits as long as a local step may take.
    pub(super) fn for_one() -> Self {
        Self { since: Instant::now(), room: ROOM, waits_for_first: true }
    }

    /// For one try at taking an input in, which was handed over at `begun`.
    pub(super) fn to_take(
        input: &Input,
        begun: Instant,
        definition: &dyn Definition,
        instance: &Instance,
    ) -> Self {
        let Input::Reply { step, .. } = input else { return Self::for_one() };
        let step = instance.steps.iter().position(|record| record.name == *step);
        let within = step.map_or(ROOM_AFTER_REPLY, |step| definition.within(step));
        // Until it is taken in the reply may fall overdue, and its step be asked for again. Then there is time for this
        // once more before the next is overdue, too.
        Self { since: begun, room: ROOM_AFTER_REPLY.min(within / 3), waits_for_first: false }
    }

    /// How much of the time that a local step may take it is given. None: it is not begun.
    pub(super) fn give(&mut self, within: Duration) -> Option<Duration> {
        if std::mem::take(&mut self.waits_for_first) {
            return Some(within);
        }
        let left = self.room.saturating_sub(self.since.elapsed());
        (!left.is_zero()).then(|| left.min(within))
    }

    /// How long local steps have taken so far.
    pub(super) fn spent(&self) -> Duration {
        self.since.elapsed()
    }
}

/// How long a timer waits for one transition. It has the time for any local step of the saga.
pub(super) fn limit_of_a_look(definition: &dyn Definition) -> Duration {
    definition.longest_local().saturating_add(BESIDE)
}

impl Run<'_> {
    /// Leaves a local step to timers, as it was before. This was no attempt.
    pub(super) fn put_off(&mut self, step: usize, phase: Phase, before: PhaseRecord) {
        let due = before.due.or(Some(self.now));
        if let Some(record) = self.record(step, phase) {
            *record = PhaseRecord { status: PhaseStatus::Waiting, due, ..before };
        }
    }
}
