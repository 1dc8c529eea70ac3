//! When a group is looked at before it is written.
//!
//! That something should be new needs no look: where it is not, writing it is a unique violation. Nor does a stream whose
//! latest events this process has written (see [`super::heads`]). Wherever anything fails, nothing is written; the group is
//! looked at as a whole and written again, and whoever is at fault gets an exact answer. As this costs a second attempt, and a
//! line in the server's log, all groups that follow are looked at first, until for a long time nothing has failed.
//!
//! Documents and claims can go away. What a younger transaction took away while this one was under way would be taken for new,
//! and its end lie in the log behind the beginning that follows it. So they leave their row until no one is left who began
//! before they went (see `migrations/0004_gone_for_a_while.sql`).

use std::sync::atomic::{AtomicU32, Ordering};

/// For so many groups after something has failed, everything is looked at.
const GROUPS: u32 = 256;

/// How many groups more are looked at.
#[derive(Default)]
pub(super) struct Caution(AtomicU32);

impl Caution {
    pub(super) fn is_needed(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// A group was written, but for what may have failed; it comes as a surprise unless the group was looked at for it.
    pub(super) fn written(&self, surprised: bool) {
        let next = |left: u32| if surprised { Some(GROUPS) } else { left.checked_sub(1) };
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }
}
