//! Messages that could not be handled at once.
//!
//! The first message of a key that fails is *held*: written to the consumer's own store, whole, with its error. The
//! bus goes on; messages of the same key that come later queue up behind it, other keys never notice. The held head is
//! tried again when it is due; once it succeeds those behind it follow in order, and the key is free. If its attempts
//! are used up it is *dead*, and its key *parked*, until an operator replays or discards it.
//!
//! A key's queue is a document with a version, so that adding to its end and taking from its head exclude each other.

mod message;

use std::sync::Arc;

use commerce_core::commit::{Claim, Commit, CommitError, Conflict, DocumentWrite, Expected};
use commerce_core::event::CodecError;
use commerce_core::id::Tenant;
use commerce_core::store::{Query, Store, StoreError};
use commerce_core::stream::Version;
use commerce_core::{Host, Timestamp};

pub use message::{Attempt, HeldMessage, HeldState};
pub(crate) use message::{FirstFailure, HeldKey, KEYS, MESSAGES, commit_for, key_id, message_id};

use crate::DEDUPLICATION;
use crate::envelope::Envelope;

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

/// The held messages of one consumer group.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) group: String,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) host: Arc<dyn Host>,
}

/// A held message and the versions of its documents.
pub(crate) struct Head {
    pub(crate) message: HeldMessage,
    pub(crate) version: Version,
}

impl Held {
    /// The keys that have held messages, of every tenant.
    pub(crate) async fn keys(&self) -> Result<Vec<(Tenant, String)>, StoreError> {
        let query = Query::all_tenants(KEYS).equals("group", self.group.as_str()).limit(usize::MAX);
        let prefix = self.group.len() + 1;
        let documents = self.store.documents(&query).await?;
        Ok(documents
            .into_iter()
            .map(|document| (document.tenant, document.id[prefix..].to_owned()))
            .collect())
    }

    /// Puts a message at the end of its key's queue, where it waits; as the first of its key it is held as `failure`
    /// says. Answers whether it was put there: without a failure it is not, if the key has no queue any more.
    pub(crate) async fn append(
        &self,
        envelope: &Envelope,
        failure: Option<&FirstFailure>,
    ) -> Result<bool, HeldError> {
        loop {
            let document =
                self.store.document(&envelope.tenant, KEYS, &key_id(&self.group, &envelope.key)).await?;
            let (queue, version) = match &document {
                Some(document) => (document.json::<HeldKey>()?, document.version),
                None => (HeldKey { first: 0, next: 0 }, 0),
            };
            if document.is_none() && failure.is_none() {
                return Ok(false);
            }
            let mut message = self.hold(envelope, queue.next, failure);
            if document.is_some() {
                message.state = HeldState::Waiting;
                message.due = None;
            }
            let queue = HeldKey { next: queue.next + 1, ..queue };
            let commit = commit_for(&envelope.tenant)
                .document(queue.write(&self.group, &envelope.key, version)?)
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
        HeldMessage {
            group: self.group.clone(),
            sequence,
            state: failure.map_or(HeldState::Waiting, |failure| failure.state),
            begun: u32::from(failure.is_some()),
            under_way: failure.is_some_and(|failure| failure.worker_lost),
            attempts: failure.map(|failure| failure.attempt.clone()).into_iter().collect(),
            held_since: self.host.now(),
            due: failure.and_then(|failure| failure.due),
            skipped: false,
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

    /// The heads that are due, those that wait longest first.
    pub(crate) async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Head>, StoreError> {
        let query = Query::all_tenants(MESSAGES)
            .equals("group", self.group.as_str())
            .at_most("due", now)
            .ascending("due")
            .limit(limit);
        let documents = self.store.documents(&query).await?;
        documents
            .iter()
            .map(|document| Ok(Head { message: document.json()?, version: document.version }))
            .collect()
    }

    /// When the next head is due.
    pub(crate) async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let query =
            Query::all_tenants(MESSAGES).equals("group", self.group.as_str()).ascending("due").limit(1);
        let documents = self.store.documents(&query).await?;
        Ok(match documents.first() {
            Some(document) => document.json::<HeldMessage>()?.due,
            None => None,
        })
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
        let Some(document) = self.store.document(tenant, KEYS, &key_id(&self.group, key)).await? else {
            return Ok(commit);
        };
        let queue: HeldKey = document.json()?;
        let queue = HeldKey { first: message.sequence + 1, ..queue };
        let commit = commit.document(queue.write(&self.group, key, document.version)?);
        if queue.first >= queue.next {
            return Ok(commit);
        }
        let next = message_id(&self.group, key, queue.first);
        let Some(document) = self.store.document(tenant, MESSAGES, &next).await? else { return Ok(commit) };
        let mut next: HeldMessage = document.json()?;
        next.state = HeldState::Retrying;
        next.due = Some(self.host.now());
        Ok(commit.document(next.write(Expected::Version(document.version))?))
    }
}
