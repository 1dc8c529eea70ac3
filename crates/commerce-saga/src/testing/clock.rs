use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use commerce_core::{Host, Timestamp, id};
use tokio::time::Instant;
use uuid::Uuid;

/// 2026-01-01T12:00:00Z.
const START: i64 = 1_767_268_800_000_000;

/// A clock that runs with tokio's. Where that is paused (`#[tokio::test(start_paused = true)]`), half a minute of
/// waiting for an answer takes no time. Ids count.
#[derive(Debug)]
pub struct FlowingHost {
    began: Instant,
    /// Microseconds.
    ahead: AtomicU64,
    ids: AtomicU32,
}

impl FlowingHost {
    /// A host at 2026-01-01T12:00:00Z, which has given no id yet. To be made within a tokio runtime.
    pub fn new() -> Self {
        Self { began: Instant::now(), ahead: AtomicU64::new(0), ids: AtomicU32::new(0) }
    }

    /// Moves the clock on, beyond what passes by itself: leases of the dead run out.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(u64::try_from(by.as_micros()).unwrap_or(0), Ordering::SeqCst);
    }
}

impl Default for FlowingHost {
    fn default() -> Self {
        Self::new()
    }
}

impl Host for FlowingHost {
    fn now(&self) -> Timestamp {
        let ahead = Duration::from_micros(self.ahead.load(Ordering::SeqCst));
        Timestamp::from_micros(START).plus(self.began.elapsed()).plus(ahead)
    }

    fn new_id(&self) -> Uuid {
        let mut bytes = [0; 10];
        // Bytes that hold neither the version, nor the variant, nor the ordinal of a derived id.
        bytes[4..8].copy_from_slice(&self.ids.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        id::v7(self.now(), &bytes)
    }
}
