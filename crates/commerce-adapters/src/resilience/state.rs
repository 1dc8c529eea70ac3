//! What a breaker knows, and how that changes: no clock, no lock.

use std::time::Duration;

use tokio::time::Instant;

/// A hundred years: a longer time added to now may be more than a clock can tell.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerOptions {
    /// It opens after this many failures in a row; 0 counts as 1. Default: 5.
    pub failures: u32,
    /// For how long it stays open before one call is tried; more than a hundred years count as these. Default: 10 s.
    pub cool_down: Duration,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        Self { failures: 5, cool_down: Duration::from_secs(10) }
    }
}

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CircuitState {
    /// Calls go through.
    Closed,
    /// No call goes through.
    Open,
    /// One call goes through, as a probe.
    HalfOpen,
}

impl CircuitState {
    /// As metrics name it: `closed`, `open`, `half_open`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// What a breaker has seen since it was made, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BreakerStats {
    /// Calls that succeeded.
    pub succeeded: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Calls that were not begun.
    pub rejected: u64,
    /// How often it opened, again after a failed probe included.
    pub opened: u64,
}

/// A call that may go through. Its verdict counts only in the period in which it began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Permit {
    period: u64,
}

#[derive(Debug)]
enum Phase {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen { probing: bool },
}

#[derive(Debug)]
pub(super) struct Circuit {
    options: BreakerOptions,
    phase: Phase,
    /// Grows with each change of phase.
    period: u64,
    stats: BreakerStats,
}

impl Circuit {
    pub(super) fn new(options: BreakerOptions) -> Self {
        let phase = Phase::Closed { failures: 0 };
        let options = BreakerOptions { cool_down: options.cool_down.min(LONGEST), ..options };
        Self { options, phase, period: 0, stats: BreakerStats::default() }
    }

    /// A permit for one call, or for how long there is none.
    pub(super) fn admit(&mut self, now: Instant) -> Result<Permit, Duration> {
        if let Phase::Open { until } = self.phase
            && until <= now
        {
            self.enter(Phase::HalfOpen { probing: false });
        }
        let refused = match &mut self.phase {
            Phase::Closed { .. } => None,
            Phase::Open { until } => Some(until.duration_since(now)),
            Phase::HalfOpen { probing } if *probing => Some(self.options.cool_down),
            Phase::HalfOpen { probing } => {
                *probing = true;
                None
            }
        };
        match refused {
            Some(retry_after) => {
                self.stats.rejected += 1;
                Err(retry_after)
            }
            None => Ok(Permit { period: self.period }),
        }
    }

    pub(super) fn succeeded(&mut self, permit: Permit) {
        self.stats.succeeded += 1;
        if permit.period != self.period {
            return;
        }
        match &mut self.phase {
            Phase::Closed { failures } => *failures = 0,
            Phase::HalfOpen { .. } => self.enter(Phase::Closed { failures: 0 }),
            Phase::Open { .. } => {}
        }
    }

    pub(super) fn failed(&mut self, permit: Permit, now: Instant) {
        self.stats.failed += 1;
        if permit.period != self.period {
            return;
        }
        match &mut self.phase {
            Phase::Closed { failures } => {
                *failures += 1;
                if *failures >= self.options.failures.max(1) {
                    self.open(now);
                }
            }
            Phase::HalfOpen { .. } => self.open(now),
            Phase::Open { .. } => {}
        }
    }

    /// The call was dropped, so no one knows.
    pub(super) fn abandoned(&mut self, permit: Permit) {
        if permit.period == self.period
            && let Phase::HalfOpen { probing } = &mut self.phase
        {
            *probing = false;
        }
    }

    /// Open with its cool-down over is half-open already: the next call is the probe.
    pub(super) fn state(&self, now: Instant) -> CircuitState {
        match self.phase {
            Phase::Closed { .. } => CircuitState::Closed,
            Phase::Open { until } if until > now => CircuitState::Open,
            Phase::Open { .. } | Phase::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }

    /// For how long no call goes through. None when one would, if only as a probe.
    pub(super) fn held_back(&self, now: Instant) -> Option<Duration> {
        match self.phase {
            Phase::Open { until } if until > now => Some(until.duration_since(now)),
            Phase::HalfOpen { probing: true } => Some(self.options.cool_down),
            Phase::Closed { .. } | Phase::Open { .. } | Phase::HalfOpen { .. } => None,
        }
    }

    pub(super) fn stats(&self) -> BreakerStats {
        self.stats
    }

    fn open(&mut self, now: Instant) {
        self.stats.opened += 1;
        self.enter(Phase::Open { until: now + self.options.cool_down });
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.period += 1;
    }
}
