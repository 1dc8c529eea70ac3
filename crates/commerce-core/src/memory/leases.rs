use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use crate::store::Lease;
use crate::time::Timestamp;

/// Every lease there ever was: one that was given back is kept for its token.
#[derive(Default)]
pub(super) struct Leases(HashMap<String, Held>);

struct Held {
    /// None since it was given back.
    holder: Option<Uuid>,
    token: u64,
    expires_at: Timestamp,
}

impl Held {
    fn may_be_taken_by(&self, holder: Uuid, now: Timestamp) -> bool {
        self.holder.is_none_or(|current| current == holder) || self.expires_at <= now
    }
}

impl Leases {
    pub(super) fn acquire(
        &mut self,
        name: &str,
        holder: Uuid,
        duration: Duration,
        now: Timestamp,
    ) -> Option<Lease> {
        let held = self.0.entry(name.to_owned()).or_insert(Held { holder: None, token: 0, expires_at: now });
        if !held.may_be_taken_by(holder, now) {
            return None;
        }
        if held.holder != Some(holder) {
            held.holder = Some(holder);
            held.token += 1;
        }
        held.expires_at = now.plus(duration);
        Some(Lease { name: name.to_owned(), token: held.token, expires_at: held.expires_at })
    }

    pub(super) fn release(&mut self, lease: &Lease) {
        if let Some(held) = self.0.get_mut(&lease.name)
            && held.token == lease.token
        {
            held.holder = None;
        }
    }

    /// Whether no one has taken it since, and it was not given back. One that has expired may still be held: until
    /// another takes it, its holder is the only one there is.
    pub(super) fn is_held(&self, lease: &Lease) -> bool {
        self.0.get(&lease.name).is_some_and(|held| held.holder.is_some() && held.token == lease.token)
    }
}
