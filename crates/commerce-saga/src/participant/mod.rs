//! The side that is asked: answers each request once, whatever is repeated or comes out of order.
//!
//! The barrier is a pair of claims for each step of each saga instance, one for the action and one for its
//! compensation, each holding the answer that was given. They are taken in the commit of the effect they stand for:
//!
//! | what comes | claims found | what happens |
//! |---|---|---|
//! | action | none | it is done; its claim keeps the answer |
//! | action | action's | answered as before |
//! | compensation | action's, which had an effect | it is undone; the compensation's claim keeps the answer |
//! | compensation | action's, which had none | answered as done |
//! | compensation | none | answered as done; the action's claim is taken too, so that it never has an effect |
//! | compensation | its own | answered as before |
//!
//! What has no effect and may be asked for again takes no claim: an action that may succeed later, a compensation that
//! failed.
//!
//! An action that takes more than one commit ([`Request::begin`]) takes its claim with the first: until it is answered,
//! a repeated action and a compensation both reach their handlers, which find out how far it came. Of an action and a
//! compensation that run at the same time, the one that answers first keeps the other from answering.

mod handler;

use std::time::Duration;

use commerce_core::Timestamp;
use commerce_core::commit::{Claim, Commit, NewMessage};
use commerce_core::error::Kind;
use commerce_core::event::CodecError;
use commerce_core::id::Tenant;
use commerce_outbox::{Envelope, HandleError, Handled, Scope};
use serde::{Deserialize, Serialize};

pub use handler::{action, compensation};

use crate::key::idempotency_key;
use crate::reply::{ATTEMPT, PHASE, Phase, REPLY_TO, REPLY_TYPE, Reply, SAGA, SAGA_ID, STEP};

/// How long the barrier remembers: far longer than a stuck saga may wait for its operator.
const REMEMBERED: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A request as its participant sees it.
///
/// A participant that can't answer yet keeps it, in the commit by which it notes what it waits for, and
/// [answers](Self::answer) in the commit that brings the end. If the request is asked again meanwhile, the later one
/// takes its place. Keep only one that has [begun](Self::begin), so that a compensation finds what it is to undo.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    #[serde(default)]
    tenant: Tenant,
    saga: String,
    id: String,
    step: String,
    phase: Phase,
    attempt: String,
    reply_to: String,
    now: Timestamp,
    begun: bool,
    /// This compensation undoes an action that has begun and has not ended.
    cuts_short: bool,
}

/// What the barrier knows of a step.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stored {
    /// It has begun, and may have had an effect.
    Begun,
    /// It was answered.
    Answered(Reply),
}

impl Request {
    /// Reads what the orchestrator wrote into the headers.
    ///
    /// # Errors
    /// When the message was not sent by a saga.
    pub(crate) fn read(envelope: &Envelope, scope: &Scope) -> Result<Self, HandleError> {
        let header = |name: &str| {
            envelope.headers.get(name).cloned().ok_or_else(|| {
                HandleError::new(Kind::Invalid, format!("no saga sent this message: it has no header {name}"))
            })
        };
        Ok(Self {
            tenant: scope.context().tenant().clone(),
            saga: header(SAGA)?,
            id: header(SAGA_ID)?,
            step: header(STEP)?,
            phase: Phase::parse(&header(PHASE)?)
                .ok_or_else(|| HandleError::new(Kind::Invalid, "unknown phase"))?,
            attempt: header(ATTEMPT)?,
            reply_to: header(REPLY_TO)?,
            now: scope.context().now(),
            begun: false,
            cuts_short: false,
        })
    }

    /// The same at each attempt, and at no other step of any run or tenant: for effects outside the store.
    pub fn idempotency_key(&self) -> String {
        idempotency_key(&self.tenant, &self.saga, &self.id, &self.step, self.phase)
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt.parse().unwrap_or(1)
    }

    /// Adds to the first of several commits the claim that the action has begun: from now on a compensation reaches its
    /// handler, and so does the action if it is asked for again.
    ///
    /// # Errors
    /// When the claim can't be written.
    pub fn begin(&mut self, commit: Commit) -> Result<Commit, CodecError> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(commit);
        }
        Ok(commit.claim(self.claim(claim_scope(self.phase), &Stored::Begun)?))
    }

    /// Whether the action had begun when this request came, and was not answered.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Adds to a commit the answer, and the claim by which it is given again if it is asked for again. An answer that
    /// it may succeed later keeps no claim. Nor does a compensation that failed: the saga is stuck then, and its
    /// operator, who has seen to the cause, asks for it again.
    ///
    /// # Errors
    /// When the answer can't be written.
    pub fn answer(&self, commit: Commit, reply: &Reply) -> Result<Commit, CodecError> {
        let commit = commit.message(self.reply(reply)?);
        match (reply, self.phase) {
            (Reply::Transient { .. }, _) | (Reply::Failed { .. }, Phase::Undo) => return Ok(commit),
            _ => {}
        }
        let scope = if self.begun { end_scope(self.phase) } else { claim_scope(self.phase) };
        let commit = commit.claim(self.claim(scope, &Stored::Answered(reply.clone()))?);
        if !self.cuts_short {
            return Ok(commit);
        }
        // Whichever of the two ends first keeps the other from ending.
        Ok(commit.claim(self.claim(end_scope(Phase::Action), &too_late())?))
    }

    /// Answers with what a scope holds, for the consumer to commit.
    ///
    /// # Errors
    /// When the answer can't be written.
    pub fn finish(&self, mut scope: Scope, reply: &Reply) -> Result<Handled, HandleError> {
        let answer = self.answer(Commit::new(), reply)?;
        scope.write(|commit| commit.and(answer));
        Ok(scope.finish())
    }

    fn reply(&self, reply: &Reply) -> Result<NewMessage, CodecError> {
        NewMessage::new(self.reply_to.clone(), self.id.clone())
            .of_type(REPLY_TYPE)
            .header(SAGA, self.saga.clone())
            .header(SAGA_ID, self.id.clone())
            .header(STEP, self.step.clone())
            .header(PHASE, self.phase.as_str())
            .header(ATTEMPT, self.attempt.clone())
            .json(reply)
    }

    fn key(&self) -> String {
        format!("{}/{}/{}", self.saga, self.id, self.step)
    }

    fn claim(&self, scope: &'static str, stored: &Stored) -> Result<Claim, CodecError> {
        let answer = serde_json::to_vec(stored).map_err(|error| CodecError::Encode(error.to_string()))?;
        Ok(Claim::new(scope, self.key()).until(self.now.plus(REMEMBERED)).with_answer(answer))
    }

    /// What the barrier knows.
    async fn stored(&self, phase: Phase, scope: &Scope) -> Result<Option<Stored>, HandleError> {
        match self.claimed(claim_scope(phase), scope).await? {
            Some(Stored::Begun) => {
                Ok(Some(self.claimed(end_scope(phase), scope).await?.unwrap_or(Stored::Begun)))
            }
            stored => Ok(stored),
        }
    }

    async fn claimed(&self, claim: &str, scope: &Scope) -> Result<Option<Stored>, HandleError> {
        let tenant = scope.context().tenant();
        let claimed = scope.store().claimed(tenant, claim, &self.key()).await?;
        let Some(answer) = claimed.and_then(|claimed| claimed.answer) else { return Ok(None) };
        let stored = serde_json::from_slice(&answer)
            .map_err(|error| HandleError::terminal(format!("the barrier's answer can't be read: {error}")))?;
        Ok(Some(stored))
    }

    /// Answers what needs no handler any more.
    async fn pass_barrier(&mut self, mut scope: Scope) -> Result<Result<Handled, Scope>, HandleError> {
        match self.stored(self.phase, &scope).await? {
            Some(Stored::Answered(before)) => {
                let again = self.reply(&before)?;
                scope.send(again);
                return Ok(Ok(scope.finish()));
            }
            Some(Stored::Begun) => self.begun = true,
            None => {}
        }
        if self.phase == Phase::Action {
            return Ok(Err(scope));
        }
        match self.stored(Phase::Action, &scope).await? {
            Some(Stored::Begun) => {
                self.cuts_short = true;
                Ok(Err(scope))
            }
            Some(Stored::Answered(Reply::Done { .. })) => Ok(Err(scope)),
            Some(Stored::Answered(_)) => {
                let done = Reply::done(&())?;
                Ok(Ok(self.finish(scope, &done)?))
            }
            None => {
                let claim = self.claim(claim_scope(Phase::Action), &too_late())?;
                scope.write(|commit| commit.claim(claim));
                let done = Reply::done(&())?;
                Ok(Ok(self.finish(scope, &done)?))
            }
        }
    }
}

/// Taken with a phase's first commit.
fn claim_scope(phase: Phase) -> &'static str {
    match phase {
        Phase::Action => "saga-action",
        Phase::Undo => "saga-undo",
    }
}

/// Taken with the last commit of a phase that takes more than one.
fn end_scope(phase: Phase) -> &'static str {
    match phase {
        Phase::Action => "saga-action-end",
        Phase::Undo => "saga-undo-end",
    }
}

fn too_late() -> Stored {
    Stored::Answered(Reply::failed("compensated", "the compensation came first"))
}
