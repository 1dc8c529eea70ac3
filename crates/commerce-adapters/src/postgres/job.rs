//! A commit on its way to the database.

use std::hash::{DefaultHasher, Hash, Hasher};

use commerce_core::commit::{Commit, CommitError, CommitId, Committed};
use tokio::sync::oneshot;

/// The answer to a commit.
pub(super) type Answer = Result<Committed, CommitError>;

/// A commit that waits to be written, with what is known of it without the database.
pub(super) struct Job {
    pub(super) commit: Commit,
    pub(super) id: CommitId,
    /// The caller gave the id: it might have been used before.
    pub(super) id_was_given: bool,
    /// Its metadata as JSON; empty if nothing carries it.
    pub(super) metadata: String,
    /// What it touches, hashed: commits that share a key are applied in the order in which they were handed over. Two
    /// things that happen to have one hash wait for each other, and no more.
    pub(super) keys: Vec<u64>,
    /// How many rows it writes, or looks at.
    pub(super) rows: usize,
    reply: Option<oneshot::Sender<Answer>>,
}

impl Job {
    /// A commit under an id, and where its answer will come.
    pub(super) fn new(commit: Commit, id: CommitId) -> (Box<Self>, oneshot::Receiver<Answer>) {
        let (reply, answer) = oneshot::channel();
        let mut job = Self::silent(commit, id);
        job.reply = Some(reply);
        (Box::new(job), answer)
    }

    /// A commit whose answer is read off the group it is in.
    pub(super) fn silent(commit: Commit, id: CommitId) -> Self {
        let carried = !commit.messages.is_empty() || commit.appends.iter().any(|a| !a.events.is_empty());
        let metadata =
            if carried { serde_json::to_string(&commit.metadata).unwrap_or_default() } else { String::new() };
        Self {
            id,
            id_was_given: commit.id.is_some(),
            metadata,
            keys: keys(&commit, id),
            rows: rows(&commit),
            commit,
            reply: None,
        }
    }

    /// Tells the caller, who may have gone: the commit stands all the same.
    pub(super) fn answer(mut self: Box<Self>, answer: Answer) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(answer);
        }
    }
}

fn rows(commit: &Commit) -> usize {
    let Commit { appends, documents, messages, claims, .. } = commit;
    let events: usize = appends.iter().map(|append| append.events.len().max(1)).sum();
    1 + events + documents.len() + messages.len() + claims.len()
}

fn keys(commit: &Commit, id: CommitId) -> Vec<u64> {
    let tenant = commit.tenant.as_str();
    let mut keys =
        Vec::with_capacity(1 + commit.appends.len() + commit.documents.len() + commit.messages.len());
    keys.push(commit_key(id));
    keys.extend(commit.requires.iter().map(|required| commit_key(*required)));
    keys.extend(commit.appends.iter().map(|append| stream_key(tenant, append.stream.as_str())));
    keys.extend(commit.documents.iter().map(|write| document_key(tenant, &write.collection, &write.id)));
    keys.extend(commit.claims.iter().map(|claim| claim_key(tenant, &claim.key.scope, &claim.key.key)));
    keys.extend(commit.releases.iter().map(|key| claim_key(tenant, &key.scope, &key.key)));
    keys.extend(commit.checkpoints.iter().map(|moved| checkpoint_key(&moved.reader)));
    keys.extend(commit.messages.iter().map(|message| message_key(tenant, &message.key)));
    keys
}

pub(super) fn commit_key(id: CommitId) -> u64 {
    hash((0_u8, id))
}

pub(super) fn stream_key(tenant: &str, stream: &str) -> u64 {
    hash((1_u8, tenant, stream))
}

pub(super) fn document_key(tenant: &str, collection: &str, id: &str) -> u64 {
    hash((2_u8, tenant, collection, id))
}

pub(super) fn claim_key(tenant: &str, scope: &str, key: &str) -> u64 {
    hash((3_u8, tenant, scope, key))
}

pub(super) fn checkpoint_key(reader: &str) -> u64 {
    hash((4_u8, reader))
}

fn message_key(tenant: &str, key: &str) -> u64 {
    hash((5_u8, tenant, key))
}

fn hash(key: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
