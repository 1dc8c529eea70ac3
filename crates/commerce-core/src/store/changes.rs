use std::sync::Arc;

use event_listener::{Event, EventListener};

use crate::commit::Commit;

/// Wakes whoever waits for something new. Cloned handles share the waiters.
#[derive(Clone, Debug, Default)]
pub struct Changes(Arc<Waiters>);

#[derive(Debug, Default)]
struct Waiters {
    any: Event,
    events: Event,
    messages: Event,
}

/// A wait for the next change. Made before the look that finds nothing new, so that no change falls between.
pub type ChangeListener = EventListener;

/// Which of a store's logs have something new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The event log.
    pub events: bool,
    /// The outbox log, or the messages that are to enter it later.
    pub messages: bool,
}

impl Changes {
    /// From now on: the future is ready once something was committed after this call.
    pub fn listen(&self) -> ChangeListener {
        self.0.any.listen()
    }

    /// As [`listen`](Self::listen), for commits with events alone: most commits of a busy store may be none of a
    /// reader's.
    pub fn listen_for_events(&self) -> ChangeListener {
        self.0.events.listen()
    }

    /// As [`listen`](Self::listen), for commits with messages alone.
    pub fn listen_for_messages(&self) -> ChangeListener {
        self.0.messages.listen()
    }

    /// Anything may have been committed: wakes all. For stores to call.
    pub fn notify(&self) {
        self.notify_of(News::ALL);
    }

    /// Something was committed, with such news in the logs. For stores to call that know.
    pub fn notify_of(&self, news: News) {
        self.0.any.notify(usize::MAX);
        if news.events {
            self.0.events.notify(usize::MAX);
        }
        if news.messages {
            self.0.messages.notify(usize::MAX);
        }
    }
}

impl News {
    /// Something new in both.
    pub const ALL: Self = Self { events: true, messages: true };

    /// What this commit brings.
    pub fn of(commit: &Commit) -> Self {
        let events = commit.appends.iter().any(|append| !append.events.is_empty());
        Self { events, messages: !commit.messages.is_empty() }
    }

    /// What either brings.
    pub fn and(self, other: Self) -> Self {
        Self { events: self.events || other.events, messages: self.messages || other.messages }
    }
}
