//! Calls: what is done outside, on tasks of its own.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::error::Kind;
use tracing::{Instrument, warn};

use super::run::StartedCall;
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

impl Orchestrator {
    /// Makes a call on a task of its own. If this process dies, a timer makes it again.
    pub(super) fn start_call(&self, definition: Arc<dyn Definition>, instance: &Instance, call: StartedCall) {
        let (this, instance) = (self.clone(), instance.clone());
        let StartedCall { step, phase, attempt, within, span } = call;
        let work = async move {
            let Instance { tenant, saga, id, .. } = &instance;
            let key = idempotency_key(tenant, saga, id, &instance.steps[step].name, phase);
            let work = definition.call(step, phase, &instance.state, key, attempt > 1);
            let result = match tokio::time::timeout(within, work).await {
                Ok(result) => result,
                Err(_) => Err(StepError::Unknown(format!("no answer within {within:?}"))),
            };
            let ending = Ending::called(result);
            let note =
                || this.note_call(&instance, Input::Called { step, phase, attempt, ending: ending.clone() });
            if let Err(error) = patiently(note).await {
                warn!(saga = instance.saga, id = instance.id, %error, "a call's result could not be noted; it will be verified");
            }
        };
        tokio::spawn(work.instrument(span));
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
