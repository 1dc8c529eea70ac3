//! How many requests a client may make: counters.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

/// A hundred years: a longer time added to now may be more than a clock can tell.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// So many in so long a time, at once or spread over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// So many; at 0 each is refused.
    pub requests: u32,
    /// In so long a time. More than a hundred years count as these; in no time at all, there is no limit.
    pub per: Duration,
}

impl Quota {
    /// So many a minute.
    pub const fn per_minute(requests: u32) -> Self {
        Self { requests, per: Duration::from_secs(60) }
    }

    /// The time in which the whole quota comes back.
    pub(crate) fn whole(self) -> Duration {
        self.per.min(LONGEST)
    }

    /// How long one request's share of the time is.
    pub(crate) fn interval(self) -> Duration {
        self.whole() / self.requests.max(1)
    }
}

/// Counts requests: in memory, or somewhere that several processes share.
#[async_trait]
pub trait Quotas: Send + Sync + 'static {
    /// Counts one request against a client's quota.
    ///
    /// # Errors
    /// After how long the client may come again. A counter that can't be reached lets requests through.
    async fn take(&self, client: &str, quota: Quota) -> Result<(), Duration>;
}

/// Counts in this process, by the generic cell rate algorithm (ITU-T I.371): a client that has used its quota up gets
/// one request more as each share of the time passes.
#[derive(Clone, Default)]
pub struct MemoryQuotas {
    /// With, for each client, the moment at which it will have its whole quota again.
    clients: Arc<Mutex<Clients>>,
}

struct Clients {
    full_at: HashMap<String, Instant>,
    /// At so many, those with a whole quota are forgotten.
    sweep_at: usize,
}

/// So many clients are remembered before those with a whole quota are forgotten.
const MANY: usize = 10_000;

impl Default for Clients {
    fn default() -> Self {
        Self { full_at: HashMap::new(), sweep_at: MANY }
    }
}

impl Clients {
    /// Twice as many as are left must come before the next sweep, so that a crowd doesn't cost a sweep for each request.
    fn sweep(&mut self, now: Instant) {
        self.full_at.retain(|_, full| *full > now);
        self.sweep_at = MANY.max(2 * self.full_at.len());
    }
}

#[async_trait]
impl Quotas for MemoryQuotas {
    async fn take(&self, client: &str, quota: Quota) -> Result<(), Duration> {
        self.take_at(client, quota, Instant::now())
    }
}

impl MemoryQuotas {
    fn take_at(&self, client: &str, quota: Quota, now: Instant) -> Result<(), Duration> {
        if quota.requests == 0 {
            return Err(quota.whole());
        }
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let full = clients.full_at.get(client).copied().unwrap_or(now).max(now);
        let after_this = full + quota.interval();
        let latest = now + quota.whole();
        if after_this > latest {
            return Err(after_this - latest);
        }
        if clients.full_at.len() >= clients.sweep_at {
            clients.sweep(now);
        }
        clients.full_at.insert(client.to_owned(), after_this);
        Ok(())
    }
}

impl fmt::Debug for MemoryQuotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryQuotas").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_can_be_used_at_once_and_comes_back_bit_by_bit() {
        let quotas = MemoryQuotas::default();
        let (quota, now) = (Quota::per_minute(3), Instant::now());
        for _ in 0..3 {
            assert_eq!(quotas.take_at("a", quota, now), Ok(()));
        }
        let wait = quotas.take_at("a", quota, now).unwrap_err();
        assert_eq!(wait, Duration::from_secs(20));
        assert_eq!(quotas.take_at("b", quota, now), Ok(()), "another client has its own");
        assert_eq!(quotas.take_at("a", quota, now + wait), Ok(()));
        assert!(quotas.take_at("a", quota, now + wait).is_err());
    }

    #[test]
    fn a_quota_of_none_lets_none_through() {
        let quotas = MemoryQuotas::default();
        for _ in 0..2 {
            assert_eq!(
                quotas.take_at("a", Quota::per_minute(0), Instant::now()),
                Err(Duration::from_secs(60))
            );
        }
    }

    #[test]
    fn a_quota_may_never_come_back() {
        let quotas = MemoryQuotas::default();
        let (quota, now) = (Quota { requests: 2, per: Duration::MAX }, Instant::now());
        for later in [0, 1] {
            assert_eq!(quotas.take_at("a", quota, now + Duration::from_secs(later)), Ok(()));
        }
        assert!(quotas.take_at("a", quota, now + Duration::from_secs(2)).is_err());
    }

    #[test]
    fn clients_with_a_whole_quota_are_forgotten() {
        let quotas = MemoryQuotas::default();
        let (quota, now) = (Quota::per_minute(60), Instant::now());
        for client in 0..MANY {
            assert_eq!(quotas.take_at(&client.to_string(), quota, now), Ok(()));
        }
        assert_eq!(quotas.take_at("late", quota, now + Duration::from_secs(61)), Ok(()));
        assert_eq!(quotas.clients.lock().unwrap().full_at.len(), 1);
    }
}
