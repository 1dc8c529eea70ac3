use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::{Claim, ClaimKey, Commit, CommitError, Conflict};
use commerce_core::error::Kind;
use commerce_core::store::{CommitOutcome, Store, StoreError};
use commerce_core::{Context, Host};
use futures_util::FutureExt;
use tokio::sync::Notify;
use tracing::{Instrument, warn};

use super::Handlers;
use super::Options;
use super::handler::Handler;
use super::held_keys::{HeldKeys, KeyName};
use super::observe::{self, Outcome};
use super::scope::{Handled, Scope};
use crate::DEDUPLICATION;
use crate::bus::Delivery;
use crate::envelope::Envelope;
use crate::error::{BusError, HandleError};
use crate::health::Health;
use crate::held::{Attempt, FirstFailure, Head, Held, HeldError, HeldState, MESSAGES};
use crate::retry::chance;
use crate::trace;

/// So often a handler that lost a race decides anew before that counts as a failed attempt.
const RACES: usize = 32;
/// How long to wait before a store that is out of reach is tried again.
const PATIENCE: Duration = Duration::from_millis(500);

/// What may fail, and be tried again.
const SETTLING: &str = "writing what was handled";

/// Handles one message at a time.
pub(super) struct Worker {
    pub(super) held: Held,
    pub(super) options: Options,
    /// A key was held.
    pub(super) news: Notify,
    pub(super) health: Health,
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    handlers: Handlers,
    inbox: Cow<'static, str>,
    held_keys: HeldKeys,
}

impl Worker {
    pub(super) fn new(
        group: &str,
        store: Arc<dyn Store>,
        host: Arc<dyn Host>,
        handlers: Handlers,
        options: Options,
        health: Health,
    ) -> Self {
        Self {
            held: Held { group: group.to_owned(), store: store.clone(), host: host.clone() },
            inbox: Cow::Owned(format!("inbox/{group}")),
            options,
            news: Notify::new(),
            health,
            store,
            host,
            handlers,
            held_keys: HeldKeys::default(),
        }
    }

    /// Learns anew which keys are held: others may have held some, or done with them.
    pub(super) async fn refresh_held_keys(&self) -> Result<(), StoreError> {
        let look = self.held_keys.look();
        let keys = self.held.keys().await?;
        let keys = keys.into_iter().map(|(tenant, key)| (tenant, Arc::from(key))).collect();
        self.held_keys.replace(keys, look);
        Ok(())
    }

    /// A held message of this key is done with. Unless others are, the key is no longer held.
    pub(super) async fn forget_if_emptied(&self, envelope: &Envelope) -> Result<(), StoreError> {
        let key = key_of(envelope);
        let look = self.held_keys.look();
        if self.held_keys.contains(&key) && !self.held.is_open(&key.0, &key.1).await? {
            self.held_keys.forget_emptied(&key, look);
        }
        Ok(())
    }

    /// Sees a delivery through: handled, found to be handled already, or held. Waits for a store that is out of reach.
    ///
    /// # Errors
    /// [`BusError::Stuck`] when none of it can be done, however often it is tried.
    pub(super) async fn settle(&self, delivery: &Delivery) -> Result<(), BusError> {
        let outcome = loop {
            let settled = self.try_settle(delivery).await;
            self.health.note(SETTLING, &settled);
            match settled {
                Ok(outcome) => break outcome,
                Err(error) if !error.may_pass() => {
                    let what =
                        format!("the message {} can be neither handled nor held", delivery.envelope.id);
                    return Err(self.stuck(what, error));
                }
                Err(error) => {
                    let message_id = delivery.envelope.id;
                    warn!(group = self.held.group, %message_id, %error, "the store takes nothing now");
                    tokio::time::sleep(PATIENCE).await;
                }
            }
        };
        self.count(&delivery.envelope, outcome);
        Ok(())
    }

    /// What this member ends with.
    pub(super) fn stuck(&self, what: String, source: impl Into<Box<dyn Error + Send + Sync>>) -> BusError {
        BusError::Stuck { group: self.held.group.clone(), what, source: source.into() }
    }

    async fn try_settle(&self, delivery: &Delivery) -> Result<Outcome, HeldError> {
        let envelope = &delivery.envelope;
        let key = key_of(envelope);
        let may_be_handled = delivery.redelivered || delivery.may_be_handled;
        if may_be_handled && self.is_handled(envelope).await? {
            return Ok(Outcome::Repeated);
        }
        if self.held_keys.contains(&key) {
            if self.held.append(envelope, None).await? {
                self.held_keys.note(key);
                return Ok(Outcome::Queued);
            }
            self.held_keys.forget(&key);
        }
        if delivery.redelivered {
            // It may have been under way when its worker died: from now on its attempts are counted one by one.
            let lost = Attempt {
                at: self.host.now(),
                error: "the worker that had taken it was lost".to_owned(),
                kind: Kind::Retryable,
                not_yet: false,
            };
            return self.hold(envelope, key, lost, true).await;
        }
        match self.handle(envelope, None).await {
            Ok(outcome) => Ok(outcome),
            Err(error) => self.hold(envelope, key, self.attempt(&error), false).await,
        }
    }

    async fn is_handled(&self, envelope: &Envelope) -> Result<bool, StoreError> {
        let id = envelope.id.to_string();
        Ok(self.store.claimed(&envelope.tenant, &self.inbox, &id).await?.is_some())
    }

    /// Holds a message after its first failure.
    async fn hold(
        &self,
        envelope: &Envelope,
        key: KeyName,
        attempt: Attempt,
        worker_lost: bool,
    ) -> Result<Outcome, HeldError> {
        let wait = self.wait_after(&attempt, 1, Duration::ZERO);
        let outcome = Outcome::of(&attempt, wait);
        let failure = FirstFailure {
            state: if wait.is_some() { HeldState::Retrying } else { HeldState::Dead },
            due: wait.map(|wait| self.host.now().plus(wait)),
            attempt,
            worker_lost,
        };
        if wait.is_none() && self.skips(envelope) {
            self.held.skip(envelope, &failure).await?;
        } else {
            // Before it is: should the answer be lost, the message must not be handled beside itself.
            self.held_keys.begin(key.clone());
            self.held.append(envelope, Some(&failure)).await?;
            self.held_keys.note(key);
            self.news.notify_one();
        }
        if wait.is_none() {
            observe::died(&self.held.group, envelope);
        }
        Ok(outcome)
    }

    pub(super) fn count(&self, envelope: &Envelope, outcome: Outcome) {
        let known = self.handlers.of(envelope).is_some();
        observe::count(&self.held.group, envelope, known, outcome, self.host.now());
    }

    pub(super) fn skips(&self, envelope: &Envelope) -> bool {
        self.options.skip_dead.iter().any(|topic| **topic == *envelope.topic)
    }

    /// How long to wait before the next attempt, if there is to be one: of a message that has failed so often, or has waited for
    /// so long.
    pub(super) fn wait_after(&self, attempt: &Attempt, made: u32, waited: Duration) -> Option<Duration> {
        if attempt.not_yet {
            return Some(self.options.retry.wait_again(waited, chance(&*self.host)));
        }
        if attempt.kind != Kind::Retryable && attempt.kind != Kind::Conflict {
            return None;
        }
        self.options.retry.wait_after(made, chance(&*self.host))
    }

    pub(super) fn attempt(&self, error: &HandleError) -> Attempt {
        Attempt {
            at: self.host.now(),
            error: error.in_full(),
            kind: error.kind(),
            not_yet: error.is_not_yet(),
        }
    }

    /// Runs the handler until it no longer loses a race, and commits what it decided, in a span of the message's trace.
    /// With `head`, the message leaves its queue in the same commit.
    pub(super) async fn handle(
        &self,
        envelope: &Envelope,
        head: Option<&Head>,
    ) -> Result<Outcome, HandleError> {
        let attempt = head.map_or(1, |head| head.message.begun);
        let span = observe::span(&self.held.group, envelope, attempt);
        let traceparent = trace::continue_from(&span, envelope.traceparent.as_ref());
        let result = self.try_handle(envelope, head, traceparent).instrument(span.clone()).await;
        span.in_scope(|| observe::ended(&self.held.group, envelope, attempt, &result));
        result
    }

    async fn try_handle(
        &self,
        envelope: &Envelope,
        head: Option<&Head>,
        traceparent: Option<Arc<str>>,
    ) -> Result<Outcome, HandleError> {
        if let Some(damage) = envelope.damage() {
            return Err(HandleError::new(Kind::Invalid, format!("the body can't be read: {damage}")));
        }
        let Some(handler) = self.handlers.of(envelope) else {
            return Err(HandleError::new(
                Kind::Invalid,
                format!("the group {} has no handler for {}", self.held.group, envelope.message_type),
            ));
        };
        let attempt = AssertUnwindSafe(self.race(&**handler, envelope, head, traceparent)).catch_unwind();
        match tokio::time::timeout(self.options.timeout, attempt).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => {
                Err(HandleError::retryable(format!("the handler panicked: {}", panic_text(&*panic))))
            }
            Err(_) => {
                let error = format!("the handler took longer than {:?}", self.options.timeout);
                Err(HandleError::retryable(error))
            }
        }
    }

    async fn race(
        &self,
        handler: &dyn Handler,
        envelope: &Envelope,
        head: Option<&Head>,
        traceparent: Option<Arc<str>>,
    ) -> Result<Outcome, HandleError> {
        let mut races = 0;
        loop {
            let (context, commit) = self.prepare(envelope, head, traceparent.clone()).await?;
            let waited = head.map_or(Duration::ZERO, |head| context.now().since(head.message.held_since));
            let scope = Scope::new(context, self.store.clone(), commit).of_held(waited);
            let result = match handler.handle(envelope, scope).await {
                Ok(Handled::Committed) => Ok(()),
                Ok(Handled::Commit(commit)) => match self.has_claim(&commit, envelope) {
                    true => self.commit(*commit).await,
                    false => Err(claim_dropped()),
                },
                Err(error) => Err(error),
            };
            match result {
                Ok(()) => return Ok(Outcome::Handled),
                Err(error) if self.was_handled(&error, envelope) => return Ok(Outcome::Repeated),
                Err(error) if head.is_some_and(|head| was_taken(&error, head)) => return Err(error),
                Err(error) if error.kind() == Kind::Conflict && races < RACES => races += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// The context of the handling, and a commit with the message's claim.
    async fn prepare(
        &self,
        envelope: &Envelope,
        head: Option<&Head>,
        traceparent: Option<Arc<str>>,
    ) -> Result<(Context, Commit), HandleError> {
        let now = self.host.now();
        let mut context = Context::new(now, self.host.new_id())
            .with_tenant(envelope.tenant.clone())
            .with_actor(envelope.source.clone())
            .with_correlation(envelope.correlation)
            .with_causation(envelope.id);
        if let Some(traceparent) = traceparent {
            context = context.with_traceparent(traceparent);
        }
        let claim = Claim::new(self.inbox.clone(), envelope.id.to_string()).until(now.plus(DEDUPLICATION));
        let commit = Commit::within(&context).claim(claim);
        let commit = match head {
            Some(head) => self.held.remove(head, commit).await.map_err(HandleError::retryable)?,
            None => commit,
        };
        Ok((context, commit))
    }

    async fn commit(&self, commit: Commit) -> Result<(), HandleError> {
        match self.store.commit(commit).await {
            Ok(_) => Ok(()),
            Err(CommitError::Unknown { id, source }) => match self.store.outcome(id).await? {
                CommitOutcome::Committed => Ok(()),
                CommitOutcome::RolledBack => Err(HandleError::retryable(source)),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the message's own claim stood in the way: it has had its effect.
    fn was_handled(&self, error: &HandleError, envelope: &Envelope) -> bool {
        matches!(error.conflict(), Some(Conflict::Claim { key, .. }) if self.is_of(key, envelope))
    }

    /// Whether a commit lets the message take effect only once.
    fn has_claim(&self, commit: &Commit, envelope: &Envelope) -> bool {
        commit.claims.iter().any(|claim| self.is_of(&claim.key, envelope))
    }

    fn is_of(&self, key: &ClaimKey, envelope: &Envelope) -> bool {
        key.scope == self.inbox && key.key == envelope.id.to_string()
    }
}

fn key_of(envelope: &Envelope) -> KeyName {
    (envelope.tenant.clone(), envelope.key.clone())
}

/// Whether someone else has meanwhile acted on the held message: deciding anew would not help.
fn was_taken(error: &HandleError, head: &Head) -> bool {
    matches!(
        error.conflict(),
        Some(Conflict::Document { collection, id, .. })
            if collection == MESSAGES && *id == head.message.id()
    )
}

/// Without its claim the message would take effect as often as it is delivered, and no one would notice.
fn claim_dropped() -> HandleError {
    let what = "the handler's commit is without the claim that lets its message take effect only once: keep what \
                Scope::write hands over, and add to it";
    HandleError::new(Kind::Bug, what)
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}

#[cfg(test)]
mod tests;
