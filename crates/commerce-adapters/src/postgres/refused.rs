//! Streams on which something was refused lately, and how long they were by then.
//!
//! Where one commit came too late, more will: callers who vie for a stream, or who begin again what has begun. What expects
//! less than is known here is most likely to be refused, so it is looked at beside a group and not within it: it neither
//! makes the group fail nor has all of it looked at. This is only a hint, which counts for nothing without the look.

use std::sync::{Mutex, MutexGuard, PoisonError};

use commerce_core::stream::Version;

use super::job::KeyMap;

/// So many streams are kept in mind, in about half a megabyte; when there are more, all are forgotten.
const STREAMS: usize = 1 << 14;

/// By the streams' keys.
#[derive(Default)]
pub(super) struct Refused(Mutex<KeyMap<Version>>);

impl Refused {
    /// Whether a stream, by its key, was longer than this.
    pub(super) fn is_longer(&self, key: u64, version: Version) -> bool {
        self.streams().get(&key).is_some_and(|there| *there > version)
    }

    /// A stream was looked at; `version` is none if it is not longer than expected.
    pub(super) fn learn(&self, key: u64, version: Option<Version>) {
        let mut streams = self.streams();
        let Some(version) = version else {
            streams.remove(&key);
            return;
        };
        if streams.len() >= STREAMS && !streams.contains_key(&key) {
            streams.clear();
        }
        streams.insert(key, version);
    }

    fn streams(&self) -> MutexGuard<'_, KeyMap<Version>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
