//! What is tried: a pure plan, from the steps of a saga and the number of its writes.

use std::fmt;
use std::ops::RangeInclusive;

use super::faults::{Fault, Place, StepPlan, Strike};
use super::store::Moment;
use crate::definition::StepKind;
use crate::reply::Phase;

/// Attempts of a compensation, or of a step that must be done, that are made to go wrong: fewer than it has.
const UNDO_FAILS: u32 = 2;

/// The write that waited for a wish is followed by so many that are around it: the wish itself, and what follows first.
const AROUND: u64 = 2;

/// One run of the saga, and what goes wrong in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Case {
    pub(super) strikes: Vec<Strike>,
    pub(super) repeat: bool,
    pub(super) crash: Option<(u64, Moment)>,
    /// Someone has it turn back before this write.
    pub(super) abort: Option<u64>,
    /// How it must end, unless it has turned back at someone's word.
    pub(super) expected: Expected,
}

/// How a run must end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Expected {
    #[default]
    Done,
    /// All undone, and this step is the one that failed.
    UndoneBy(String),
    /// Either: the answer that is lost may be found out.
    Either(String),
    /// Neither, and an operator is needed: this step can't be done, and there is no way back.
    StuckAt(String),
}

impl Case {
    pub(super) fn failing(step: &StepPlan, fault: Fault) -> Self {
        let name = step.name.clone();
        let strike = Strike { step: name.clone(), phase: Phase::Action, fault, times: u32::MAX };
        let may_be_found_out = fault == Fault::LoseReply && step.action == StepKind::Call;
        let expected = if may_be_found_out { Expected::Either(name) } else { Expected::UndoneBy(name) };
        Self { strikes: vec![strike], expected, ..Self::default() }
    }

    /// What must come of a fault at a step, by where it stands.
    fn at(step: &StepPlan, fault: Fault) -> Self {
        match (step.place, fault) {
            (Place::Before, _) | (Place::Decisive, Fault::Fail) => Self::failing(step, fault),
            (Place::After, Fault::Fail) => {
                Self { expected: Expected::StuckAt(step.name.clone()), ..Self::failing(step, fault) }
            }
            _ => {
                let strike =
                    Strike { step: step.name.clone(), phase: Phase::Action, fault, times: UNDO_FAILS };
                Self { strikes: vec![strike], ..Self::default() }
            }
        }
    }

    fn repeated(mut self) -> Self {
        self.repeat = true;
        self
    }

    fn undo_struck(mut self, step: &StepPlan, fault: Fault) -> Self {
        self.strikes.push(Strike { step: step.name.clone(), phase: Phase::Undo, fault, times: UNDO_FAILS });
        self
    }

    /// The same, with someone having it turn back before one write after the other.
    pub(super) fn aborted(&self, writes: u64) -> impl Iterator<Item = Self> + use<> {
        let case = self.clone();
        (1..=writes).map(move |write| Self { abort: Some(write), ..case.clone() })
    }

    /// The same, with the writes around each wish that was granted going wrong: before which write it was, of how many. After
    /// the last one all do: there is most to undo.
    pub(super) fn crashing_when_aborted(&self, granted: &[(u64, u64)]) -> Vec<Self> {
        let last = granted.iter().map(|(at, _)| *at).max();
        let crashing = granted.iter().flat_map(|(at, writes)| {
            let end = if Some(*at) == last { *writes } else { (*writes).min(at + AROUND) };
            Self { abort: Some(*at), ..self.clone() }.crashing(*at..=end)
        });
        crashing.collect()
    }

    /// The same, with one write after the other going wrong in each way.
    pub(super) fn crashing(&self, writes: RangeInclusive<u64>) -> impl Iterator<Item = Self> + use<> {
        let case = self.clone();
        let moments = [Moment::Before, Moment::After, Moment::AnswerLost];
        writes.flat_map(move |write| {
            let case = case.clone();
            moments.map(|moment| Self { crash: Some((write, moment)), ..case.clone() })
        })
    }
}

/// Faults at every step, each request twice, and compensations that need more than one try.
pub(super) fn faulty(steps: &[StepPlan], skip: impl Fn(&str, Fault) -> bool) -> Vec<Case> {
    let mut cases = vec![Case::default().repeated()];
    for step in steps {
        for fault in possible(step) {
            if !skip(&step.name, fault) {
                let case = Case::at(step, fault);
                cases.push(case.clone().repeated());
                cases.push(case);
            }
        }
    }
    let Some((last, before)) = undoable(steps).split_last() else { return cases };
    let failing = Case::failing(last, Fault::Fail);
    for step in before {
        let faults: &[Fault] = match step.undo {
            Some(StepKind::Local) => &[Fault::Transient],
            Some(_) => &[Fault::Transient, Fault::LoseRequest, Fault::LoseReply],
            None => &[],
        };
        cases.extend(faults.iter().map(|fault| failing.clone().undo_struck(step, *fault).repeated()));
    }
    cases
}

/// The steps whose failure leads back.
pub(super) fn undoable(steps: &[StepPlan]) -> &[StepPlan] {
    let end = steps.iter().position(|step| step.place == Place::After);
    &steps[..end.unwrap_or(steps.len())]
}

fn possible(step: &StepPlan) -> Vec<Fault> {
    let mut faults = vec![Fault::Fail, Fault::Transient];
    if step.action != StepKind::Local {
        faults.extend([Fault::LoseRequest, Fault::LoseReply]);
    }
    if step.action == StepKind::Request && step.undo == Some(StepKind::Request) {
        faults.push(Fault::Overtake);
    }
    faults
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self.strikes.iter().map(ToString::to_string).collect();
        if self.repeat {
            parts.push("every request twice".to_owned());
        }
        if let Some(write) = self.abort {
            parts.push(format!("turned back before write {write}"));
        }
        match self.crash {
            Some((write, Moment::Before)) => parts.push(format!("crash before write {write}")),
            Some((write, Moment::After)) => parts.push(format!("crash after write {write}")),
            Some((write, Moment::AnswerLost)) => parts.push(format!("answer to write {write} lost")),
            None => {}
        }
        if parts.is_empty() {
            parts.push("nothing goes wrong".to_owned());
        }
        f.write_str(&parts.join(", "))
    }
}
