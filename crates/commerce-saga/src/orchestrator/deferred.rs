use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use commerce_core::Timestamp;
use commerce_core::id::Tenant;
use commerce_core::store::Document;

/// How long an instance that could not be carried on is left alone. It doubles with each failure.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// An instance's document.
pub(super) type Name = (Tenant, String);

/// Due instances that can't be carried on here: their definition is not registered, their state can't be read, their
/// code panics or hangs, what records their end meets a conflict. They are left alone for a while, so that they neither fill the log nor stand before the others.
///
/// Kept in memory alone: another process may well be able to carry them on, at once.
#[derive(Default)]
pub(super) struct Deferred(Mutex<HashMap<Name, Deferral>>);

struct Deferral {
    version: u64,
    failures: u32,
    until: Timestamp,
}

impl Deferred {
    pub(super) fn len(&self) -> usize {
        self.all().len()
    }

    /// Those that are to be looked at now. A deferral that was not found again has ended.
    pub(super) fn sift(&self, found: Vec<Document>, now: Timestamp) -> Vec<Document> {
        let mut all = self.all();
        let mut kept = HashMap::new();
        let due = found.into_iter().filter(|document| {
            let Some(deferral) = all.remove(&name(document)) else { return true };
            // It has changed since: what stood in its way may be gone.
            let same = deferral.version == document.version;
            let waits = same && deferral.until > now;
            if same {
                kept.insert(name(document), deferral);
            }
            !waits
        });
        let due = due.collect();
        *all = kept;
        due
    }

    pub(super) fn add(&self, document: &Document, now: Timestamp) {
        let mut all = self.all();
        let failures = all.get(&name(document)).map_or(0, |deferral| deferral.failures);
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_WAIT);
        let deferral = Deferral {
            version: document.version,
            failures: failures.saturating_add(1),
            until: now.plus(wait),
        };
        all.insert(name(document), deferral);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Name, Deferral>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn name(document: &Document) -> Name {
    (document.tenant.clone(), document.id.clone())
}
