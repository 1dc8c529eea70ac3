use std::fmt;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::commit::NewMessage;
use commerce_core::event::CodecError;
use commerce_outbox::{HandleError, RetryPolicy, Scope};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Version;
use super::builder::SagaBuilder;
use super::panics::{contained, contained_call, contained_in};
use super::step::{Endings, Step, Work};
use crate::error::StepError;
use crate::instance::{Failure, Instance, Note};
use crate::reply::Phase;

/// The definition of a saga over the state `S`.
///
/// ```
/// use commerce_outbox::Message;
/// use commerce_saga::{Saga, Version};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Trip { id: String, city: String }
///
/// #[derive(Serialize, Deserialize)]
/// struct BookHotel { trip: String, city: String }
/// #[derive(Serialize, Deserialize)]
/// struct CancelHotel { trip: String }
/// impl Message for BookHotel {
///     const TOPIC: &'static str = "hotel.commands";
///     const TYPE: &'static str = "hotel.book";
///     fn key(&self) -> String { self.trip.clone() }
/// }
/// impl Message for CancelHotel {
///     const TOPIC: &'static str = "hotel.commands";
///     const TYPE: &'static str = "hotel.cancel";
///     fn key(&self) -> String { self.trip.clone() }
/// }
///
/// let saga = Saga::builder::<Trip>("book-trip", Version(1))
///     .replies_to("trip.replies")
///     .request("hotel", |trip| BookHotel { trip: trip.id.clone(), city: trip.city.clone() })
///         .undo(|trip| CancelHotel { trip: trip.id.clone() })
///     .build()?;
/// assert!(saga.mermaid().contains("hotel"));
/// # Ok::<(), commerce_saga::BuildError>(())
/// ```
pub struct Saga<S> {
    pub(super) name: String,
    pub(super) version: Version,
    replies: Option<String>,
    pub(crate) steps: Vec<Step<S>>,
    pub(super) stages: Vec<Range<usize>>,
    endings: Endings<S>,
    /// The step from which on there is no way back.
    pub(super) decisive: Option<usize>,
}

// Of one type alone, so that `Saga::builder::<State>(…)` names no other.
impl Saga<()> {
    /// Begins a definition. The name is stored with each instance: never change it.
    pub fn builder<T>(name: &str, version: Version) -> SagaBuilder<T>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        SagaBuilder::new(name, version)
    }
}

impl<S: Serialize + DeserializeOwned + Send + Sync + 'static> Saga<S> {
    pub(super) fn new(
        name: String,
        version: Version,
        replies: Option<String>,
        steps: Vec<Step<S>>,
        endings: Endings<S>,
    ) -> Self {
        let mut stages: Vec<Range<usize>> = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            match stages.last_mut() {
                Some(stage) if step.alongside => stage.end = index + 1,
                _ => stages.push(index..index + 1),
            }
        }
        let decisive = steps.iter().position(|step| step.decisive);
        Self { name, version, replies, steps, stages, endings, decisive }
    }
}

impl<S> fmt::Debug for Saga<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<_> = self.steps.iter().map(|step| &step.name).collect();
        f.debug_struct("Saga")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("replies", &self.replies)
            .field("steps", &steps)
            .finish_non_exhaustive()
    }
}

/// A local step takes no longer, whatever is set: one that hangs is to be seen to in the end.
const LONGEST_LOCAL: Duration = Duration::from_secs(600);

/// How a step's phase is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepKind {
    Request,
    Local,
    Call,
}

/// A definition without its type.
#[async_trait]
pub(crate) trait Definition: Send + Sync {
    fn name(&self) -> &str;
    fn version(&self) -> u32;
    fn replies(&self) -> &str;
    fn step_names(&self) -> Vec<String>;
    /// Whether an instance's steps are this definition's.
    fn has_steps_of(&self, instance: &Instance) -> bool;
    /// Why an instance's state can't be read, if it can't.
    fn fault_of(&self, state: &RawValue) -> Option<String>;
    fn stages(&self) -> &[Range<usize>];
    /// How a phase is done; none if the step has no such phase.
    fn kind(&self, step: usize, phase: Phase) -> Option<StepKind>;
    /// Whether something undoes the step: its own compensation, or another's.
    fn has_way_back(&self, step: usize) -> bool;
    fn within(&self, step: usize) -> Duration;
    /// How long one of the step's phases may take that is local.
    fn local_within(&self, step: usize) -> Duration {
        self.within(step).min(LONGEST_LOCAL)
    }
    /// How long the slowest local step may take.
    fn longest_local(&self) -> Duration {
        let is_local = |step: &usize| {
            [Phase::Action, Phase::Undo].iter().any(|phase| self.kind(*step, *phase) == Some(StepKind::Local))
        };
        let steps = 0..self.stages().last().map_or(0, |stage| stage.end);
        steps.filter(is_local).map(|step| self.local_within(step)).max().unwrap_or_default()
    }
    fn retry(&self, step: usize, phase: Phase) -> RetryPolicy;
    /// The step that decides, if one does.
    fn decisive(&self) -> Option<usize>;
    /// The request of a phase, of a run that turns back for this wish, if it does for one.
    fn request(
        &self,
        step: usize,
        phase: Phase,
        state: &RawValue,
        wish: Option<&Note>,
    ) -> Result<NewMessage, StepError>;
    async fn local(
        &self,
        step: usize,
        phase: Phase,
        state: &RawValue,
        scope: Scope,
    ) -> Result<(Box<RawValue>, Scope), StepError>;
    /// What a step's answer changes. A store that failed, a race that was lost, and a state that this program can't
    /// read are no ending; whatever else goes wrong is one.
    async fn then(
        &self,
        step: usize,
        state: &RawValue,
        answer: Box<RawValue>,
        scope: Scope,
    ) -> Result<(Option<Box<RawValue>>, Scope), StepError>;
    /// Does a call. With `again`, it may have been made before: it is verified first.
    async fn call(
        &self,
        step: usize,
        phase: Phase,
        state: &RawValue,
        key: String,
        again: bool,
    ) -> Result<Box<RawValue>, StepError>;
    /// Records that all is undone: because of a failure, or of a wish. What is an error of the saga's own is told from
    /// others as for [`then`](Self::then).
    async fn undone(
        &self,
        state: &RawValue,
        failure: Failure,
        wish: Option<Note>,
        scope: Scope,
    ) -> Result<(Box<RawValue>, Scope), StepError>;
    fn mermaid(&self) -> String;
}

impl<S: Serialize + DeserializeOwned> Saga<S> {
    fn work(&self, step: usize, phase: Phase) -> Option<&Work<S>> {
        let step = self.steps.get(step)?;
        match phase {
            Phase::Action => Some(&step.action),
            Phase::Undo => step.undo.as_ref(),
        }
    }
}

fn read<S: DeserializeOwned>(state: &RawValue) -> Result<S, StepError> {
    serde_json::from_str(state.get())
        .map_err(|error| HandleError::terminal(format!("the saga's state can't be read: {error}")).into())
}

fn write<S: Serialize>(state: &S) -> Result<Box<RawValue>, StepError> {
    serde_json::value::to_raw_value(state).map_err(|error| CodecError::Encode(error.to_string()).into())
}

fn no_such_work() -> StepError {
    HandleError::new(commerce_core::error::Kind::Bug, "the step has no such phase").into()
}

#[async_trait]
impl<S: Serialize + DeserializeOwned + Send + Sync + 'static> Definition for Saga<S> {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> u32 {
        self.version.0
    }

    fn replies(&self) -> &str {
        self.replies.as_deref().unwrap_or_default()
    }

    fn step_names(&self) -> Vec<String> {
        self.steps.iter().map(|step| step.name.clone()).collect()
    }

    fn has_steps_of(&self, instance: &Instance) -> bool {
        let names = self.steps.iter().map(|step| &step.name);
        names.eq(instance.steps.iter().map(|record| &record.name))
    }

    fn fault_of(&self, state: &RawValue) -> Option<String> {
        serde_json::from_str::<S>(state.get()).err().map(|error| error.to_string())
    }

    fn stages(&self) -> &[Range<usize>] {
        &self.stages
    }

    fn kind(&self, step: usize, phase: Phase) -> Option<StepKind> {
        Some(match self.work(step, phase)? {
            Work::Request(_) => StepKind::Request,
            Work::Local(_) => StepKind::Local,
            Work::Call { .. } => StepKind::Call,
        })
    }

    fn has_way_back(&self, step: usize) -> bool {
        self.steps.get(step).is_some_and(|step| step.undo.is_some() || step.undone_with.is_some())
    }

    fn within(&self, step: usize) -> Duration {
        self.steps.get(step).map_or(Duration::from_secs(30), |step| step.within)
    }

    fn retry(&self, step: usize, phase: Phase) -> RetryPolicy {
        let to_the_end = self.decisive.is_some_and(|decisive| step >= decisive);
        match (self.steps.get(step), phase) {
            (Some(step), Phase::Action) if !to_the_end => step.retry,
            (Some(step), _) => step.undo_retry,
            (None, _) => RetryPolicy::default(),
        }
    }

    fn decisive(&self) -> Option<usize> {
        self.decisive
    }

    fn request(
        &self,
        step: usize,
        phase: Phase,
        state: &RawValue,
        wish: Option<&Note>,
    ) -> Result<NewMessage, StepError> {
        match self.work(step, phase) {
            Some(Work::Request(ask)) => {
                let state = read(state)?;
                contained_in(|| Ok(ask(&state, wish)?)).map_err(StepError::blamed)
            }
            _ => Err(no_such_work()),
        }
    }

    async fn local(
        &self,
        step: usize,
        phase: Phase,
        state: &RawValue,
        scope: Scope,
    ) -> Result<(Box<RawValue>, Scope), StepError> {
        let Some(Work::Local(run)) = self.work(step, phase) else { return Err(no_such_work()) };
        let state = read(state)?;
        let (state, scope) = contained(async { run(state, scope).await }).await.map_err(StepError::blamed)?;
        Ok((write(&state).map_err(StepError::blamed)?, scope))
    }

    async fn then(
        &self,
        step: usize,
        state: &RawValue,
        answer: Box<RawValue>,
        scope: Scope,
    ) -> Result<(Option<Box<RawValue>>, Scope), StepError> {
        let Some(then) = self.steps.get(step).and_then(|step| step.then.as_ref()) else {
            return Ok((None, scope));
        };
        let state = read(state)?;
        let (state, scope) =
            contained(async { then(state, answer, scope).await }).await.map_err(StepError::blamed)?;
        Ok((Some(write(&state).map_err(StepError::blamed)?), scope))
    }

    async fn call(
        &self,
        step: usize,
        phase: Phase,
        state: &RawValue,
        key: String,
        again: bool,
    ) -> Result<Box<RawValue>, StepError> {
        let Some(Work::Call { call, verify }) = self.work(step, phase) else { return Err(no_such_work()) };
        if again
            && let Some(verify) = verify
            && let Some(answer) = contained_call(async { verify(read(state)?, key.clone()).await }).await?
        {
            return Ok(answer);
        }
        contained_call(async { call(read(state)?, key).await }).await
    }

    async fn undone(
        &self,
        state: &RawValue,
        failure: Failure,
        wish: Option<Note>,
        scope: Scope,
    ) -> Result<(Box<RawValue>, Scope), StepError> {
        let undone = match (&self.endings, wish) {
            (Endings { aborted: Some(aborted), .. }, Some(wish)) => {
                let state = read(state)?;
                contained(async { aborted(state, wish, scope).await }).await
            }
            (Endings { undone: Some(undone), .. }, _) => {
                let state = read(state)?;
                contained(async { undone(state, failure, scope).await }).await
            }
            _ => return Ok((state.to_owned(), scope)),
        };
        let (state, scope) = undone.map_err(StepError::blamed)?;
        Ok((write(&state).map_err(StepError::blamed)?, scope))
    }

    fn mermaid(&self) -> String {
        Saga::mermaid(self)
    }
}
