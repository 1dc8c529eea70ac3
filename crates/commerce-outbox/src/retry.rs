use std::time::Duration;

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
}

#[cfg(test)]
mod tests {
    use super::*;

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
