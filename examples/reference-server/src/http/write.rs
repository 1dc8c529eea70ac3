//! How a request changes something.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::Response;
use commerce_adapters::http::{Answer, Asked, IfMatch, NoParams, Problem};
use commerce_core::commit::{Commit, CommitError, Conflict};
use commerce_core::notification::Prepared;
use commerce_core::owned::{Decision, Owned, OwnedError};
use commerce_core::store::Store;
use commerce_core::stream::Version;
use commerce_core::{Aggregate, Context};
use commerce_outbox::{RetryPolicy, SystemHost};
use http::StatusCode;
use http::request::Parts;

use crate::services::Session;

/// So often a request is decided anew when others were faster.
pub(crate) const ATTEMPTS: u32 = 10;
/// When it is.
const AGAIN_AND_AGAIN: RetryPolicy = RetryPolicy {
    attempts: ATTEMPTS,
    first_wait: Duration::from_millis(2),
    longest_wait: Duration::from_millis(64),
};
/// After so long a client may come again whose change was lost to others.
const AGAIN: Duration = Duration::from_secs(1);
/// The collection of idempotency keys.
const IDEMPOTENCY: &str = "idempotency";

/// What every request that changes something brings with it: its context, the version that it means, and the right to
/// its answer.
pub(crate) struct Write {
    /// When, by whom, as part of what.
    pub(crate) context: Context,
    /// Which version is meant.
    pub(crate) if_match: IfMatch,
    /// Where its answer goes.
    pub(crate) answer: Answer,
}

impl<S: Send + Sync> FromRequestParts<S> for Write {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let NoParams = NoParams::from_request_parts(parts, state).await?;
        let Asked(context) = Asked::from_request_parts(parts, state).await?;
        let if_match = IfMatch::from_request_parts(parts, state).await?;
        let Ok(answer) = Answer::from_request_parts(parts, state).await;
        Ok(Self { context, if_match, answer })
    }
}

impl Write {
    /// Makes a new aggregate. `decide` gives it its commands, and answers what else belongs into the commit, such as
    /// claims; `show` makes the answer.
    pub(crate) async fn create<A: Aggregate>(
        &self,
        store: &Arc<dyn Store>,
        id: A::Id,
        decide: impl FnOnce(&mut Session<A>) -> Result<Commit, Problem>,
        show: impl FnOnce(&Session<A>) -> Response,
    ) -> Result<Response, Problem> {
        let mut session = Session::<A>::absent(id);
        let more = decide(&mut session)?;
        let commit = session.write_to(Commit::within(&self.context))?.and(more);
        let answered = self.answer.commit(store, commit, show(&session)).await?;
        Ok(answered.map_err(problem)?.0)
    }

    /// Changes an aggregate: loads it, checks `If-Match`, decides, and commits; again, if someone else was faster and
    /// the client meant no version in particular.
    pub(crate) async fn change<A: Aggregate>(
        &self,
        store: &Arc<dyn Store>,
        id: A::Id,
        decide: impl Fn(&mut Session<A>) -> Result<Commit, Problem>,
        show: impl Fn(&Session<A>) -> Response,
    ) -> Result<Response, Problem> {
        let decide = |mut session: Session<A>| {
            let more = decide(&mut session);
            std::future::ready(more.map(|more| (session, more)))
        };
        self.change_by(store, id, decide, show).await
    }

    /// The same where the decision needs a look at something else. `look` says what it has found, and is asked anew for
    /// each decision, so that a commit that expects a version of what was looked at is decided again on what is there.
    pub(crate) async fn change_after<A: Aggregate, T, F>(
        &self,
        store: &Arc<dyn Store>,
        id: A::Id,
        look: impl Fn() -> F,
        decide: impl Fn(&mut Session<A>, &T) -> Result<Commit, Problem>,
        show: impl Fn(&Session<A>) -> Response,
    ) -> Result<Response, Problem>
    where
        F: Future<Output = Result<T, Problem>> + Send,
    {
        let (look, decide) = (&look, &decide);
        let decide = |mut session: Session<A>| async move {
            let found = look().await?;
            let more = decide(&mut session, &found)?;
            Ok((session, more))
        };
        self.change_by(store, id, decide, show).await
    }

    /// The same, where deciding takes its own time.
    pub(crate) async fn change_by<A: Aggregate, Decided>(
        &self,
        store: &Arc<dyn Store>,
        id: A::Id,
        decide: impl Fn(Session<A>) -> Decided,
        show: impl Fn(&Session<A>) -> Response,
    ) -> Result<Response, Problem>
    where
        Decided: Future<Output = Result<(Session<A>, Commit), Problem>>,
    {
        let mut attempt = 1;
        loop {
            let session = Session::<A>::load(store, &self.context, id.clone()).await?;
            let stale =
                session.exists().then(|| self.if_match.check(session.loaded_version()).err()).flatten();
            let decided = decide(session).await;
            if let Some(stale) = stale {
                // Whoever may not know of it must not learn its version either.
                return Err(decided
                    .err()
                    .filter(|problem| problem.status() == StatusCode::NOT_FOUND)
                    .unwrap_or(stale));
            }
            let (session, more) = decided?;
            let commit = session.write_to(Commit::within(&self.context))?.and(more);
            match self.answer.commit(store, commit, show(&session)).await? {
                Ok((response, _)) => return Ok(response),
                Err(error) => self.decide_again(error, &mut attempt).await?,
            }
        }
    }

    /// Makes a change that a service has prepared: checks `If-Match`, and commits; has it prepared again, if someone else
    /// was faster and the client meant no version in particular.
    pub(crate) async fn prepared<V, F>(
        &self,
        store: &Arc<dyn Store>,
        prepare: impl Fn() -> F,
        show: impl Fn(&V) -> Response,
    ) -> Result<Response, Problem>
    where
        F: Future<Output = Result<Prepared<V>, Problem>>,
    {
        let mut attempt = 1;
        loop {
            let prepared = prepare().await?;
            if prepared.before > 0 {
                self.if_match.check(prepared.before)?;
            }
            match self.answer.commit(store, prepared.commit, show(&prepared.view)).await? {
                Ok((response, _)) => return Ok(response),
                Err(error) => self.decide_again(error, &mut attempt).await?,
            }
        }
    }

    /// Whether a change that was not committed is to be decided again, and answers when: many who lost at once must not come
    /// again at once.
    async fn decide_again(&self, error: CommitError, attempt: &mut u32) -> Result<(), Problem> {
        match error {
            CommitError::Conflict(Conflict::Stream { actual, .. }) if self.if_match.is_given() => {
                self.if_match.check(actual)?;
                Err(changed(actual))
            }
            CommitError::Conflict(conflict) if is_lost_race(&conflict) => {
                let wait = AGAIN_AND_AGAIN.draw_wait_after(*attempt, &SystemHost);
                let wait = wait.ok_or_else(|| problem(CommitError::Conflict(conflict)))?;
                tokio::time::sleep(wait).await;
                *attempt += 1;
                Ok(())
            }
            error => Err(problem(error)),
        }
    }
}

/// Changes an aggregate through the one who holds it in memory.
impl Write {
    /// Checks `If-Match`, decides, and commits with the answer; again, if someone else was faster. `decide` gives the
    /// aggregate its commands, and says what else belongs into the commit and what is answered: a refusal that leaves
    /// something behind is an answer too.
    ///
    /// # Errors
    /// Outside, what `decide` refuses with; inside, a commit that failed for something else than the aggregate.
    pub(crate) async fn through<A: Aggregate + Clone>(
        &self,
        owner: &Owned<A>,
        id: A::Id,
        decide: impl Fn(&mut Session<A>) -> Result<(Commit, Response), Problem>,
    ) -> Result<Result<Response, CommitError>, Problem> {
        let ids = [id.clone()];
        let decided = owner.decide(&self.context, &ids, |held| {
            let (state, version) = (held.get(&id).cloned(), held.version(&id));
            let mut session =
                Session::held(id.clone(), state.unwrap_or_default(), version.unwrap_or_default());
            if session.exists() {
                self.if_match.check(session.loaded_version())?;
            }
            let (more, response) = decide(&mut session)?;
            let commit = Commit::within(&self.context).and(more);
            let (commit, response) = self.answer.add_to(commit, response)?;
            Ok::<_, Problem>(Decision::new(response).events(id.clone(), session.into_events()).with(commit))
        });
        match decided.await {
            Ok((response, _)) => {
                self.answer.settled();
                Ok(Ok(response))
            }
            Err(OwnedError::Rejected(problem)) => Err(problem),
            Err(OwnedError::Commit(error)) => Ok(Err(error)),
            Err(OwnedError::Store(error)) => Err(error.into()),
            Err(OwnedError::Contended { .. }) => {
                let detail = "it was changed at the same time, again and again: try later";
                Err(Problem::conflict("version_conflict", detail).retry_after(AGAIN))
            }
            Err(OwnedError::Codec(error)) => Err(error.into()),
            Err(_) => Err(Problem::bug("the owner was asked for another aggregate")),
        }
    }
}

/// Whether someone else has changed what was decided on. Whoever holds the idempotency key is no such one.
fn is_lost_race(conflict: &Conflict) -> bool {
    match conflict {
        Conflict::Stream { .. } => true,
        Conflict::Document { collection, .. } => collection != IDEMPOTENCY,
        _ => false,
    }
}

fn changed(actual: Version) -> Problem {
    let detail = "the resource has changed since: read it again";
    Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail)
        .with("current_version", actual)
}

/// What a commit that failed means to a client: a claim that is taken has a name of its own.
pub(crate) fn problem(error: CommitError) -> Problem {
    match &error {
        CommitError::Conflict(Conflict::Claim { key, .. }) => {
            let (code, what) = taken(&key.scope);
            Problem::conflict(code, format!("{what} {:?} is taken", key.key))
        }
        CommitError::Conflict(Conflict::Document { collection, .. }) if collection == IDEMPOTENCY => {
            let detail = "the same request is under way: ask again for its answer";
            Problem::conflict("idempotency_in_progress", detail)
        }
        CommitError::Conflict(conflict) if is_lost_race(conflict) => Problem::from(error).retry_after(AGAIN),
        _ => error.into(),
    }
}

/// What the scopes of claims are called towards clients.
fn taken(scope: &str) -> (&'static str, &'static str) {
    match scope {
        "sku" => ("sku_taken", "the sku"),
        "email" => ("email_taken", "the e-mail address"),
        "live-payment" => ("payment_live", "the live payment of order"),
        "tracking-number" => ("tracking_number_taken", "the tracking number"),
        "template-name" => ("template_name_taken", "the template name"),
        "order-way" => ("cancellation_in_progress", "the way of order"),
        _ => ("already_taken", "it"),
    }
}
