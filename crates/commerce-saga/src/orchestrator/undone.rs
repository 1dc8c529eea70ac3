//! The end of a run of which all is undone.
//!
//! What records it joins the commit that ends the run. An error of it keeps nothing else from being noted: the answer
//! by which the last step was undone would become a dead letter otherwise. It is tried again by timers, as often as a
//! compensation; then the run is stuck. So it is with what conflicts however often it is decided anew.

use commerce_outbox::RetryPolicy;

use super::conflicts::Owner;
use super::run::Run;
use crate::error::StepError;
use crate::instance::{Failure, PhaseRecord, PhaseStatus, SagaStatus};

impl Run<'_> {
    /// Ends the run, unless what records the end has to wait, or was given up. Answers whether there is more to be done
    /// at once.
    pub(super) async fn finish_undone(&mut self) -> Result<bool, StepError> {
        match self.instance.ending.as_ref().map(|ending| (ending.status, ending.due)) {
            Some((PhaseStatus::Failed, _)) => {
                self.instance.status = SagaStatus::Stuck;
                return Ok(false);
            }
            Some((PhaseStatus::Waiting, Some(due))) if due > self.now => return Ok(false),
            Some((PhaseStatus::Skipped, _)) => {}
            _ => {
                if let Some(error) = self.record_undone().await? {
                    return Ok(self.put_off_end(error));
                }
            }
        }
        self.instance.status = SagaStatus::Failed;
        self.instance.ended_at = Some(self.now);
        Ok(false)
    }

    /// Has the saga's own code record that all is undone. Answers what went wrong with it, if that is its own fault.
    async fn record_undone(&mut self) -> Result<Option<StepError>, StepError> {
        if let Some(lost) = self.has_lost(Owner::End) {
            return Ok(Some(lost));
        }
        let failure = self.instance.failure.clone().unwrap_or_else(|| Failure {
            step: String::new(),
            code: "unknown".to_owned(),
            detail: String::new(),
        });
        let wish = self.instance.aborted().cloned();
        let fork = self.scope.fork();
        let mut undone = self.definition.undone(&self.instance.state, failure, wish, fork).await;
        self.note_work(Owner::End, &mut undone);
        let (state, fork) = match undone {
            Ok(undone) => undone,
            Err(error @ StepError::Handle(_)) => return Err(error),
            Err(error) => return Ok(Some(error)),
        };
        self.instance.state = state;
        self.scope.join(fork);
        let now = self.now;
        if let Some(ending) = &mut self.instance.ending {
            ending.attempts += 1;
            ending.end(PhaseStatus::Done, now);
        }
        Ok(None)
    }

    /// Has timers record the end, if that may succeed. Answers whether it is given up.
    fn put_off_end(&mut self, error: StepError) -> bool {
        let (now, host) = (self.now, self.host);
        let ending = self.instance.ending.get_or_insert_with(|| PhaseRecord::begin(now));
        ending.attempts += 1;
        let tries = ending.attempts.saturating_sub(ending.forgiven);
        let wait = RetryPolicy::default().draw_wait_after(tries, host);
        match wait.filter(|_| !matches!(error, StepError::Failed { .. })) {
            Some(wait) => {
                ending.status = PhaseStatus::Waiting;
                ending.due = Some(now.plus(wait));
            }
            None => ending.end(PhaseStatus::Failed, now),
        }
        ending.error = Some(error.told());
        ending.status == PhaseStatus::Failed
    }
}
