//! Messages that could not be handled at once.
//!
//! The first message of a key that fails is *held*: written to the consumer's own store, whole, with its error. The
//! bus goes on; messages of the same key that come later queue up behind it, other keys never notice. The held head is
//! tried again when it is due; once it succeeds those behind it follow in order, and the key is free. If its attempts
//! are used up it is *dead*, and its key *parked*, until an operator replays or discards it.
//!
//! A key's queue is a document with a version. Adding to the queue writes it, and so does taking its last message:
//! the two exclude each other. Taking a message that has another behind it leaves it alone, so that a stream of new
//! messages can't keep the head from leaving.

mod key;
mod message;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::{Claim, Commit, CommitError, Committed, Conflict, DocumentWrite, Expected};
use commerce_core::error::Kind;
use commerce_core::event::CodecError;
use commerce_core::id::Tenant;
use commerce_core::store::{Document, Query, Store, StoreError};
use commerce_core::stream::Version;
use commerce_core::{Host, Timestamp};
use tracing::error;

pub(crate) use key::filed;
pub use message::{Attempt, HeldMessage, HeldState, Replay};
use message::{DUE, UNSUSPECTED_DUE};
pub(crate) use message::{
    FirstFailure, HeldKey, KEYS, MESSAGES, commit_for, filed_key, key_id, message_id, plain,
};

use crate::DEDUPLICATION;
use crate::envelope::Envelope;

/// So long an empty queue is kept: longer than anyone can go on acting on what he read of it.
const EMPTY_KEPT: Duration = Duration::from_secs(60 * 60);
/// So many empty queues are forgotten at a time.
const PRUNED: usize = 500;

/// Why the held messages can't be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeldError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl HeldError {
    /// Whether someone else was faster.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Commit(CommitError::Conflict(_)))
    }

    /// Whether the same may succeed later: also what the store refuses now, as an operator can grant a right and bring back a
    /// table.
    pub(crate) fn may_pass(&self) -> bool {
        let is_refused = matches!(self, Self::Commit(CommitError::Refused { .. }));
        is_refused || matches!(self.kind(), Kind::Retryable | Kind::Conflict)
    }

    /// What can be done about it.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Commit(error) => error.kind(),
            Self::Codec(_) => Kind::Bug,
        }
    }
}

/// The held messages of one consumer group.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) group: String,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) host: Arc<dyn Host>,
}

/// A held message and the version of its document.
pub(crate) struct Head {
    pub(crate) message: HeldMessage,
    pub(crate) version: Version,
}

impl Held {
    /// The keys that have held messages, of every tenant.
    pub(crate) async fn keys(&self) -> Result<Vec<(Tenant, String)>, StoreError> {
        let query = Query::all_tenants(KEYS).equals("group", self.group.as_str()).limit(usize::MAX);
        let documents = self.store.documents(&query).await?;
        documents
            .into_iter()
            .map(|document| {
                let queue: HeldKey = document.json()?;
                Ok((document.tenant, queue.key))
            })
            .collect()
    }

    /// A key's queue and its version; an empty one if there is none.
    async fn queue(&self, tenant: &Tenant, key: &str) -> Result<(HeldKey, Version), StoreError> {
        Ok(match self.store.document(tenant, KEYS, &key_id(&self.group, key)).await? {
            Some(document) => (document.json()?, document.version),
            None => (HeldKey { key: key.to_owned(), next: 0, open: false }, 0),
        })
    }

    /// Whether a key has held messages.
    pub(crate) async fn is_open(&self, tenant: &Tenant, key: &str) -> Result<bool, StoreError> {
        Ok(self.queue(tenant, key).await?.0.open)
    }

    /// How many messages wait behind this one, at the head of its key.
    pub(crate) async fn behind(&self, head: &HeldMessage) -> Result<usize, StoreError> {
        let (queue, _) = self.queue(head.tenant(), &head.envelope.key).await?;
        // What is added is numbered without gaps, and only the head leaves.
        Ok(usize::try_from(queue.next.saturating_sub(head.sequence + 1)).unwrap_or(usize::MAX))
    }

    /// Puts a message at the end of its key's queue, where it waits; as the first of its key it is held as `failure`
    /// says. Answers whether it was put there: without a failure it is not, if the key has no queue any more.
    pub(crate) async fn append(
        &self,
        envelope: &Envelope,
        failure: Option<&FirstFailure>,
    ) -> Result<bool, HeldError> {
        loop {
            let (queue, version) = self.queue(&envelope.tenant, &envelope.key).await?;
            if !queue.open && failure.is_none() {
                return Ok(false);
            }
            let mut message = self.hold(envelope, queue.next, failure);
            if queue.open {
                message.state = HeldState::Waiting;
                message.due = None;
            }
            let queue = HeldKey { next: queue.next + 1, open: true, ..queue };
            let commit = commit_for(&envelope.tenant)
                .document(queue.write(&self.group, version, self.host.now())?)
                .document(message.write(Expected::ABSENT)?)
                .claim(self.claim(envelope));
            match self.store.commit(commit).await {
                Ok(_) => return Ok(true),
                // A crash came between holding it and telling the bus.
                Err(CommitError::Conflict(Conflict::Claim { .. })) => return Ok(true),
                Err(CommitError::Conflict(_)) => continue,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn hold(&self, envelope: &Envelope, sequence: u64, failure: Option<&FirstFailure>) -> HeldMessage {
        // An attempt that has not ended is entered when the next one begins.
        let ended = failure.filter(|failure| !failure.worker_lost || failure.state == HeldState::Dead);
        HeldMessage {
            group: self.group.clone(),
            sequence,
            state: failure.map_or(HeldState::Waiting, |failure| failure.state),
            begun: u32::from(failure.is_some_and(|failure| !failure.attempt.not_yet)),
            under_way: failure.is_some() && ended.is_none(),
            attempts: ended.map(|failure| failure.attempt.clone()).into_iter().collect(),
            held_since: self.host.now(),
            due: failure.and_then(|failure| failure.due),
            skipped: false,
            replays: Vec::new(),
            envelope: envelope.clone(),
        }
    }

    /// Writes a dead message down beside its key's order.
    pub(crate) async fn skip(&self, envelope: &Envelope, failure: &FirstFailure) -> Result<(), HeldError> {
        let message = HeldMessage { skipped: true, ..self.hold(envelope, 0, Some(failure)) };
        let commit =
            commit_for(&envelope.tenant).document(message.write(Expected::Any)?).claim(self.claim(envelope));
        match self.store.commit(commit).await {
            Ok(_) | Err(CommitError::Conflict(Conflict::Claim { .. })) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A message is held once, however often the bus delivers it.
    fn claim(&self, envelope: &Envelope) -> Claim {
        Claim::new(format!("held/{}", self.group), envelope.id.to_string())
            .until(self.host.now().plus(DEDUPLICATION))
    }

    /// The heads that are to be tried again, those that are due first at the front.
    pub(crate) async fn heads(&self, limit: usize) -> Result<Vec<Head>, StoreError> {
        self.by(DUE, limit).await
    }

    /// The same without those that have cost a worker, or are being tried. Some that an earlier version of this program held
    /// are not found like this.
    pub(crate) async fn unsuspected_heads(&self, limit: usize) -> Result<Vec<Head>, StoreError> {
        self.by(UNSUSPECTED_DUE, limit).await
    }

    /// Those that can't be read keep their own keys waiting, not everyone's: it is read on behind them, however many they are.
    async fn by(&self, field: &'static str, limit: usize) -> Result<Vec<Head>, StoreError> {
        let mut asked = limit;
        loop {
            let query = Query::all_tenants(MESSAGES).equals("group", self.group.as_str()).ascending(field);
            let documents = self.store.documents(&query.limit(asked)).await?;
            let (mut heads, damage) = read_heads(&documents);
            let damaged = documents.len() - heads.len();
            if heads.len() < limit && documents.len() >= asked {
                // With as many again to spare, so that a long row of them takes few looks.
                asked = limit.saturating_add(damaged.saturating_mul(2));
                continue;
            }
            if let Some(error) = damage {
                error!(group = self.group, damaged, %error, "held messages are damaged: their keys wait");
            }
            heads.truncate(limit);
            return Ok(heads);
        }
    }

    /// Writes a changed head back.
    pub(crate) async fn rewrite(&self, head: &mut Head) -> Result<(), HeldError> {
        let write = head.message.write(Expected::Version(head.version))?;
        self.store.commit(commit_for(head.message.tenant()).document(write)).await?;
        head.version += 1;
        Ok(())
    }

    /// Adds to `commit` what takes a head out of its queue. The next of its key becomes the head, due at once.
    pub(crate) async fn remove(&self, head: &Head, commit: Commit) -> Result<Commit, HeldError> {
        let message = &head.message;
        let tenant = message.tenant();
        let version = Expected::Version(head.version);
        let commit = commit.document(DocumentWrite::delete(MESSAGES, message.id(), version));
        if message.skipped {
            return Ok(commit);
        }
        let key = &message.envelope.key;
        // Read before its next message is looked for: if one is added in between, the queue has another version.
        let (queue, version) = self.queue(tenant, key).await?;
        let next = message_id(&self.group, key, message.sequence + 1);
        let Some(document) = self.store.document(tenant, MESSAGES, &next).await? else {
            let emptied = HeldKey { open: false, ..queue };
            return Ok(commit.document(emptied.write(&self.group, version, self.host.now())?));
        };
        Ok(commit.document(self.as_head(message, &document)?))
    }

    /// The next of a key behind its head, as the head, due at once. One that can't be read is no fault of the head: it
    /// becomes the head as well, and keeps its key waiting.
    fn as_head(&self, before: &HeldMessage, document: &Document) -> Result<DocumentWrite, HeldError> {
        let (now, version) = (self.host.now(), Expected::Version(document.version));
        match document.json::<HeldMessage>() {
            Ok(mut next) => {
                next.state = HeldState::Retrying;
                next.due = Some(now);
                Ok(next.write(version)?)
            }
            Err(error) => {
                error!(group = self.group, %error, "a held message is damaged: its key waits");
                Ok(before.write_damaged_next(document, now)?)
            }
        }
    }

    /// Forgets queues that were emptied long ago, some of them at a time; answers whether there may be more.
    pub(crate) async fn prune(&self) -> Result<bool, HeldError> {
        let long_ago = self.host.now().minus(EMPTY_KEPT);
        let query = Query::all_tenants(KEYS)
            .equals("emptied_group", self.group.as_str())
            .at_most("emptied_at", long_ago)
            .limit(PRUNED);
        let documents = self.store.documents(&query).await?;
        let may_be_more = documents.len() == PRUNED;
        let mut deletes: BTreeMap<Tenant, Vec<DocumentWrite>> = BTreeMap::new();
        for Document { tenant, id, version, .. } in documents {
            let delete = DocumentWrite::delete(KEYS, id, Expected::Version(version));
            deletes.entry(tenant).or_default().push(delete);
        }
        for (tenant, deletes) in deletes {
            self.forget(&tenant, deletes).await?;
        }
        Ok(may_be_more)
    }

    /// Deletes queues together; one by one where one of them is in use again.
    async fn forget(&self, tenant: &Tenant, deletes: Vec<DocumentWrite>) -> Result<(), HeldError> {
        let together = Commit { documents: deletes.clone(), ..commit_for(tenant) };
        if !conflicts(self.store.commit(together).await)? {
            return Ok(());
        }
        for delete in deletes {
            conflicts(self.store.commit(commit_for(tenant).document(delete)).await)?;
        }
        Ok(())
    }

    /// The moment at which what falls due now does.
    pub(crate) fn now(&self) -> Timestamp {
        self.host.now()
    }
}

/// Whether a commit was not made as someone else was faster.
fn conflicts(result: Result<Committed, CommitError>) -> Result<bool, HeldError> {
    match result {
        Ok(_) => Ok(false),
        Err(CommitError::Conflict(_)) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// The heads that can be read, and what is wrong with the first that can't be.
fn read_heads(documents: &[Document]) -> (Vec<Head>, Option<StoreError>) {
    let (mut heads, mut damage) = (Vec::with_capacity(documents.len()), None);
    for document in documents {
        match document.json() {
            Ok(message) => heads.push(Head { message, version: document.version }),
            Err(error) => {
                damage.get_or_insert(error);
            }
        }
    }
    (heads, damage)
}

#[cfg(test)]
mod tests {
    use commerce_core::commit::NewMessage;
    use commerce_core::memory::MemoryStore;
    use commerce_core::store::ReadMessages;
    use commerce_core::testing::TestHost;

    use super::*;

    async fn two_messages(store: &MemoryStore) -> Vec<Envelope> {
        let commit = Commit::new().message(NewMessage::new("t", "k")).message(NewMessage::new("t", "k"));
        store.commit(commit).await.unwrap();
        let all = ReadMessages { partition: 0, after: 0, topics: &[], limit: 9 };
        let messages = store.read_messages(all).await.unwrap().messages;
        messages.into_iter().map(|message| Envelope::from_log(&"/shop".into(), message).unwrap()).collect()
    }

    async fn held_head(held: &Held, envelope: &Envelope) -> Head {
        let now = held.now();
        let attempt = Attempt { at: now, error: "no".to_owned(), kind: Kind::Retryable, not_yet: false };
        let failure =
            FirstFailure { state: HeldState::Retrying, attempt, due: Some(now), worker_lost: false };
        assert!(held.append(envelope, Some(&failure)).await.unwrap());
        held.heads(1).await.unwrap().remove(0)
    }

    /// Whoever still holds the head of a queue that was emptied since can't touch the queue that followed.
    #[tokio::test]
    async fn an_old_head_is_not_mistaken_for_a_new_one() {
        let host = Arc::new(TestHost::new());
        let store = Arc::new(MemoryStore::new(host.clone()));
        let messages = two_messages(&store).await;
        let held = Held { group: "g".to_owned(), store: store.clone(), host: host.clone() };
        let old = held_head(&held, &messages[0]).await;
        let removal = held.remove(&old, Commit::new()).await.unwrap();
        store.commit(removal.clone()).await.unwrap();
        let new = held_head(&held, &messages[1]).await;
        store.commit(removal).await.unwrap_err();
        let again = held.remove(&old, Commit::new()).await.unwrap();
        store.commit(again).await.unwrap_err();
        assert_eq!(held.heads(9).await.unwrap()[0].message.envelope.id, new.message.envelope.id);
    }

    #[tokio::test]
    async fn empty_queues_are_forgotten_after_a_while() {
        let host = Arc::new(TestHost::new());
        let store = Arc::new(MemoryStore::new(host.clone()));
        let messages = two_messages(&store).await;
        let held = Held { group: "g".to_owned(), store: store.clone(), host: host.clone() };
        let head = held_head(&held, &messages[0]).await;
        store.commit(held.remove(&head, Commit::new()).await.unwrap()).await.unwrap();
        let kept = async || store.documents(&Query::all_tenants(KEYS)).await.unwrap().len();
        held.prune().await.unwrap();
        assert_eq!((kept().await, held.keys().await.unwrap().len()), (1, 0));
        host.advance(EMPTY_KEPT);
        held.prune().await.unwrap();
        assert_eq!(kept().await, 0);
    }
}
