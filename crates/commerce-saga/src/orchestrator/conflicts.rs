//! Conflicts that a saga's own work meets.
//!
//! Where the instance's document has another version, another has carried the run on, and there is nothing to decide.
//! Where something else conflicts that a local step writes, or what takes an answer, or what records the end, no one
//! else will carry the run on: it is decided anew, at once and so often as a consumer would; after that the work has
//! failed for now, and is tried again or given up by its own policy. So a run ends in `stuck`, or is undone, at whatever
//! never gives way.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::Context;
use commerce_core::commit::{Commit, Conflict};
use commerce_core::error::Kind;
use commerce_core::store::Store;
use commerce_outbox::{HandleError, Scope};
use tokio::time::Instant;
use tracing::warn;

use super::RACES;
use super::run::Run;
use crate::error::{SagaError, StepError};
use crate::instance::{COLLECTION, Instance};
use crate::reply::Phase;

/// So long a step is decided anew at most, before the time runs out that whoever carries the run on has for it.
const LONGEST: Duration = Duration::from_secs(10);

/// A scope to begin with, as often as it takes.
pub(super) struct Spare {
    context: Context,
    store: Arc<dyn Store>,
    commit: Commit,
}

impl Spare {
    pub(super) fn of(scope: Scope) -> Self {
        let (context, store) = (scope.context().clone(), scope.store().clone());
        Self { context, store, commit: scope.into_commit() }
    }

    pub(super) fn scope(&self) -> Scope {
        Scope::new(self.context.clone(), self.store.clone(), self.commit.clone())
    }
}

/// Whose work it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Step(usize, Phase),
    /// What records that all is undone.
    End,
}

/// What one transition has met so far.
#[derive(Default)]
pub(super) struct Conflicts {
    /// It is decided anew: from now on what each has written is kept, to find out whose it is that conflicts.
    again: bool,
    written: Vec<(Owner, Commit)>,
    /// Whose own code met a conflict.
    raised: Option<Owner>,
    races: usize,
    since: Option<Instant>,
    /// Those that have failed for now, and why.
    lost: Vec<(Owner, String)>,
}

impl Conflicts {
    /// Whether the transition is to be decided anew. Not if this is no conflict, or not the saga's own: one on the
    /// instance, or on what came with the scope, is for the caller.
    pub(super) fn take(&mut self, error: &SagaError, instance: &Instance, came_with: &Spare) -> bool {
        let SagaError::Handle(error) = error else { return false };
        let (written, raised) = (std::mem::take(&mut self.written), self.raised.take());
        let conflict = error.conflict();
        let is_the_callers = |conflict| is_on(instance, conflict) || concerns(&came_with.commit, conflict);
        if error.kind() != Kind::Conflict || conflict.is_some_and(is_the_callers) {
            return false;
        }
        let was_again = std::mem::replace(&mut self.again, true);
        let met = || written.iter().find(|(_, commit)| conflict.is_some_and(|met| concerns(commit, met)));
        let Some(owner) = raised.or_else(|| met().map(|(owner, _)| *owner)) else {
            return conflict.is_some() && !was_again;
        };
        self.races += 1;
        let since = *self.since.get_or_insert_with(Instant::now);
        if self.races >= RACES || since.elapsed() >= LONGEST {
            warn_of(instance, owner, error);
            self.lost.push((owner, error.to_string()));
            (self.races, self.since) = (0, None);
        }
        true
    }

    fn reason(&self, owner: Owner) -> Option<&str> {
        let lost = self.lost.iter().find(|(of, _)| *of == owner);
        lost.map(|(_, reason)| reason.as_str())
    }
}

fn warn_of(instance: &Instance, owner: Owner, error: &HandleError) {
    let Instance { saga, id, tenant, .. } = instance;
    let (step, phase) = match owner {
        Owner::Step(step, phase) => {
            (instance.steps.get(step).map_or("", |step| step.name.as_str()), phase.as_str())
        }
        Owner::End => ("", "end"),
    };
    warn!(saga, id, %tenant, step, phase, %error, "a saga's own work met conflicts however often it was decided anew");
}

impl Run<'_> {
    /// What work that has met too many conflicts is to answer in this transition.
    pub(super) fn has_lost(&self, owner: Owner) -> Option<StepError> {
        let reason = self.conflicts.as_deref()?.reason(owner)?;
        Some(StepError::transient("conflict", reason))
    }

    /// Remembers what the saga's own code has written, or that it met a conflict itself.
    pub(super) fn note_work<T>(&mut self, owner: Owner, result: &mut Result<(T, Scope), StepError>) {
        let Some(conflicts) = self.conflicts.as_deref_mut() else { return };
        match result {
            Ok((_, fork)) if conflicts.again => fork.write(|commit| {
                conflicts.written.push((owner, commit.clone()));
                commit
            }),
            Err(StepError::Handle(error)) if error.kind() == Kind::Conflict => {
                conflicts.raised = Some(owner);
            }
            _ => {}
        }
    }
}

/// Whether another has carried this instance on.
fn is_on(instance: &Instance, conflict: &Conflict) -> bool {
    is_on_document(&Instance::document_id(&instance.saga, &instance.id), conflict)
}

pub(super) fn is_on_document(document: &str, conflict: &Conflict) -> bool {
    matches!(conflict, Conflict::Document { collection, id, .. } if collection == COLLECTION && id == document)
}

/// Whether this is what the commit met.
fn concerns(commit: &Commit, conflict: &Conflict) -> bool {
    match conflict {
        Conflict::Stream { stream, .. } => commit.appends.iter().any(|append| append.stream == *stream),
        Conflict::Document { collection, id, .. } => {
            commit.documents.iter().any(|write| write.collection == *collection && write.id == *id)
        }
        Conflict::Claim { key, .. } => commit.claims.iter().any(|claim| claim.key == *key),
        Conflict::Checkpoint { reader, .. } => {
            commit.checkpoints.iter().any(|checkpoint| checkpoint.reader == *reader)
        }
        Conflict::Fenced { name, .. } => commit.fences.iter().any(|lease| lease.name == *name),
        Conflict::Required { commit: required } => commit.requires.contains(required),
        _ => false,
    }
}
