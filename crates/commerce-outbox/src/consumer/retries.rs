//! Tries held messages again when they are due.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::error::Kind;
use futures_util::StreamExt;
use futures_util::stream;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::worker::Worker;
use crate::held::{Attempt, Head, HeldError, HeldState};

/// So often held messages are looked for that no one in this process has put there.
const POLL: Duration = Duration::from_secs(1);
/// How long the member that does the retries for its group may be silent.
const LEASE: Duration = Duration::from_secs(10);
/// So many keys are tried at a time.
const CONCURRENCY: usize = 16;
/// So many heads are looked at in one go.
const BATCH: usize = 64;

/// One member of the group does this at a time.
pub(super) async fn run(worker: Arc<Worker>, shutdown: CancellationToken) {
    let holder = worker.held.host.new_id();
    let name = format!("held/{}", worker.held.group);
    let work = async {
        loop {
            let wait = match worker.held.store.acquire_lease(&name, holder, LEASE).await {
                Ok(Some(_)) => try_due(&worker).await.unwrap_or_else(|error| {
                    warn!(group = worker.held.group, %error, "held messages are out of reach");
                    POLL
                }),
                _ => POLL,
            };
            let _ = tokio::time::timeout(wait, worker.news.notified()).await;
        }
    };
    tokio::select! { () = shutdown.cancelled() => {}, () = work => {} }
    if let Ok(Some(lease)) = worker.held.store.acquire_lease(&name, holder, LEASE).await {
        let _ = worker.held.store.release_lease(&lease).await;
    }
}

/// Tries what is due; answers how long to wait for more.
async fn try_due(worker: &Worker) -> Result<Duration, HeldError> {
    let heads = worker.held.due(worker.held.host.now(), BATCH).await?;
    if heads.is_empty() {
        let next = worker.held.next_due().await?;
        return Ok(next.map_or(POLL, |due| due.since(worker.held.host.now()).min(POLL)));
    }
    // One that took its worker with it runs alone: whatever ran beside it would be counted too.
    let (suspects, others): (Vec<_>, Vec<_>) = heads.into_iter().partition(|head| head.message.under_way);
    for head in suspects {
        try_head(worker, head).await?;
    }
    let results: Vec<_> =
        stream::iter(others).map(|head| try_head(worker, head)).buffer_unordered(CONCURRENCY).collect().await;
    results.into_iter().collect::<Result<(), _>>()?;
    Ok(Duration::ZERO)
}

/// Tries a head once.
async fn try_head(worker: &Worker, mut head: Head) -> Result<(), HeldError> {
    let policy = worker.options.retry;
    if head.message.begun >= policy.attempts {
        let lost = Attempt {
            at: worker.held.host.now(),
            error: format!("its worker was lost at attempt {}", head.message.begun),
            kind: Kind::Retryable,
        };
        return fail(worker, head, lost).await;
    }
    head.message.begun += 1;
    head.message.under_way = true;
    worker.held.rewrite(&mut head).await?;
    let envelope = head.message.envelope.clone();
    match worker.handle(&envelope, Some(&head)).await {
        Ok(()) => {
            info!(group = worker.held.group, message = %envelope.id, "a held message was handled");
            finish(worker, head).await
        }
        Err(error) => {
            let attempt = worker.attempt(&error);
            fail(worker, head, attempt).await
        }
    }
}

/// The message has had its effect. Usually that took it out of its queue as well; not if it had its effect before.
async fn finish(worker: &Worker, head: Head) -> Result<(), HeldError> {
    let message = &head.message;
    let found = worker.held.store.document(message.tenant(), crate::held::MESSAGES, &message.id()).await?;
    if found.is_some_and(|document| document.version == head.version) {
        let commit = worker.held.remove(&head, crate::held::commit_for(message.tenant())).await?;
        worker.held.store.commit(commit).await?;
    }
    Ok(())
}

async fn fail(worker: &Worker, mut head: Head, attempt: Attempt) -> Result<(), HeldError> {
    let message = &mut head.message;
    warn!(group = message.group, message = %message.envelope.id, error = attempt.error, "a held message failed again");
    let wait = worker.wait_after(&attempt, message.begun);
    message.attempts.push(attempt);
    message.under_way = false;
    match wait {
        Some(wait) => message.due = Some(worker.held.host.now().plus(wait)),
        None if worker.skips(&message.envelope) && !message.skipped => return skip(worker, head).await,
        None => {
            message.state = HeldState::Dead;
            message.due = None;
        }
    }
    worker.held.rewrite(&mut head).await
}

/// The dead letter steps aside, so that its key goes on.
async fn skip(worker: &Worker, mut head: Head) -> Result<(), HeldError> {
    let commit = worker.held.remove(&head, crate::held::commit_for(head.message.tenant())).await?;
    head.message.skipped = true;
    head.message.state = HeldState::Dead;
    head.message.due = None;
    let aside = head.message.write(commerce_core::commit::Expected::Any)?;
    worker.held.store.commit(commit.document(aside)).await?;
    Ok(())
}
