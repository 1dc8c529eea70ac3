//! The breaker: the circuit behind a lock, with tokio's clock.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use super::state::{Circuit, Permit};
use super::{BreakerOptions, BreakerStats, CallError, CircuitState};

/// Keeps calls from a service that fails, until it may have recovered. Clones share one circuit; have one for each
/// service that can fail by itself.
///
/// ```
/// # use commerce_adapters::resilience::{BreakerOptions, CallError, CircuitBreaker};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let breaker = CircuitBreaker::new(BreakerOptions { failures: 2, ..BreakerOptions::default() });
/// for _ in 0..2 {
///     let failed = breaker.call(|| async { Err::<(), _>("no route to host") }).await;
///     assert_eq!(failed, Err(CallError::Failed("no route to host")));
/// }
/// let refused = breaker.call(|| async { Ok::<_, &str>("not reached") }).await;
/// assert!(matches!(refused, Err(CallError::Open { .. })));
/// # }
/// ```
#[derive(Clone)]
pub struct CircuitBreaker {
    circuit: Arc<Mutex<Circuit>>,
    name: Option<&'static str>,
}

impl CircuitBreaker {
    /// A closed breaker.
    pub fn new(options: BreakerOptions) -> Self {
        Self { circuit: Arc::new(Mutex::new(Circuit::new(options))), name: None }
    }

    /// Tells where it stands in the figure `circuit_state`, under this name: 1 for the state it is in, 0 for the others. It
    /// is told at each call, as that is when it moves: one that is open and not asked stays open there.
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self.tell();
        self
    }

    /// Makes the call, unless the circuit is open. Each `Err` of it is a failure of the service: an answer that says
    /// no, such as a declined card, is no failure, so let the call return it as `Ok`.
    ///
    /// A caller that gives up drops the call, and a dropped call counts as neither. Put a deadline inside the call, so
    /// that silence counts as a failure.
    ///
    /// # Errors
    /// [`CallError::Open`] when the call was not begun; [`CallError::Failed`] with the call's own error.
    pub async fn call<T, E, F>(&self, call: impl FnOnce() -> F) -> Result<T, CallError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let admitted = self.circuit().admit(Instant::now());
        let permit = admitted.map_err(|retry_after| CallError::Open { retry_after })?;
        self.tell();
        let mut under_way = UnderWay { breaker: self, permit: Some(permit) };
        let answer = call().await;
        under_way.end(answer.is_ok());
        self.tell();
        answer.map_err(CallError::Failed)
    }

    /// Where it stands.
    pub fn state(&self) -> CircuitState {
        self.circuit().state(Instant::now())
    }

    /// For how long no call is begun. None when one would be, if only as a probe.
    pub fn held_back(&self) -> Option<Duration> {
        self.circuit().held_back(Instant::now())
    }

    /// What it has seen, for metrics.
    pub fn stats(&self) -> BreakerStats {
        self.circuit().stats()
    }

    fn tell(&self) {
        let Some(name) = self.name else { return };
        let current = self.state();
        for state in [CircuitState::Closed, CircuitState::HalfOpen, CircuitState::Open] {
            let is = if state == current { 1.0 } else { 0.0 };
            metrics::gauge!("circuit_state", "circuit" => name, "state" => state.as_str()).set(is);
        }
    }

    /// Says when it opens and when it is closed again. That a probe has failed is nothing new.
    fn log(&self, before: CircuitState, after: CircuitState) {
        let circuit = self.name.unwrap_or("unnamed");
        match (before, after) {
            (CircuitState::Closed, CircuitState::Open) => {
                warn!(
                    circuit,
                    "too many calls failed: none is made until one that is tried now and then succeeds"
                );
            }
            (CircuitState::HalfOpen, CircuitState::Closed) => info!(circuit, "calls are made again"),
            _ => {}
        }
    }

    /// The circuit is whole after each of its methods, so a panic elsewhere leaves nothing half done.
    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self::new(BreakerOptions::default())
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker").field("state", &self.state()).finish_non_exhaustive()
    }
}

/// A call that has begun. Dropped without an end, it gives its place back.
struct UnderWay<'a> {
    breaker: &'a CircuitBreaker,
    permit: Option<Permit>,
}

impl UnderWay<'_> {
    fn end(&mut self, succeeded: bool) {
        let Some(permit) = self.permit.take() else { return };
        let now = Instant::now();
        let mut circuit = self.breaker.circuit();
        let before = circuit.state(now);
        if succeeded {
            circuit.succeeded(permit)
        } else {
            circuit.failed(permit, now)
        }
        let after = circuit.state(now);
        drop(circuit);
        self.breaker.log(before, after);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.breaker.circuit().abandoned(permit);
        }
    }
}
