use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::event::CodecError;
use commerce_outbox::{Message, RetryPolicy, Scope};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Version;
use super::saga::Saga;
use super::step::{Aborted, Endings, Step, Undone, Work};
use crate::error::{StepError, UNREADABLE};
use crate::instance::{Failure, Note};

/// Why a definition makes no sense. Its author is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// It has no steps.
    #[error("saga {0} has no steps")]
    NoSteps(String),
    /// Its name, or that of a step, is empty or holds a slash, which separates names where they are stored.
    #[error("a saga or step can't be named {0:?}: a name is not empty and holds no slash")]
    Name(String),
    /// Two of its steps share a name.
    #[error("saga {saga} has two steps named {step}")]
    DuplicateStep {
        /// The saga.
        saga: String,
        /// The name.
        step: String,
    },
    /// Something was said of a step before there was one, or of one that it makes no sense for.
    #[error("saga {saga}: {said} must follow {after}")]
    Misplaced {
        /// The saga.
        saga: String,
        /// What was said.
        said: &'static str,
        /// What it must follow.
        after: &'static str,
    },
    /// Something was said twice that counts once: the first would have been forgotten.
    #[error("saga {saga}: {said} was said twice of one {of}")]
    Twice {
        /// The saga.
        saga: String,
        /// What was said.
        said: &'static str,
        /// Of what: a step, or the saga.
        of: &'static str,
    },
    /// It awaits replies and does not say where.
    #[error("saga {0} makes requests, but does not say to which topic replies go")]
    NoReplyTopic(String),
}

/// Says, step by step, what a saga does. `undo`, `then`, `reply_within` and the like speak of the step before them.
pub struct SagaBuilder<S> {
    name: String,
    version: Version,
    replies: Option<String>,
    steps: Vec<Step<S>>,
    endings: Endings<S>,
    misplaced: Option<(&'static str, &'static str)>,
    twice: Option<(&'static str, &'static str)>,
}

impl<S: Serialize + DeserializeOwned + Send + Sync + 'static> SagaBuilder<S> {
    pub(super) fn new(name: &str, version: Version) -> Self {
        Self {
            name: name.to_owned(),
            version,
            replies: None,
            steps: Vec::new(),
            endings: Endings { undone: None, aborted: None },
            misplaced: None,
            twice: None,
        }
    }

    /// The topic that participants reply to.
    pub fn replies_to(mut self, topic: &str) -> Self {
        if self.replies.replace(topic.to_owned()).is_some() {
            self.twice = Some(("replies_to", "saga"));
        }
        self
    }

    /// A step that asks another service by message, and awaits its reply. The request is made of the state alone, so
    /// that it can be made again after a crash.
    pub fn request<M: Message>(mut self, name: &str, ask: fn(&S) -> M) -> Self {
        let work = Work::Request(Box::new(move |state, _| ask(state).to_message()));
        self.steps.push(Step::new(name, work));
        self
    }

    /// A step that changes the saga's own service: what it writes joins the saga's commit.
    pub fn local<F, Fut>(mut self, name: &str, run: F) -> Self
    where
        F: Fn(S, Scope) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(S, Scope), StepError>> + Send + 'static,
    {
        self.steps
            .push(Step::new(name, Work::Local(Box::new(move |state, scope| Box::pin(run(state, scope))))));
        self
    }

    /// A step that does something outside, under an idempotency key that is the same at each attempt, and no other run's.
    /// Its result is what [`then`](Self::then) is given.
    pub fn call<R, F, Fut>(mut self, name: &str, call: F) -> Self
    where
        R: Serialize + 'static,
        F: Fn(S, String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, StepError>> + Send + 'static,
    {
        self.steps.push(Step::new(name, Work::Call { call: erase(call), verify: None }));
        self
    }

    /// Asks whether a call under that key had its effect, before it is made again.
    pub fn verify<R, F, Fut>(mut self, verify: F) -> Self
    where
        R: Serialize + 'static,
        F: Fn(S, String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<R>, StepError>> + Send + 'static,
    {
        let verify = Arc::new(verify);
        match self.steps.last_mut().map(|step| &mut step.action) {
            Some(Work::Call { verify: slot, .. }) => {
                let before = slot.replace(Box::new(move |state, key| {
                    let verify = verify.clone();
                    Box::pin(async move { verify(state, key).await?.map(|result| raw(&result)).transpose() })
                }));
                if before.is_some() {
                    self.twice = Some(("verify", "step"));
                }
            }
            _ => self.misplaced = Some(("verify", "a call")),
        }
        self
    }

    /// What the answer changes: in the state, and in the saga's own service. It joins the commit that notes the answer.
    ///
    /// An error of it is a failed attempt at the step, but for a [`HandleError`](commerce_outbox::HandleError) of a store that is
    /// out of reach: that goes back to whoever carries the run on, so say [`StepError::transient`] of what is not the store's. If it says that it may succeed later, or that nothing is known,
    /// the step is tried again by its own policy: a request's participant answers as before, a call is verified or made
    /// again under its key. If it has failed for certain, or the answer can't be read as `R`, or the attempts are used
    /// up, the step has failed and what it did is undone, as its own work is there. A local step and what follows it
    /// are one: neither lasts if either fails.
    pub fn then<R, F, Fut>(self, then: F) -> Self
    where
        R: DeserializeOwned + Send + 'static,
        F: Fn(S, R, Scope) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(S, Scope), StepError>> + Send + 'static,
    {
        let then = Arc::new(then);
        self.once("then", |step| step.then.is_some()).last("then", "a step", move |step| {
            step.then = Some(Box::new(move |state, answer, scope| {
                let then = then.clone();
                Box::pin(async move {
                    let answer: R = serde_json::from_str(answer.get()).map_err(|error| {
                        StepError::failed(UNREADABLE, format!("the reply can't be read: {error}"))
                    })?;
                    then(state, answer, scope).await
                })
            }));
        })
    }

    /// How the step is undone: by asking the service again.
    pub fn undo<M: Message>(self, ask: fn(&S) -> M) -> Self {
        self.undone_by("undo", Work::Request(Box::new(move |state, _| ask(state).to_message())))
    }

    /// As [`undo`](Self::undo), for a service that is to be told why: it is given the wish of whoever had the run
    /// [aborted](crate::Orchestrator::abort). None, if a step has failed.
    pub fn undo_because<M: Message>(self, ask: fn(&S, Option<&Note>) -> M) -> Self {
        let ask = Box::new(move |state: &S, wish: Option<&Note>| ask(state, wish).to_message());
        self.undone_by("undo_because", Work::Request(ask))
    }

    /// How the step is undone: within the saga's own service.
    pub fn undo_local<F, Fut>(self, run: F) -> Self
    where
        F: Fn(S, Scope) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(S, Scope), StepError>> + Send + 'static,
    {
        self.undone_by("undo_local", Work::Local(Box::new(move |state, scope| Box::pin(run(state, scope)))))
    }

    /// How the step is undone: outside, under an idempotency key of its own.
    pub fn undo_call<R, F, Fut>(self, call: F) -> Self
    where
        R: Serialize + 'static,
        F: Fn(S, String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, StepError>> + Send + 'static,
    {
        self.undone_by("undo_call", Work::Call { call: erase(call), verify: None })
    }

    /// Undoing that step, which comes before this one, undoes this one as well: what it has done, and what it may still
    /// do. It has no compensation of its own, and a run can be [aborted](crate::Orchestrator::abort) while it is under
    /// way.
    pub fn undone_with(mut self, step: &str) -> Self {
        let before = self.steps.split_last().map_or(&[][..], |(_, before)| before);
        if !before.iter().any(|before| before.name == step && before.undo.is_some()) {
            self.misplaced = Some(("undone_with", "the step it names, which has a compensation"));
        }
        let step = step.to_owned();
        self.last("undone_with", "a step", move |last| last.undone_with = Some(step))
    }

    /// How long to wait for an answer, to the action and to its compensation; so long a local step may take, but ten
    /// minutes at most. 30 s unless set.
    ///
    /// A local step that follows a reply and is not done within ten seconds, or a third of the time in which that reply is
    /// to come, is begun anew by [`run_timers`](crate::Orchestrator::run_timers) right after, and has its whole time there.
    /// So has one that follows other local steps without a wait, and is not done within 50 s of when they began.
    pub fn reply_within(self, within: Duration) -> Self {
        self.last("reply_within", "a step", |step| step.within = within)
    }

    /// How often to try the action. Three times unless set.
    pub fn retry(self, policy: RetryPolicy) -> Self {
        self.last("retry", "a step", |step| step.retry = policy)
    }

    /// How often to try the compensation before an operator is needed. Eight times unless set.
    pub fn undo_retry(self, policy: RetryPolicy) -> Self {
        self.last("undo_retry", "a step", |step| step.undo_retry = policy)
    }

    /// The step is done at the same time as the one before it.
    pub fn alongside(mut self) -> Self {
        if self.steps.len() < 2 {
            self.misplaced = Some(("alongside", "the second of two steps"));
        }
        self.last("alongside", "a step", |step| step.alongside = true)
    }

    /// The step decides. If it fails for certain, what was done before it is undone, as ever. From the moment it may
    /// have had its effect there is no way back: it and the steps after it are tried as often as a compensation
    /// ([`undo_retry`](Self::undo_retry)), and one that can't be done leaves the saga stuck until an operator has it
    /// tried again, or skips it. A participant's answer that it has failed for certain is remembered, and given again:
    /// after this step, participants had better answer "not now".
    pub fn decisive(mut self) -> Self {
        if self.steps.iter().any(|step| step.decisive) {
            self.misplaced = Some(("decisive", "one step alone"));
        }
        self.last("decisive", "a step", |step| step.decisive = true)
    }

    /// What the failure changes in the saga's own service, once all is undone. It joins the commit that ends the saga.
    /// If it can't be done it is tried eight times in all, unless it has failed for certain; then the saga is stuck,
    /// until an operator has it tried again, or skips it.
    pub fn when_undone<F, Fut>(mut self, run: F) -> Self
    where
        F: Fn(S, Failure, Scope) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(S, Scope), StepError>> + Send + 'static,
    {
        let run: Undone<S> = Box::new(move |state, failure, scope| Box::pin(run(state, failure, scope)));
        if self.endings.undone.replace(run).is_some() {
            self.twice = Some(("when_undone", "saga"));
        }
        self
    }

    /// What the wish changes in the saga's own service, once all is undone because a run was
    /// [aborted](crate::Orchestrator::abort). It joins the commit that ends the saga. Unless it is said,
    /// [`when_undone`](Self::when_undone) is told of a failure with the code `aborted`.
    pub fn when_aborted<F, Fut>(mut self, run: F) -> Self
    where
        F: Fn(S, Note, Scope) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(S, Scope), StepError>> + Send + 'static,
    {
        let run: Aborted<S> = Box::new(move |state, wish, scope| Box::pin(run(state, wish, scope)));
        if self.endings.aborted.replace(run).is_some() {
            self.twice = Some(("when_aborted", "saga"));
        }
        self
    }

    fn undone_by(self, said: &'static str, work: Work<S>) -> Self {
        self.once(said, |step| step.undo.is_some()).last(said, "a step", move |step| step.undo = Some(work))
    }

    fn once(mut self, said: &'static str, is_said: fn(&Step<S>) -> bool) -> Self {
        if self.steps.last().is_some_and(is_said) {
            self.twice = Some((said, "step"));
        }
        self
    }

    fn last(mut self, said: &'static str, after: &'static str, change: impl FnOnce(&mut Step<S>)) -> Self {
        match self.steps.last_mut() {
            Some(step) => change(step),
            None => self.misplaced = Some((said, after)),
        }
        self
    }

    /// The definition.
    ///
    /// # Errors
    /// When it makes no sense; see [`BuildError`].
    pub fn build(self) -> Result<Saga<S>, BuildError> {
        let saga = self.name;
        if let Some((said, after)) = self.misplaced {
            return Err(BuildError::Misplaced { saga, said, after });
        }
        if let Some((said, of)) = self.twice {
            return Err(BuildError::Twice { saga, said, of });
        }
        if self.steps.is_empty() {
            return Err(BuildError::NoSteps(saga));
        }
        let mut names: Vec<&str> = self.steps.iter().map(|step| &*step.name).collect();
        if let Some(name) = names.iter().chain([&&*saga]).find(|name| name.is_empty() || name.contains('/')) {
            return Err(BuildError::Name((*name).to_owned()));
        }
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(BuildError::DuplicateStep { saga, step: pair[0].to_owned() });
        }
        let in_company = |pair: &[Step<S>]| pair[1].alongside && (pair[0].decisive || pair[1].decisive);
        if self.steps.windows(2).any(in_company) {
            return Err(BuildError::Misplaced {
                saga,
                said: "decisive",
                after: "a step with none alongside",
            });
        }
        let asks = |step: &Step<S>| {
            matches!(step.action, Work::Request(_)) || matches!(step.undo, Some(Work::Request(_)))
        };
        if self.replies.is_none() && self.steps.iter().any(asks) {
            return Err(BuildError::NoReplyTopic(saga));
        }
        Ok(Saga::new(saga, self.version, self.replies, self.steps, self.endings))
    }
}

impl<S> fmt::Debug for SagaBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<_> = self.steps.iter().map(|step| &step.name).collect();
        f.debug_struct("SagaBuilder")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("replies", &self.replies)
            .field("steps", &steps)
            .finish_non_exhaustive()
    }
}

fn erase<S, R, F, Fut>(call: F) -> super::step::Call<S>
where
    S: Send + 'static,
    R: Serialize + 'static,
    F: Fn(S, String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, StepError>> + Send + 'static,
{
    let call = Arc::new(call);
    Box::new(move |state, key| {
        let call = call.clone();
        Box::pin(async move {
            let result = call(state, key).await?;
            raw(&result)
        })
    })
}

fn raw(value: &impl Serialize) -> Result<Box<RawValue>, StepError> {
    serde_json::value::to_raw_value(value)
        .map_err(|error| StepError::from(CodecError::Encode(error.to_string())))
}
