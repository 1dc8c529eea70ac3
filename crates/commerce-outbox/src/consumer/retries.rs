//! Tries held messages again when they are due.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use commerce_core::commit::Expected;
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use commerce_core::store::Lease;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use uuid::Uuid;

use super::dispatch::GRACE;
use super::observe::{self, Outcome};
use super::worker::Worker;
use crate::held::{Attempt, Head, HeldError, HeldState, MESSAGES, commit_for};

/// So often held messages are looked for that no one in this process has put there.
const POLL: Duration = Duration::from_secs(1);
/// What may fail, and be tried again.
const RETRYING: &str = "looking for held messages";
/// So many keys are tried at a time.
const CONCURRENCY: usize = 16;
/// What takes its worker with it mostly does so at once: a suspect that is at work for so long lets others begin. Without
/// that, one crash while a provider is slow would have all that was under way wait for it one by one, longer than anyone
/// waits for them.
const SURVIVES: Duration = Duration::from_millis(100);
/// So long nothing is tried when an attempt could not be written down.
const PAUSE: Duration = Duration::from_millis(500);
/// So many heads are looked at in one go.
const BATCH: usize = 64;
/// So often it is found out anew which keys are held, and queues are looked for that were emptied.
const TIDY: Duration = Duration::from_secs(10 * 60);

/// One member of the group does this at a time: two would count each other's attempts as lost. Should two do it all the
/// same, each head's version lets only one of them begin an attempt.
pub(super) async fn run(worker: Arc<Worker>, shutdown: CancellationToken) {
    let mut retries = Retries::new(worker);
    while !shutdown.is_cancelled() {
        let passed = retries.pass().await;
        retries.worker.health.note(RETRYING, &passed);
        let wait = match passed {
            Ok(wait) => wait,
            Err(error) => {
                warn!(group = retries.worker.held.group, %error, "held messages are out of reach");
                POLL
            }
        };
        let wait = if retries.prunes { Duration::ZERO } else { wait };
        // A short lease would end before more is looked for.
        let until = retries.renew_at.min(Instant::now() + wait);
        tokio::select! {
            () = shutdown.cancelled() => {}
            Some(done) = retries.running.join_next() => retries.done(done),
            _ = tokio::time::timeout_at(until, retries.worker.news.notified()) => {}
        }
    }
    retries.leave().await;
}

type HeadName = (Tenant, String);
type Named = (HeadName, Head);
type Tried = (HeadName, Result<(), HeldError>);

/// What took a worker with it before has to run alone: whatever ran beside it would be counted too.
enum Standing {
    /// It did not.
    Unsuspected,
    /// It was taken when a worker was lost, perhaps with a thousand others. It runs alone until it has survived so far.
    Suspect(Arc<AtomicBool>),
    /// It was lost, and has few attempts left: it runs alone to its end.
    Alone,
}

impl Standing {
    fn is_alone(&self) -> bool {
        match self {
            Self::Unsuspected => false,
            Self::Suspect(survived) => !survived.load(Ordering::Relaxed),
            Self::Alone => true,
        }
    }
}

struct Retries {
    worker: Arc<Worker>,
    holder: Uuid,
    lease: Option<Lease>,
    renew_at: Instant,
    tidy_at: Instant,
    /// There may be more queues that were emptied and are to be forgotten.
    prunes: bool,
    /// Nothing is started before: the store has just refused what is written of an attempt, and would again.
    start_at: Instant,
    running: JoinSet<Tried>,
    /// What runs.
    names: HashMap<HeadName, Standing>,
    /// The next to be started is such a suspect: the others have had their turn.
    suspects_turn: bool,
}

impl Retries {
    fn new(worker: Arc<Worker>) -> Self {
        Self {
            holder: worker.held.host.new_id(),
            worker,
            lease: None,
            renew_at: Instant::now(),
            tidy_at: Instant::now() + TIDY,
            prunes: false,
            start_at: Instant::now(),
            running: JoinSet::new(),
            names: HashMap::new(),
            suspects_turn: false,
        }
    }

    /// Starts what is due; answers how long to wait for more.
    async fn pass(&mut self) -> Result<Duration, HeldError> {
        self.renew().await?;
        self.tidy().await?;
        self.prune().await?;
        if self.lease.is_none() || self.names.values().any(Standing::is_alone) {
            return Ok(POLL);
        }
        let pause = self.start_at.saturating_duration_since(Instant::now());
        if !pause.is_zero() {
            return Ok(pause.min(POLL));
        }
        let (due, wait) = self.due().await?;
        for (name, head) in self.turn(due) {
            self.start(name, head);
        }
        Ok(wait)
    }

    /// Forgets what has been done with, here or by other members and operators.
    async fn tidy(&mut self) -> Result<(), HeldError> {
        if Instant::now() < self.tidy_at {
            return Ok(());
        }
        self.tidy_at = Instant::now() + TIDY;
        self.prunes = true;
        Ok(self.worker.refresh_held_keys().await?)
    }

    /// Forgets some of the queues that were emptied, until there are none: what is due is not to wait for all of them. What
    /// fails is left for the next time.
    async fn prune(&mut self) -> Result<(), HeldError> {
        if std::mem::take(&mut self.prunes) && self.lease.is_some() {
            self.prunes = self.worker.held.prune().await?;
        }
        Ok(())
    }

    /// What is due and not being tried, and how long to wait for more.
    async fn due(&self) -> Result<(Vec<Named>, Duration), HeldError> {
        let held = &self.worker.held;
        let mut heads = self.idle(held.heads(BATCH + self.names.len()).await?);
        if !heads.is_empty() && heads.iter().all(|(_, head)| head.message.under_way) {
            // After a crash they may be so many that others lie far behind them.
            heads.extend(self.idle(held.unsuspected_heads(BATCH).await?));
        }
        let now = held.now();
        let later = heads.iter().filter_map(|(_, head)| head.message.due.filter(|due| *due > now)).min();
        heads.retain(|(_, head)| head.message.due.is_none_or(|due| due <= now));
        Ok((heads, later.map_or(POLL, |due| due.since(now).min(POLL))))
    }

    /// Those that are not being tried.
    fn idle(&self, heads: Vec<Head>) -> Vec<Named> {
        let named = heads.into_iter().map(|head| ((head.message.tenant().clone(), head.message.id()), head));
        named.filter(|(name, _)| !self.names.contains_key(name)).collect()
    }

    /// Which of those that are due are to be started now. Where there are suspects, a single one and all others take turns:
    /// it has to run alone at first, and neither may keep the other waiting for long.
    fn turn(&mut self, due: Vec<Named>) -> Vec<Named> {
        let room = CONCURRENCY.saturating_sub(self.running.len());
        let (mut suspects, mut others): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|(_, head)| head.message.under_way);
        if self.names.values().any(|standing| matches!(standing, Standing::Suspect(_))) {
            others.retain(|(_, head)| self.can_spare_an_attempt(head));
        }
        if suspects.is_empty() || !(others.is_empty() || self.suspects_turn) {
            self.suspects_turn = !suspects.is_empty();
            others.truncate(room);
            return others;
        }
        suspects.sort_by_key(|(_, head)| !self.may_survive(head));
        let first_may_survive = suspects.first().is_some_and(|(_, head)| self.may_survive(head));
        let is_in_company = match first_may_survive {
            true => self.names.values().any(|standing| matches!(standing, Standing::Unsuspected)),
            false => !self.running.is_empty(),
        };
        if is_in_company || room == 0 {
            return Vec::new();
        }
        self.suspects_turn = false;
        suspects.truncate(1);
        suspects
    }

    /// Whether a suspect need not run alone to its end. Whoever ran beside one that takes the worker with it after all is
    /// counted too, so that its last two attempts it makes alone: what others do can't use up more than those before. Where
    /// there are few attempts, it has company after its first loss only.
    fn may_survive(&self, head: &Head) -> bool {
        let (begun, attempts) = (head.message.begun, self.worker.options.retry.attempts);
        if begun == 1 { attempts > 2 } else { attempts.saturating_sub(begun) > 2 }
    }

    /// Whether it may be lost beside a suspect without being dead for that.
    fn can_spare_an_attempt(&self, head: &Head) -> bool {
        head.message.begun.saturating_add(1) < self.worker.options.retry.attempts
    }

    async fn renew(&mut self) -> Result<(), HeldError> {
        if Instant::now() < self.renew_at {
            return Ok(());
        }
        let (held, lease) = (&self.worker.held, self.worker.options.retry_lease);
        // Before it is asked for: where there is no answer it is asked for again soon, and not without end.
        self.renew_at = Instant::now() + POLL.min(lease / 3);
        self.lease = held.store.acquire_lease(&format!("held/{}", held.group), self.holder, lease).await?;
        let wait = if self.lease.is_some() { lease / 3 } else { POLL.min(lease) };
        self.renew_at = Instant::now() + wait;
        Ok(())
    }

    fn start(&mut self, name: HeadName, head: Head) {
        let survived = Arc::new(AtomicBool::new(false));
        let standing = match (head.message.under_way, self.may_survive(&head)) {
            (false, _) => Standing::Unsuspected,
            (true, true) => Standing::Suspect(survived.clone()),
            (true, false) => Standing::Alone,
        };
        self.names.insert(name.clone(), standing);
        let worker = self.worker.clone();
        self.running.spawn(async move { (name, try_head(&worker, head, &survived).await) });
    }

    fn done(&mut self, done: Result<Tried, JoinError>) {
        match done {
            Ok((name, result)) => {
                self.names.remove(&name);
                match result {
                    Ok(()) => {}
                    Err(error) if error.is_conflict() => {
                        debug!(group = self.worker.held.group, held = name.1, %error, "others were faster");
                    }
                    Err(error) => {
                        warn!(group = self.worker.held.group, held = name.1, %error, "a retry was cut short");
                        self.start_at = Instant::now() + PAUSE;
                    }
                }
            }
            Err(error) => warn!(group = self.worker.held.group, %error, "a retry broke down"),
        }
        if self.running.is_empty() {
            self.names.clear();
        }
    }

    /// Lets what runs finish: an attempt that is cut off counts as one that took its worker with it.
    async fn leave(mut self) {
        let _ = tokio::time::timeout(GRACE, self.finish()).await;
        let count = self.running.len();
        if count > 0 {
            warn!(
                group = self.worker.held.group,
                count, "handlers of held messages were cut off, as they took too long"
            );
        }
        self.running.abort_all();
        if let Some(lease) = &self.lease {
            let _ = self.worker.held.store.release_lease(lease).await;
        }
    }

    /// Until nothing runs any more. The lease is kept so long: another member would take what runs for lost.
    async fn finish(&mut self) {
        loop {
            tokio::select! {
                done = self.running.join_next() => match done {
                    Some(done) => self.done(done),
                    None => return,
                },
                () = tokio::time::sleep_until(self.renew_at), if self.lease.is_some() => self.keep().await,
            }
        }
    }

    async fn keep(&mut self) {
        if let Err(error) = self.renew().await {
            warn!(group = self.worker.held.group, %error, "others may take what is tried for lost");
        }
    }
}

/// Tries a head once. It has `survived` once it has been at work for a moment.
async fn try_head(worker: &Worker, mut head: Head, survived: &AtomicBool) -> Result<(), HeldError> {
    if head.message.under_way {
        let error = format!("its worker was lost at attempt {}", head.message.begun);
        let lost = Attempt { at: worker.held.now(), error, kind: Kind::Retryable, not_yet: false };
        head.message.ended(lost);
    }
    if head.message.begun >= worker.options.retry.attempts {
        return bury(worker, head).await;
    }
    head.message.begun += 1;
    head.message.under_way = true;
    worker.held.rewrite(&mut head).await?;
    let envelope = head.message.envelope.clone();
    let survives = || {
        survived.store(true, Ordering::Relaxed);
        worker.news.notify_one();
    };
    match watched(worker.handle(&envelope, Some(&head)), survives).await {
        Ok(outcome) => {
            worker.count(&envelope, outcome);
            finish(worker, head).await
        }
        Err(error) => {
            let attempt = worker.attempt(&error);
            fail(worker, head, attempt).await
        }
    }
}

/// Does the work, and says when it has been at it for a moment.
async fn watched<T>(work: impl Future<Output = T>, survives: impl FnOnce()) -> T {
    let mut work = pin!(work);
    match tokio::time::timeout(SURVIVES, work.as_mut()).await {
        Ok(done) => done,
        Err(_) => {
            survives();
            work.await
        }
    }
}

/// The message has had its effect. Usually that took it out of its queue as well; not if it had its effect before.
async fn finish(worker: &Worker, head: Head) -> Result<(), HeldError> {
    let message = &head.message;
    let found = worker.held.store.document(message.tenant(), MESSAGES, &message.id()).await?;
    if found.is_some_and(|document| document.version == head.version) {
        let commit = worker.held.remove(&head, commit_for(message.tenant())).await?;
        worker.held.store.commit(commit).await?;
    }
    Ok(worker.forget_if_emptied(&message.envelope).await?)
}

async fn fail(worker: &Worker, mut head: Head, attempt: Attempt) -> Result<(), HeldError> {
    let message = &mut head.message;
    let waited = worker.held.now().since(message.held_since);
    let wait = worker.wait_after(&attempt, message.begun, waited);
    worker.count(&message.envelope, Outcome::of(&attempt, wait));
    message.ended(attempt);
    let Some(wait) = wait else { return bury(worker, head).await };
    message.due = Some(worker.held.now().plus(wait));
    worker.held.rewrite(&mut head).await
}

/// The head is dead. Its key is parked, or goes on where the topic skips dead letters.
async fn bury(worker: &Worker, head: Head) -> Result<(), HeldError> {
    let envelope = head.message.envelope.clone();
    give_up(worker, head).await?;
    observe::died(&worker.held.group, &envelope);
    Ok(())
}

async fn give_up(worker: &Worker, mut head: Head) -> Result<(), HeldError> {
    if worker.skips(&head.message.envelope) && !head.message.skipped {
        return skip(worker, head).await;
    }
    head.message.state = HeldState::Dead;
    head.message.due = None;
    worker.held.rewrite(&mut head).await
}

/// The dead letter steps aside, so that its key goes on.
async fn skip(worker: &Worker, mut head: Head) -> Result<(), HeldError> {
    let commit = worker.held.remove(&head, commit_for(head.message.tenant())).await?;
    head.message.skipped = true;
    head.message.state = HeldState::Dead;
    head.message.due = None;
    let aside = head.message.write(Expected::Any)?;
    worker.held.store.commit(commit.document(aside)).await?;
    Ok(worker.forget_if_emptied(&head.message.envelope).await?)
}
