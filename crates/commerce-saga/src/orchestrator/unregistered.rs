//! Answers to runs whose definition this program does not know, or whose state it can't read.
//!
//! While a new version is rolled out, its runs' answers come to programs that know it and to those that don't. One that
//! doesn't can't take an answer in, nor should it keep it: an answer that is held is tried by whichever member of the group
//! does the retries, perhaps never by one that knows the version, and once it is dead it parks the run's key. So the answer
//! is let go, in the commit that notes that its step is to be asked again: only a program that knows the definition can ask,
//! and the participant answers as before. What other answers of the run come meanwhile does not matter, since each is about
//! its own step; that is also why this one is not sent again, to come after them.

use std::time::Duration;

use commerce_core::Timestamp;
use commerce_outbox::{HandleError, Handled, Scope};
use tracing::warn;

use super::{Found, Orchestrator};
use crate::error::SagaError;
use crate::instance::{Instance, LetGo, PhaseRecord, PhaseStatus};
use crate::reply::Phase;

/// How long to wait before it is asked again. It doubles with each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Counted from the first answer that was let go. A roll-out that takes longer is none: the answer fails as any other message then, for an operator to see.
const LONGEST_ROLL_OUT: Duration = Duration::from_secs(24 * 60 * 60);

impl Orchestrator {
    /// Lets an answer go, and has its step asked again.
    pub(super) async fn have_asked_again(
        &self,
        unknown: SagaError,
        found: Found,
        (step, phase): (&str, Phase),
        scope: Scope,
    ) -> Result<Handled, HandleError> {
        let Found { mut instance, version } = found;
        let now = self.now().await?;
        // What is not awaited will be asked again by itself, or is known.
        let Some(record) = instance.awaited(step, phase) else { return Ok(scope.finish()) };
        if record.let_go.is_some_and(|let_go| now.since(let_go.since) > LONGEST_ROLL_OUT) {
            return Err(unknown.into());
        }
        record.ask_again(now, &unknown);
        instance.set_wake(false);
        let Instance { saga, id, tenant, .. } = &instance;
        warn!(saga, id, %tenant, step, error = %unknown, "an answer is let go, to be asked for again by a program that knows the saga");
        self.write(&instance, (version, instance.status), scope).await?;
        Ok(Handled::Committed)
    }
}

impl Instance {
    fn awaited(&mut self, step: &str, phase: Phase) -> Option<&mut PhaseRecord> {
        let step = self.steps.iter_mut().find(|record| record.name == step)?;
        let record = match phase {
            Phase::Action => step.action.as_mut(),
            Phase::Undo => step.undo.as_mut(),
        };
        record.filter(|record| record.status == PhaseStatus::Running)
    }
}

impl PhaseRecord {
    /// This attempt does not count: it was answered.
    fn ask_again(&mut self, now: Timestamp, why: &SagaError) {
        let LetGo { since, times } = self.let_go.unwrap_or(LetGo { since: now, times: 0 });
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(times)).min(LONGEST_WAIT);
        self.let_go = Some(LetGo { since, times: times.saturating_add(1) });
        self.status = PhaseStatus::Waiting;
        self.forgiven = self.forgiven.saturating_add(1);
        self.due = Some(now.plus(wait));
        self.error = Some(("unregistered".to_owned(), why.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wait_is_short_whatever_an_operator_has_forgiven() {
        let now = Timestamp::from_micros(0);
        let unknown = SagaError::Unregistered { name: "trip".to_owned(), version: 2 };
        let mut record = PhaseRecord { attempts: 8, forgiven: 8, ..PhaseRecord::begin(now) };
        record.ask_again(now, &unknown);
        assert_eq!(record.due, Some(now.plus(FIRST_WAIT)));
        record.ask_again(now, &unknown);
        assert_eq!(record.due, Some(now.plus(FIRST_WAIT * 2)));
    }
}
