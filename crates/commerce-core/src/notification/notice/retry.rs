//! How often and when it is tried.

use std::time::Duration;

use crate::time::Timestamp;

/// One attempt, and three more.
pub const MAX_ATTEMPTS: u32 = 4;

/// How long an attempt that was begun belongs to whoever began it. A channel must answer within: after it, another
/// worker takes the attempt for lost.
pub const HOLD: Duration = Duration::from_secs(120);

/// When it is tried again after so many failed attempts: in a minute, five, fifteen. `None` after the last.
pub(super) fn next_attempt(failed: u32, now: Timestamp) -> Option<Timestamp> {
    let minutes = match failed {
        1 => 1,
        2 => 5,
        3 => 15,
        _ => return None,
    };
    Some(now.plus(Duration::from_secs(minutes * 60)))
}
