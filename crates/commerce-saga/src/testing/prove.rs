use std::fmt;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::cases::{self, Case};
use super::faults::Fault;
use super::run::{self, Ran};
use super::trial::Trial;
use crate::instance::SagaStatus;

/// How long and how broadly is tried.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// A run that takes longer is unfinished: longer than all attempts at a step with their waits. Ten minutes unless
    /// set, by tokio's clock.
    pub limit: Duration,
    /// How long after its end a run is still watched for late effects.
    pub drain: Duration,
    /// So many runs at a time.
    pub parallel: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { limit: Duration::from_secs(600), drain: Duration::from_secs(3), parallel: 8 }
    }
}

/// What was tried, and what came of it.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Report {
    /// So many runs in all.
    pub runs: usize,
    /// So many completed.
    pub completed: usize,
    /// So many were undone.
    pub undone: usize,
    /// So many were stuck where they must be: a step after the one that decides could not be done.
    pub stuck: usize,
    /// So many turned back because someone wished it. They were undone.
    pub aborted: usize,
    /// So many crashed, or lost the answer to a write, on their way.
    pub crashed: usize,
    /// What ended in any other way than it must: what was tried, and what was found.
    pub broken: Vec<(String, String)>,
}

/// Proves a saga: runs it once for every way in which it can go wrong, and checks that all is done or all undone.
///
/// # Panics
/// When a run ends in any other way. The message tells each such run with its timeline.
pub async fn prove<T: Trial>(trial: &T) -> Report {
    let report = examine(trial, Options::default()).await;
    assert!(report.broken.is_empty(), "{report}");
    report
}

/// As [`prove`], with options, and without a verdict.
pub async fn examine<T: Trial>(trial: &T, options: Options) -> Report {
    let mut report = Report::default();
    let good = Case::default();
    let Some(ran) = report.run(trial, good.clone(), &options).await else { return report };
    let steps = ran.faults.steps(trial.run().0);
    let Some(last) = cases::undoable(&steps).last() else {
        report
            .broken
            .push((good.to_string(), "its definition was not registered by Process::faulty".to_owned()));
        return report;
    };
    let failing = Case::failing(last, Fault::Fail);
    let mut cases = cases::faulty(&steps, |step, fault| trial.skip(step, fault));
    cases.extend(good.crashing(1..=ran.writes));
    let mut aborts: Vec<Case> = good.aborted(ran.writes).collect();
    if let Some(ran) = report.run(trial, failing.clone(), &options).await {
        cases.extend(failing.crashing(1..=ran.writes));
        aborts.extend(failing.aborted(ran.writes));
    }
    // What was refused, or asked of a run that fails, is a run that crashes above.
    let granted = |(case, ran): (Case, Ran)| {
        (ran.aborted && case.strikes.is_empty()).then_some((case.abort?, ran.writes))
    };
    let aborted = report.run_all(trial, aborts, &options).await;
    let granted: Vec<_> = aborted.into_iter().filter_map(granted).collect();
    cases.extend(good.crashing_when_aborted(&granted));
    report.run_all(trial, cases, &options).await;
    report
}

impl Report {
    async fn run<T: Trial>(&mut self, trial: &T, case: Case, options: &Options) -> Option<Ran> {
        let result = run::run(trial, &case, options).await;
        self.note(&case, &result);
        result.ok()
    }

    /// Answers what came of those that ended as they must.
    async fn run_all<T: Trial>(
        &mut self,
        trial: &T,
        cases: Vec<Case>,
        options: &Options,
    ) -> Vec<(Case, Ran)> {
        let mut ended = Vec::new();
        let runs = stream::iter(cases).map(|case| async move {
            let result = Box::pin(run::run(trial, &case, options)).await;
            (case, result)
        });
        let mut runs = runs.buffer_unordered(options.parallel.max(1));
        while let Some((case, result)) = runs.next().await {
            self.note(&case, &result);
            ended.extend(result.ok().map(|ran| (case, ran)));
        }
        ended
    }

    fn note(&mut self, case: &Case, result: &Result<Ran, String>) {
        self.runs += 1;
        match result {
            Ok(ran) => {
                self.completed += usize::from(ran.status == SagaStatus::Completed);
                self.undone += usize::from(ran.status == SagaStatus::Failed);
                self.stuck += usize::from(ran.status == SagaStatus::Stuck);
                self.aborted += usize::from(ran.aborted);
                self.crashed += usize::from(ran.struck);
            }
            Err(found) => self.broken.push((case.to_string(), found.clone())),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, completed, undone, stuck, aborted, crashed, broken } = self;
        write!(
            f,
            "{runs} runs: {completed} completed, {undone} undone ({aborted} of them at someone's word), {stuck} rightly stuck, {} none of these; {crashed} with a crash or a lost answer",
            broken.len()
        )?;
        for (case, found) in broken {
            write!(f, "\n\n{case}: {found}")?;
        }
        Ok(())
    }
}
