use std::sync::Arc;

use event_listener::{Event, EventListener};

/// Wakes whoever waits for something new. Cloned handles share the waiters.
#[derive(Clone, Debug, Default)]
pub struct Changes(Arc<Event>);

/// A wait for the next change. Made before the look that finds nothing new, so that no change falls between.
pub type ChangeListener = EventListener;

impl Changes {
    /// From now on: the future is ready once something was committed after this call.
    pub fn listen(&self) -> ChangeListener {
        self.0.listen()
    }

    /// Something was committed. For stores to call.
    pub fn notify(&self) {
        self.0.notify(usize::MAX);
    }
}
