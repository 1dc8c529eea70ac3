//! Turning a run back with which nothing has gone wrong, at someone's word.
//!
//! What was asked and has not answered is not waited for: it counts as a step whose answer was lost, and is undone with
//! the others. A call alone is awaited, since nothing keeps one that is under way from having its effect after it was
//! undone. The wish is a note of the instance, written in the transition that turns it back: whoever carries the instance
//! on from then on carries it back, and a transition that was decided before meets a version that has passed.

use commerce_core::Context;
use commerce_core::id::Tenant;
use commerce_outbox::Scope;
use tracing::Instrument;

use super::observe::StepEnd;
use super::operate::after_races;
use super::run::Run;
use super::{Input, Orchestrator, handle_error, observe};
use crate::definition::{Definition, StepKind};
use crate::error::SagaError;
use crate::instance::{ABORTED, Failure, Instance, Note, PhaseStatus, SagaStatus};
use crate::reply::Phase;

impl Orchestrator {
    /// Has a run turn back: what it has done, and may have done, is undone in reverse, as after a step that failed. It ends
    /// as [`SagaStatus::Failed`], by [`when_aborted`](crate::SagaBuilder::when_aborted). One that is turning back at
    /// someone's word, or has done so, stays as it is: the first reason stands.
    ///
    /// Once this has answered, the run completes no more. An instance that is paused turns back when it is resumed.
    ///
    /// # Errors
    /// When there is no such instance; when it has ended, is stuck, or turns back since a step has failed
    /// ([`SagaError::WrongStatus`]); when there is no way back any more ([`SagaError::NoWayBack`]): the step that decides
    /// was begun, or one is under way that nothing undoes; when the store fails.
    pub async fn abort(
        &self,
        tenant: &Tenant,
        saga: &str,
        id: &str,
        actor: &str,
        reason: &str,
    ) -> Result<(), SagaError> {
        after_races(|| self.try_abort(tenant, saga, id, actor, reason)).await
    }

    /// The same within the commit of whoever wishes it, on behalf of the scope's actor: the wish is durable once that is
    /// committed. If the run goes on meanwhile, the commit meets a conflict, and is to be decided anew.
    ///
    /// ```
    /// # use commerce_core::Host;
    /// # use commerce_core::commit::Commit;
    /// # use commerce_core::id::Tenant;
    /// # use commerce_core::memory::MemoryStore;
    /// # use commerce_outbox::{Message, Scope, SystemHost};
    /// # use commerce_saga::{Orchestrator, Saga, SagaStatus, Version};
    /// # use serde::{Deserialize, Serialize};
    /// # use std::sync::Arc;
    /// # #[derive(Serialize, Deserialize)]
    /// # struct Book(String);
    /// # impl Message for Book {
    /// #     const TOPIC: &'static str = "hotel";
    /// #     const TYPE: &'static str = "hotel.book";
    /// #     fn key(&self) -> String { self.0.clone() }
    /// # }
    /// # #[derive(Serialize, Deserialize)]
    /// # struct Cancel(String);
    /// # impl Message for Cancel {
    /// #     const TOPIC: &'static str = "hotel";
    /// #     const TYPE: &'static str = "hotel.cancel";
    /// #     fn key(&self) -> String { self.0.clone() }
    /// # }
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let saga = Saga::builder::<String>("stay", Version(1))
    ///     .replies_to("replies")
    ///     .request("hotel", |id| Book(id.clone()))
    ///         .undo(|id| Cancel(id.clone()))
    ///     .build()?;
    /// # let host: Arc<dyn Host> = Arc::new(SystemHost);
    /// # let store: Arc<dyn commerce_core::store::Store> = Arc::new(MemoryStore::new(host.clone()));
    /// let orchestrator = Orchestrator::new(store.clone(), host.clone()).register(saga);
    /// # let scope = || Scope::new(host.context(), store.clone(), Commit::new());
    /// let mut scope_of_booking = scope();
    /// orchestrator.begin("stay", "1", &"1".to_owned(), &mut scope_of_booking).await?;
    /// store.commit(scope_of_booking.into_commit()).await?;
    ///
    /// // The guest thinks better of it before the hotel has answered.
    /// let mut scope_of_wish = scope();
    /// orchestrator.abort_within("stay", "1", "no holidays", &mut scope_of_wish).await?;
    /// store.commit(scope_of_wish.into_commit()).await?;
    ///
    /// let instance = orchestrator.instance(&Tenant::default(), "stay", "1").await?;
    /// assert_eq!(instance.status, SagaStatus::Compensating);
    /// assert_eq!(instance.aborted().unwrap().reason, "no holidays");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`abort`](Self::abort). The scope is as it was.
    pub async fn abort_within(
        &self,
        saga: &str,
        id: &str,
        reason: &str,
        scope: &mut Scope,
    ) -> Result<(), SagaError> {
        let context = scope.context().clone();
        let found = self.found(context.tenant(), saga, id).await?;
        let definition = self.definition_of(&found.instance)?;
        if found.instance.turns_back_already(&*definition)? {
            return Ok(());
        }
        let wish = Input::Abort(wish(&context, context.actor(), reason));
        let now = self.now().await?;
        let mut run = Run::resume(&*definition, found.instance, scope.fork(), &*self.shared.host, now);
        run.take(wish).await.map_err(handle_error)?;
        run.leave_calls_to_timers();
        let (instance, fork, sequel) = run.end(false);
        sequel.count(saga, id);
        observe::count_abort(saga);
        let write = instance.write(found.version)?;
        scope.join(fork);
        scope.write(|commit| commit.document(write));
        Ok(())
    }

    async fn try_abort(
        &self,
        tenant: &Tenant,
        saga: &str,
        id: &str,
        actor: &str,
        reason: &str,
    ) -> Result<(), SagaError> {
        let found = self.found(tenant, saga, id).await?;
        if found.instance.turns_back_already(&*self.definition_of(&found.instance)?)? {
            return Ok(());
        }
        let scope = self.scope(&found.instance);
        let wish = Input::Abort(wish(scope.context(), actor, reason));
        let span = observe::woken(&found.instance, ABORTED);
        self.carry_on(found, wish, scope).instrument(span).await?;
        observe::count_abort(saga);
        Ok(())
    }
}

fn wish(context: &Context, actor: &str, reason: &str) -> Note {
    Note { at: context.now(), actor: actor.to_owned(), action: ABORTED.to_owned(), reason: reason.to_owned() }
}

impl Instance {
    /// Whether it is, or was, undone at someone's word. An error if it neither was nor can be.
    fn turns_back_already(&self, definition: &dyn Definition) -> Result<bool, SagaError> {
        if self.aborted().is_some() && self.status != SagaStatus::Abandoned {
            return Ok(true);
        }
        let status = match self.status {
            // Of steps that are done at the same time one has failed, and the others are still awaited.
            SagaStatus::Running if self.failure.is_some() => SagaStatus::Compensating,
            // Paused before the end was noted.
            SagaStatus::Running if self.is_all_done() => SagaStatus::Completed,
            status => status,
        };
        if status != SagaStatus::Running {
            let (id, status) = (self.id.clone(), status.as_str());
            return Err(SagaError::WrongStatus { id, status, asked: ABORTED });
        }
        match self.point_of_no_return(definition) {
            Some(step) => Err(SagaError::NoWayBack { id: self.id.clone(), step: step.to_owned() }),
            None => Ok(false),
        }
    }

    fn is_all_done(&self) -> bool {
        let is_done = |status| matches!(status, PhaseStatus::Done | PhaseStatus::Skipped);
        self.steps.iter().all(|step| step.action.as_ref().is_some_and(|action| is_done(action.status)))
    }

    /// The step that decides, once it was begun; or one that is under way outside and that nothing undoes.
    fn point_of_no_return(&self, definition: &dyn Definition) -> Option<&str> {
        let mut steps = self.steps.iter().enumerate();
        let found = steps.find(|(index, step)| {
            let is_outside = definition.kind(*index, Phase::Action) != Some(StepKind::Local);
            step.action.as_ref().is_some_and(|action| {
                definition.decisive() == Some(*index)
                    || (action.is_open() && is_outside && !definition.has_way_back(*index))
            })
        });
        found.map(|(_, step)| step.name.as_str())
    }
}

impl Run<'_> {
    /// Notes the wish, and gives up what is under way.
    pub(super) fn turn_back(&mut self, wish: Note) {
        let stage = self.definition.stages().get(self.instance.stage).cloned().unwrap_or_default();
        let is_under_way =
            |step: &usize| self.instance.steps[*step].action.as_ref().is_none_or(|action| action.is_open());
        // Paused, it may have done all that was begun.
        let at = stage.clone().find(is_under_way).or(stage.clone().last());
        self.instance.failure = Some(Failure {
            step: at.map(|at| self.instance.steps[at].name.clone()).unwrap_or_default(),
            code: ABORTED.to_owned(),
            detail: wish.reason.clone(),
        });
        for step in stage {
            self.stop_waiting(step, &wish.reason);
        }
        self.instance.notes.push(wish);
    }

    /// A request's answer is not waited for, and nothing is tried again.
    fn stop_waiting(&mut self, step: usize, reason: &str) {
        let kind = self.definition.kind(step, Phase::Action);
        match self.record(step, Phase::Action).map(|action| action.status) {
            Some(PhaseStatus::Running) if kind == Some(StepKind::Request) => {
                self.ends.push(StepEnd::not_awaited(&self.instance.steps[step].name));
            }
            Some(PhaseStatus::Waiting) => {}
            _ => return,
        }
        self.stop_trying(step);
        if let Some(action) = self.record(step, Phase::Action) {
            action.error.get_or_insert((ABORTED.to_owned(), reason.to_owned()));
        }
    }
}
