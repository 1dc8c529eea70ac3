//! Says why nothing moves, if nothing does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Progress, ReplayError};

/// So long nothing moves before a word is said.
const STILL: Duration = Duration::from_secs(4);
/// So often it is said again.
const AGAIN: Duration = Duration::from_secs(10);
/// So often it is looked.
const LOOK: Duration = Duration::from_millis(500);

/// What is most likely awaited while nothing fails: see `StoreBusOptions::lease`.
const LEASES: &str = "what a killed process had under way is free for others after 10 s";

/// Hands progress on, and knows when there is none.
pub(super) struct Watch<'a> {
    progress: &'a dyn Progress,
    state: Mutex<State>,
}

struct State {
    /// When something moved for the last time.
    moved: Instant,
    said: Option<Instant>,
    /// Why nothing moves, for all that is known.
    reason: String,
}

impl<'a> Watch<'a> {
    pub(super) fn over(progress: &'a dyn Progress) -> Self {
        let state = State { moved: Instant::now(), said: None, reason: LEASES.to_owned() };
        Self { progress, state: Mutex::new(state) }
    }

    pub(super) fn begin(&self, part: &str, steps: usize) {
        self.moves(LEASES);
        self.progress.begin(part, steps);
    }

    pub(super) fn step(&self) {
        self.moves(LEASES);
        self.progress.step();
    }

    /// From now on this is awaited.
    pub(super) fn awaits(&self, what: &str) {
        self.moves(what);
    }

    /// Something failed, and is tried again.
    pub(super) fn trouble(&self, error: &ReplayError) {
        self.state().reason = format!("trying again: {}", error.cause());
    }

    fn moves(&self, reason: &str) {
        let mut state = self.state();
        state.moved = Instant::now();
        state.said = None;
        if state.reason != reason {
            reason.clone_into(&mut state.reason);
        }
    }

    /// Says, for as long as it is polled, why nothing moves.
    pub(super) async fn tell(&self) -> ! {
        loop {
            tokio::time::sleep(LOOK).await;
            let word = {
                let mut state = self.state();
                let still = state.moved.elapsed();
                if still < STILL || state.said.is_some_and(|said| said.elapsed() < AGAIN) {
                    continue;
                }
                state.said = Some(Instant::now());
                format!("nothing has moved for {} s; {}", still.as_secs(), state.reason)
            };
            self.progress.note(&word);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
