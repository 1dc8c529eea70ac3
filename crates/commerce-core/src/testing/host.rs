//! A host whose clock and ids are the same in every run.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use uuid::Uuid;

use crate::host::Host;
use crate::id;
use crate::time::Timestamp;

/// 2026-01-01T12:00:00Z.
const START: i64 = 1_767_268_800_000_000;

/// A clock that stands at 2026-01-01T12:00:00Z until it is moved, and ids that count: the same in every run.
///
/// Two hosts give the same ids: what shares a store shares a host.
#[derive(Debug)]
pub struct TestHost {
    now: AtomicI64,
    ids: AtomicU32,
}

impl TestHost {
    /// A host at its first moment, which has given no id yet.
    pub fn new() -> Self {
        Self { now: AtomicI64::new(START), ids: AtomicU32::new(0) }
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let later = |now| Some(Timestamp::from_micros(now).plus(by).as_micros());
        // The closure always answers, so the update can't be refused.
        let _ = self.now.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }
}

impl Default for TestHost {
    fn default() -> Self {
        Self::new()
    }
}

impl Host for TestHost {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> Uuid {
        let mut bytes = [0; 10];
        // Bytes that hold neither the version, nor the variant, nor the ordinal of a derived id.
        bytes[4..8].copy_from_slice(&self.ids.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        id::v7(self.now(), &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_rise_and_are_the_same_in_every_run() {
        let (one, other) = (TestHost::new(), TestHost::new());
        let ids: Vec<_> = (0..1_000).map(|_| one.new_id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_eq!(ids, (0..1_000).map(|_| other.new_id()).collect::<Vec<_>>());
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id::derive(*id, 0) == *id));
    }

    #[test]
    fn the_clock_moves_only_when_it_is_told_to() {
        let host = TestHost::new();
        assert_eq!(host.now().to_string(), "2026-01-01T12:00:00Z");
        host.advance(Duration::from_secs(90));
        assert_eq!(host.now().to_string(), "2026-01-01T12:01:30Z");
    }
}
