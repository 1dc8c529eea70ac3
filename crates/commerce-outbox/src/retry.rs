use std::time::Duration;

use commerce_core::Host;

/// When to try again: after exponentially longer waits, each drawn at random between nothing and its bound ("full
/// jitter", AWS Architecture Blog, M. Brooker 2015), so that many who failed together don't return together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// So many attempts in all.
    pub attempts: u32,
    /// The bound of the first wait. It doubles with each attempt.
    pub first_wait: Duration,
    /// The bound never grows beyond this.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    /// Eight attempts within about half a minute.
    fn default() -> Self {
        Self { attempts: 8, first_wait: Duration::from_millis(200), longest_wait: Duration::from_secs(30) }
    }
}

impl RetryPolicy {
    /// This many attempts, with the usual waits.
    pub fn attempts(attempts: u32) -> Self {
        Self { attempts, ..Self::default() }
    }

    /// How long to wait after `made` attempts have failed, or nothing if there is none left. `chance` is uniform over
    /// all of `u32`.
    ///
    /// ```
    /// use commerce_outbox::RetryPolicy;
    /// use std::time::Duration;
    ///
    /// let policy = RetryPolicy { attempts: 3, first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(60) };
    /// assert_eq!(policy.wait_after(1, u32::MAX), Some(Duration::from_secs(1)));
    /// assert_eq!(policy.wait_after(2, u32::MAX), Some(Duration::from_secs(2)));
    /// assert_eq!(policy.wait_after(3, u32::MAX), None);
    /// ```
    pub fn wait_after(&self, made: u32, chance: u32) -> Option<Duration> {
        if made >= self.attempts {
            return None;
        }
        let doubled = 2_u32.saturating_pow(made.saturating_sub(1));
        let bound = self.first_wait.saturating_mul(doubled).min(self.longest_wait);
        Some(bound.mul_f64(f64::from(chance) / f64::from(u32::MAX)))
    }

    /// The same, with a chance of the host's: for the crates of this workspace.
    #[doc(hidden)]
    pub fn draw_wait_after(&self, made: u32, host: &dyn Host) -> Option<Duration> {
        self.wait_after(made, chance(host))
    }

    /// How long to wait once more for something that has been waited for so long: the bound is as long again, within those of
    /// the first and the longest wait.
    pub(crate) fn wait_again(&self, waited: Duration, chance: u32) -> Duration {
        let bound = waited.max(self.first_wait).min(self.longest_wait);
        bound.mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }
}

/// A number from all of `u32`. Of a new id only the sixteen bits before its ordinal are sure to be random: those before
/// them may count, so that ids of one moment rise.
#[allow(clippy::cast_possible_truncation)] // what is cut off is not random
pub(crate) fn chance(host: &dyn Host) -> u32 {
    u32::from((host.new_id().as_u128() >> 16) as u16) * 0x0001_0001
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::SystemHost;

    #[test]
    fn chance_comes_from_all_of_its_range() {
        let rolls: Vec<u32> = (0..1_000).map(|_| chance(&SystemHost)).collect();
        for quarter in 0..4 {
            let found = rolls.iter().filter(|roll| **roll >> 30 == quarter).count();
            assert!((150..350).contains(&found), "{found} of 1,000 in quarter {quarter}");
        }
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let policy = RetryPolicy { attempts: 40, ..RetryPolicy::default() };
        let bounds: Vec<_> = (1..40).filter_map(|made| policy.wait_after(made, u32::MAX)).collect();
        assert!(bounds.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(bounds.last(), Some(&policy.longest_wait));
    }

    #[test]
    fn chance_spreads_over_the_whole_wait() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.wait_after(1, 0), Some(Duration::ZERO));
        assert!(policy.wait_after(1, u32::MAX / 2).unwrap() < policy.first_wait);
    }
}
