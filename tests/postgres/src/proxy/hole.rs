//! A network that swallows what is sent.

use std::sync::{Condvar, Mutex, MutexGuard};

/// Whether it does so now.
#[derive(Default)]
pub(super) struct Hole {
    on: Mutex<bool>,
    changed: Condvar,
}

impl Hole {
    pub(super) fn set(&self, on: bool) {
        *self.lock() = on;
        self.changed.notify_all();
    }

    pub(super) fn is_on(&self) -> bool {
        *self.lock()
    }

    pub(super) fn wait_until_off(&self) {
        let _off = self.changed.wait_while(self.lock(), |on| *on).expect("nobody panics with it");
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.on.lock().expect("nobody panics with it")
    }
}
