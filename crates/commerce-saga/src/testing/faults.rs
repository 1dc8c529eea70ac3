use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::definition::{Definition, Saga, Step, StepKind, Work};
use crate::error::StepError;
use crate::reply::{Phase, Reply};

/// The code of every failure that was made on purpose.
pub const INJECTED: &str = "injected";

/// What happens to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It fails for certain, and is not done.
    Fail,
    /// It is not done, and may succeed later.
    Transient,
    /// It is never asked: no answer comes.
    LoseRequest,
    /// It is done, and the answer is lost.
    LoseReply,
    /// Its request is held back until its compensation was asked for. Of actions that are requests.
    Overtake,
}

/// Where which fault strikes, and how often.
#[derive(Clone, Debug)]
pub struct Strike {
    /// The step.
    pub step: String,
    /// Its action or its compensation.
    pub phase: Phase,
    /// What happens.
    pub fault: Fault,
    /// The first so many attempts. Those after go well.
    pub times: u32,
}

/// What goes wrong. Cloned handles share it.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    strikes: Vec<(Strike, u32)>,
    repeat: bool,
    steps: HashMap<String, Vec<StepPlan>>,
}

/// What can go wrong at a step.
#[derive(Clone, Debug)]
pub(super) struct StepPlan {
    pub(super) name: String,
    pub(super) action: StepKind,
    pub(super) undo: Option<StepKind>,
    pub(super) place: Place,
}

/// On which side of the step that decides a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    Decisive,
    After,
}

impl Faults {
    /// Has a fault strike.
    pub fn strike(&self, step: &str, phase: Phase, fault: Fault, times: u32) {
        self.inner().strikes.push((Strike { step: step.to_owned(), phase, fault, times }, 0));
    }

    /// Has every saga request delivered a second time, under another message id.
    pub fn repeat_requests(&self) {
        self.inner().repeat = true;
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        let mut inner = self.inner();
        inner.strikes.clear();
        inner.repeat = false;
    }

    /// Those that have never struck.
    pub fn missed(&self) -> Vec<Strike> {
        self.inner().strikes.iter().filter(|(_, hits)| *hits == 0).map(|(strike, _)| strike.clone()).collect()
    }

    pub(super) fn repeats(&self) -> bool {
        self.inner().repeat
    }

    /// What strikes this attempt, among the faults that can.
    pub(super) fn hit(&self, step: &str, phase: Phase, can: &[Fault]) -> Option<Fault> {
        let mut inner = self.inner();
        let (strike, hits) = inner.strikes.iter_mut().find(|(strike, hits)| {
            strike.step == step
                && strike.phase == phase
                && *hits < strike.times
                && can.contains(&strike.fault)
        })?;
        *hits += 1;
        Some(strike.fault)
    }

    pub(super) fn steps(&self, saga: &str) -> Vec<StepPlan> {
        self.inner().steps.get(saga).cloned().unwrap_or_default()
    }

    /// Has faults strike at the saga's local steps and calls too, which no bus sees.
    pub fn install<S>(&self, mut saga: Saga<S>) -> Saga<S>
    where
        S: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let steps: Vec<Step<S>> = std::mem::take(&mut saga.steps);
        let mut plans = Vec::new();
        let mut place = Place::Before;
        for step in steps {
            let name: Arc<str> = step.name.as_str().into();
            place = match place {
                Place::Before if step.decisive => Place::Decisive,
                Place::Before => Place::Before,
                Place::Decisive | Place::After => Place::After,
            };
            plans.push(StepPlan {
                place,
                name: step.name.clone(),
                action: kind(&step.action),
                undo: step.undo.as_ref().map(kind),
            });
            let action = self.sabotage(step.action, &name, Phase::Action);
            let undo = step.undo.map(|work| self.sabotage(work, &name, Phase::Undo));
            saga.steps.push(Step { action, undo, ..step });
        }
        self.inner().steps.insert(Definition::name(&saga).to_owned(), plans);
        saga
    }

    fn sabotage<S: Send + 'static>(&self, work: Work<S>, step: &Arc<str>, phase: Phase) -> Work<S> {
        let (faults, step) = (self.clone(), step.clone());
        match work {
            Work::Request(ask) => Work::Request(ask),
            Work::Local(run) => Work::Local(Box::new(move |state, scope| {
                match faults.hit(&step, phase, &[Fault::Fail, Fault::Transient]) {
                    Some(fault) => Box::pin(std::future::ready(Err(fault.error()))),
                    None => run(state, scope),
                }
            })),
            Work::Call { call, verify } => Work::Call {
                call: Box::new(move |state, key| {
                    let can = [Fault::Fail, Fault::Transient, Fault::LoseRequest, Fault::LoseReply];
                    match faults.hit(&step, phase, &can) {
                        None => call(state, key),
                        Some(Fault::LoseRequest) => Box::pin(std::future::pending()),
                        Some(Fault::LoseReply) => {
                            let work = call(state, key);
                            Box::pin(async move {
                                let _ = work.await;
                                std::future::pending().await
                            })
                        }
                        Some(fault) => Box::pin(std::future::ready(Err(fault.error()))),
                    }
                }),
                verify,
            },
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn error(self) -> StepError {
        match self {
            Self::Transient => StepError::transient(INJECTED, "made to fail for now"),
            _ => StepError::failed(INJECTED, "made to fail"),
        }
    }

    pub(super) fn reply(self) -> Reply {
        match self {
            Self::Transient => Reply::transient(INJECTED, "made to fail for now"),
            _ => Reply::failed(INJECTED, "made to fail"),
        }
    }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {} of {}", self.fault, self.phase.as_str(), self.step)
    }
}

fn kind<S>(work: &Work<S>) -> StepKind {
    match work {
        Work::Request(_) => StepKind::Request,
        Work::Local(_) => StepKind::Local,
        Work::Call { .. } => StepKind::Call,
    }
}
