//! Calls: what is done outside, on tasks of its own.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::error::Kind;
use commerce_core::store::StoreError;
use tokio::time::Instant;
use tracing::{Instrument, warn};

use super::run::{Run, StartedCall};
use super::settle::Ending;
use super::{Input, Orchestrator, RACES};
use crate::definition::Definition;
use crate::error::{SagaError, StepError};
use crate::instance::Instance;
use crate::key::idempotency_key;

/// How long a result first waits for a store that is out of reach. The wait doubles.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// So often it waits: about a minute and a half in all. After that the call is verified, as after a crash.
const WAITS: u32 = 10;
/// So much longer than its worker anyone else takes a call to be under way: a worker that is busy is a little late to end
/// it, and clocks don't run quite alike.
const LATE: Duration = Duration::from_secs(1);

impl Orchestrator {
    /// Says until when calls that are about to begin may be under way.
    ///
    /// A call that is given up may be undone at once, so it must have ended by then wherever it was made. Its worker ends it
    /// once its time has passed since before the store was asked what time it is, by a clock that can't be set; all others
    /// wait for as long by the store's clock since it answered.
    pub(super) async fn set_limits(&self, run: &mut Run<'_>) -> Result<(), StoreError> {
        if run.calls.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let now = self.ask_now().await?;
        for mut call in std::mem::take(&mut run.calls) {
            call.begun = begun;
            if let Some(record) = run.record(call.step, call.phase) {
                record.due = Some(now.plus(call.within.saturating_add(LATE)));
            }
            run.calls.push(call);
        }
        Ok(())
    }

    /// Makes a call on a task of its own, which timers wait for when they are shut down. If this process dies, a timer
    /// makes it again.
    pub(super) fn start_call(&self, definition: Arc<dyn Definition>, instance: &Instance, call: StartedCall) {
        let (this, instance) = (self.clone(), instance.clone());
        let StartedCall { step, phase, attempt, within, begun, span } = call;
        let work = async move {
            let Instance { tenant, saga, id, .. } = &instance;
            let key = idempotency_key(tenant, saga, id, &instance.steps[step].name, phase);
            let work = definition.call(step, phase, &instance.state, key, attempt > 1);
            let result = tokio::select! {
                // It makes no step more once its time is over, nor a first one.
                biased;
                () = tokio::time::sleep(within.saturating_sub(begun.elapsed())) => {
                    Err(StepError::Unknown(format!("no answer within {within:?}")))
                }
                result = work => result,
            };
            let ending = Ending::called(result);
            let note =
                || this.note_call(&instance, Input::Called { step, phase, attempt, ending: ending.clone() });
            if let Err(error) = patiently(note).await {
                warn!(saga = instance.saga, id = instance.id, %error, "a call's result could not be noted; it will be verified");
            }
        };
        self.shared.calls.spawn(work.instrument(span));
    }

    /// Until no call is under way, and no reply that one may follow. More may begin meanwhile.
    pub(super) async fn calls_ended(&self) {
        self.shared.calls.close();
        self.shared.calls.wait().await;
    }

    async fn note_call(&self, instance: &Instance, input: Input) -> Result<(), SagaError> {
        match self.find(&instance.tenant, &instance.saga, &instance.id).await? {
            // An operator has given it up.
            Some(found) if found.instance.status.is_final() => Ok(()),
            Some(found) => self.carry_on(found, input, self.scope(instance)).await,
            None => Ok(()),
        }
    }
}

/// Tries again what lost a race, and waits for a store that is out of reach.
async fn patiently<F>(mut work: impl FnMut() -> F) -> Result<(), SagaError>
where
    F: Future<Output = Result<(), SagaError>>,
{
    let (mut races, mut waits) = (0, 0);
    loop {
        match work().await {
            Err(error) if error.kind() == Kind::Conflict && races < RACES => races += 1,
            Err(error) if error.kind() == Kind::Retryable && waits < WAITS => {
                tokio::time::sleep(FIRST_WAIT * 2_u32.pow(waits)).await;
                waits += 1;
            }
            result => return result,
        }
    }
}
