//! The same request twice has one effect and one answer.
//!
//! A client that got no answer sends its request again, under the same key. The first request with a key takes a
//! [`Ticket`]; its answer is stored in the very commit that does what was asked. Later ones get that answer.

mod entry;
mod error;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::{Commit, CommitError, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::{Document, Query, Store, StoreError};
use commerce_core::stream::Version;
use commerce_core::{Host, Timestamp};

pub use error::IdempotencyError;

use crate::held::{commit_for, plain};
use entry::{COLLECTION, Entry, Finding, State, look};

/// So many expired keys are looked at in one go.
const PRUNED: usize = 1_000;

/// The idempotency keys of one kind of request.
///
/// ```
/// # use std::sync::Arc;
/// # use commerce_core::{Host, id::Tenant, memory::MemoryStore, store::Store};
/// # use commerce_core::commit::{Commit, NewMessage};
/// # use commerce_outbox::{Begin, Idempotency, SystemHost};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let host = Arc::new(SystemHost);
/// # let store: Arc<dyn Store> = Arc::new(MemoryStore::new(host.clone()));
/// let orders = Idempotency::new(store.clone(), host, "orders");
/// let tenant = Tenant::default();
///
/// let Begin::Fresh(ticket) = orders.begin(&tenant, "key-of-the-client", "hash of the request").await? else {
///     return Err("the key is new".into());
/// };
/// let commit = Commit::new().message(NewMessage::new("orders", "order-1"));
/// store.commit(ticket.complete(commit, b"201 order-1".to_vec())?).await?;
///
/// let again = orders.begin(&tenant, "key-of-the-client", "hash of the request").await?;
/// assert!(matches!(again, Begin::Replay(answer) if answer == b"201 order-1"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Idempotency {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    scope: String,
    retention: Duration,
    lock: Duration,
}

/// What a request with a key is to do.
pub enum Begin {
    /// It is the first: do what was asked.
    Fresh(Ticket),
    /// It was done before: this was the answer.
    Replay(Vec<u8>),
    /// It is being done right now: ask again later.
    InProgress,
    /// The key was used for another request. The client is at fault.
    Mismatch,
}

/// The right to answer a request. Whoever drops it without a word blocks the key until its lock ends.
pub struct Ticket {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    tenant: Tenant,
    id: String,
    fingerprint: String,
    version: Version,
    retention: Duration,
    /// When the key is forgotten if the request never ends.
    expires_at: Timestamp,
}

impl Idempotency {
    /// The keys of requests of one kind. Answers are kept for 24 hours at least, and for a minute more at most; a
    /// request that was begun blocks its key for a minute unless it ends before. What has expired is forgotten by [`Retention`](crate::Retention).
    pub fn new(store: Arc<dyn Store>, host: Arc<dyn Host>, scope: &str) -> Self {
        Self {
            store,
            host,
            scope: scope.to_owned(),
            retention: Duration::from_secs(24 * 60 * 60),
            lock: Duration::from_secs(60),
        }
    }

    /// Keeps answers for so long, and at most for as much longer as a request may [block](Self::lock) its key.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// A request that was begun blocks its key for so long at most: longer than any takes, as a crashed one can't say
    /// that it is gone.
    pub fn lock(mut self, lock: Duration) -> Self {
        self.lock = lock;
        self
    }

    /// Begins a request. The fingerprint tells whether it is the same as an earlier one with that key: a hash of all
    /// that matters in it.
    ///
    /// # Errors
    /// When the store can't be read or written.
    pub async fn begin(
        &self,
        tenant: &Tenant,
        key: &str,
        fingerprint: &str,
    ) -> Result<Begin, IdempotencyError> {
        let id = format!("{}/{key}", plain(&self.scope));
        // Most keys are new: what is there is read only when it turns out that something is.
        let mut found: Option<Document> = None;
        loop {
            let version = found.as_ref().map_or(0, |document| document.version);
            let now = self.host.now();
            if let Some(document) = &found {
                match look(document.json()?, fingerprint, now) {
                    Finding::Open => {}
                    Finding::Replay(answer) => return Ok(Begin::Replay(answer)),
                    Finding::InProgress => return Ok(Begin::InProgress),
                    Finding::Mismatch => return Ok(Begin::Mismatch),
                }
            }
            let running = self.running(fingerprint, now);
            let ticket = self.ticket(tenant, &id, fingerprint, version + 1, running.expires_at);
            // It need not outlast the store's machine: nothing is written under a ticket but in a commit that makes what came
            // before it durable as well, or that nothing came of.
            let begin = commit_for(tenant).document(running.write(&id, version)?).relaxed();
            match self.store.commit(begin).await {
                Ok(_) => return Ok(Begin::Fresh(ticket)),
                Err(CommitError::Conflict(_)) => found = self.store.document(tenant, COLLECTION, &id).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn running(&self, fingerprint: &str, now: Timestamp) -> Entry {
        let locked_until = now.plus(self.lock);
        Entry {
            state: State::Running { fingerprint: fingerprint.to_owned(), locked_until },
            expires_at: locked_until.plus(self.retention),
        }
    }

    fn ticket(
        &self,
        tenant: &Tenant,
        id: &str,
        fingerprint: &str,
        version: Version,
        expires_at: Timestamp,
    ) -> Ticket {
        Ticket {
            store: self.store.clone(),
            host: self.host.clone(),
            tenant: tenant.clone(),
            id: id.to_owned(),
            fingerprint: fingerprint.to_owned(),
            version,
            retention: self.retention,
            expires_at,
        }
    }
}

impl fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotency")
            .field("scope", &self.scope)
            .field("retention", &self.retention)
            .field("lock", &self.lock)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Begin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh(ticket) => f.debug_tuple("Fresh").field(ticket).finish(),
            Self::Replay(_) => f.debug_tuple("Replay").finish_non_exhaustive(),
            Self::InProgress => f.write_str("InProgress"),
            Self::Mismatch => f.write_str("Mismatch"),
        }
    }
}

impl Ticket {
    /// Adds the answer to the commit that does what was asked. If the commit meets a conflict about a document of the
    /// collection `idempotency`, the lock had ended and another request with the key has taken over.
    ///
    /// # Errors
    /// [`IdempotencyError::Tenant`] if the commit is another tenant's.
    pub fn complete(&self, commit: Commit, answer: Vec<u8>) -> Result<Commit, IdempotencyError> {
        if commit.tenant != self.tenant {
            return Err(IdempotencyError::Tenant {
                ticket: self.tenant.to_string(),
                commit: commit.tenant.to_string(),
            });
        }
        let state = State::Done { fingerprint: self.fingerprint.clone(), answer: answer.into() };
        Ok(commit.document(self.entry(state).write(&self.id, self.version)?))
    }

    /// Gives the key back without an answer, as nothing was done: the same request may be begun again at once.
    ///
    /// # Errors
    /// When the store can't be written. The lock ends by itself then.
    pub async fn abandon(self) -> Result<(), IdempotencyError> {
        let write = self.entry(State::Free).write(&self.id, self.version)?;
        match self.store.commit(commit_for(&self.tenant).document(write)).await {
            // Others have taken over, or it was completed: it is not this request's any more.
            Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Where it can, an entry expires when it would have expired had nothing more been heard: that index stays as it is.
    fn entry(&self, state: State) -> Entry {
        Entry { state, expires_at: self.expires_at.max(self.host.now().plus(self.retention)) }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("tenant", &self.tenant)
            .field("version", &self.version)
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

/// Forgets keys that have expired, of every tenant and every kind of request. Answers how many.
pub(crate) async fn prune(store: &Arc<dyn Store>, now: Timestamp) -> Result<u64, StoreError> {
    let mut count = 0;
    loop {
        let query = Query::all_tenants(COLLECTION).at_most("expires_at", now).limit(PRUNED);
        let expired = store.documents(&query).await?;
        let last = expired.len() < PRUNED;
        // All are handed over before the first is waited for, so that the store can write them together.
        let deletes: Vec<_> = expired
            .into_iter()
            .map(|document| {
                let version = Expected::Version(document.version);
                let delete = DocumentWrite::delete(COLLECTION, document.id, version);
                store.commit(commit_for(&document.tenant).document(delete))
            })
            .collect();
        for delete in deletes {
            match delete.await {
                Ok(_) => count += 1,
                // Someone has begun anew with the key.
                Err(CommitError::Conflict(_)) => {}
                Err(error) => return Err(StoreError::Unavailable { source: error.into() }),
            }
        }
        if last {
            return Ok(count);
        }
    }
}
