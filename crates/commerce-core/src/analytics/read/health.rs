use serde::Serialize;

use super::Analytics;
use crate::analytics::figures::{PROGRESS, ProgressRecord};
use crate::analytics::{Error, FACT_KIND};
use crate::stream::Position;
use crate::time::Timestamp;

/// How many events of the log are looked at to see how far behind the figures are. More make no difference to whoever
/// asks, and would be read each time.
const LOOKED_AT: usize = 1_000;

/// How current the figures are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Health {
    /// Whether every fact is in the figures, and nothing that would be one is known to be on its way.
    pub caught_up: bool,
    /// The position of the last fact that is in them; zero if there is none.
    pub position: Position,
    /// How many facts are in them.
    pub facts: u64,
    /// How many facts are not in them yet, as far as the next thousand events of the log say.
    pub lag_facts: u64,
    /// Whether there are more than `lag_facts` says.
    pub lag_is_at_least: bool,
    /// For how long the oldest of those has been waiting, in whole seconds; zero if none is.
    pub lag_seconds: u64,
    /// When the last fact that is in the figures was written.
    pub last_fact_at: Option<Timestamp>,
    /// How many messages are held that may tell of facts: to be tried again, behind such ones, or dead.
    pub held_messages: u64,
    /// Whether there are events of which no message was read yet: each may be a fact.
    pub unread_events: bool,
}

impl Health {
    /// With what has not become a fact yet. Whoever brings the facts in knows of it, and looks before this health is asked for:
    /// what becomes a fact meanwhile is then seen twice rather than not at all.
    pub fn with_unheard(self, held_messages: u64, unread_events: bool) -> Self {
        let caught_up = self.caught_up && held_messages == 0 && !unread_events;
        Self { caught_up, held_messages, unread_events, ..self }
    }
}

impl Analytics {
    /// How current the figures are, as far as the facts say: see [`Health::with_unheard`].
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn health(&self, now: Timestamp) -> Result<Health, Error> {
        // First: a fact that comes meanwhile is then counted twice rather than not at all.
        let read_to = self.reader.position().await?;
        let progress: ProgressRecord = self.get(PROGRESS, ProgressRecord::ID).await?;
        // What lies between a tenant's last fact and that is others'.
        let ahead = self.store.read_log(progress.position.max(read_to), LOOKED_AT).await?;
        let mut waiting = ahead
            .iter()
            .filter(|event| event.tenant == self.tenant && event.stream.kind() == FACT_KIND)
            .map(|event| event.recorded_at)
            .peekable();
        let oldest = waiting.peek().copied();
        let lag_facts = waiting.count() as u64;
        let lag_is_at_least = ahead.len() == LOOKED_AT;
        Ok(Health {
            caught_up: lag_facts == 0 && !lag_is_at_least,
            position: progress.position,
            facts: progress.facts,
            lag_facts,
            lag_is_at_least,
            lag_seconds: oldest.map_or(0, |oldest| now.since(oldest).as_secs()),
            last_fact_at: progress.last_fact_at,
            held_messages: 0,
            unread_events: false,
        })
    }
}
