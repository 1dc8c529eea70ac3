//! A commit on its way to the database.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::ops::Range;
use std::sync::LazyLock;

use commerce_core::commit::{Append, Commit, CommitError, CommitId, Committed, Expected};
use commerce_core::stream::Version;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::stream_key::stream_key;

/// The answer to a commit.
pub(super) type Answer = Result<Committed, CommitError>;

/// A commit that waits to be written, with what is known of it without the database.
pub(super) struct Job {
    pub(super) commit: Commit,
    pub(super) id: CommitId,
    /// The caller gave the id, and it might have been used before.
    pub(super) id_was_given: bool,
    /// Its metadata as JSON; empty if nothing carries it.
    pub(super) metadata: String,
    pub(super) keys: Keys,
    /// By what the database finds its streams, one for each of its appends.
    pub(super) stream_keys: Vec<Uuid>,
    /// How many rows it writes, or looks at.
    pub(super) rows: usize,
    /// How long what it writes is, about.
    pub(super) bytes: usize,
    /// It was in doubt before: now it is written, or refused, as any other.
    pub(super) was_doubted: bool,
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
        let metadata = if writes_to_a_log(&commit) {
            serde_json::to_string(&commit.metadata).unwrap_or_default()
        } else {
            String::new()
        };
        Self {
            id,
            id_was_given: commit.id.is_some() && !commit.id_is_new,
            metadata,
            keys: Keys::of(&commit, id),
            stream_keys: stream_keys(&commit),
            rows: rows(&commit),
            bytes: bytes(&commit),
            was_doubted: false,
            commit,
            reply: None,
        }
    }

    /// The only stream that decides whether it can be written, and the version that it expects there, if nothing else is
    /// looked at before.
    pub(super) fn sole_expectation(&self) -> Option<(u64, Version)> {
        let Commit { fences, requires, appends, .. } = &self.commit;
        match (&appends[..], self.keys.streams()) {
            ([Append { expected: Expected::Version(version), .. }], [key])
                if !self.id_was_given && fences.is_empty() && requires.is_empty() =>
            {
                Some((*key, *version))
            }
            _ => None,
        }
    }

    /// Whether it has events or messages.
    pub(super) fn writes_to_a_log(&self) -> bool {
        writes_to_a_log(&self.commit)
    }

    /// Tells the caller, who may have gone: the commit stands all the same.
    pub(super) fn answer(mut self: Box<Self>, answer: Answer) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(answer);
        }
    }
}

fn writes_to_a_log(commit: &Commit) -> bool {
    !commit.messages.is_empty() || commit.appends.iter().any(|append| !append.events.is_empty())
}

fn stream_keys(commit: &Commit) -> Vec<Uuid> {
    commit.appends.iter().map(|append| stream_key(commit.tenant.as_str(), &append.stream)).collect()
}

fn rows(commit: &Commit) -> usize {
    let Commit { appends, documents, messages, claims, .. } = commit;
    let events: usize = appends.iter().map(|append| append.events.len().max(1)).sum();
    1 + events + documents.len() + messages.len() + claims.len()
}

/// Its payloads: the rest is short beside them where it matters.
pub(super) fn bytes(commit: &Commit) -> usize {
    let Commit { appends, documents, messages, claims, .. } = commit;
    let events = appends.iter().flat_map(|append| &append.events).map(|event| event.payload.len());
    let bodies = documents.iter().filter_map(|write| write.body.as_ref()).map(Vec::len);
    let messages = messages.iter().map(|message| message.payload.len());
    let answers = claims.iter().filter_map(|claim| claim.answer.as_ref()).map(Vec::len);
    events.chain(bodies).chain(messages).chain(answers).sum()
}

/// What a commit touches, hashed once: commits that share a key are applied in the order in which they were handed over. Two
/// things that happen to have one hash wait for each other, and no more.
pub(super) struct Keys {
    /// Its own, then those of what it requires, of streams, of what only one member of a group may touch, of messages.
    all: Vec<u64>,
    streams: Range<usize>,
    messages_from: usize,
}

impl Keys {
    fn of(commit: &Commit, id: CommitId) -> Self {
        let Commit { requires, appends, documents, messages, claims, releases, checkpoints, .. } = commit;
        let tenant = commit.tenant.as_str();
        let exclusive = documents.len() + claims.len() + releases.len() + checkpoints.len();
        let mut all = Vec::with_capacity(1 + requires.len() + appends.len() + exclusive + messages.len());
        all.push(commit_key(id));
        all.extend(requires.iter().map(|required| commit_key(*required)));
        let streams = all.len()..all.len() + appends.len();
        all.extend(appends.iter().map(|append| hash((1_u8, tenant, append.stream.as_str()))));
        all.extend(documents.iter().map(|write| hash((2_u8, tenant, &write.collection, &write.id))));
        let claimed = claims.iter().map(|claim| &claim.key).chain(releases);
        all.extend(claimed.map(|key| hash((3_u8, tenant, &key.scope, &key.key))));
        all.extend(checkpoints.iter().map(|moved| hash((4_u8, &moved.reader))));
        let messages_from = all.len();
        all.extend(messages.iter().map(|message| hash((5_u8, tenant, &message.key))));
        Self { all, streams, messages_from }
    }

    /// Of everything.
    pub(super) fn all(&self) -> &[u64] {
        &self.all
    }

    /// Of the commit itself.
    pub(super) fn own(&self) -> u64 {
        self.all[0]
    }

    /// Of the commits that it requires.
    pub(super) fn required(&self) -> &[u64] {
        &self.all[1..self.streams.start]
    }

    /// Of the streams that it appends to, one for each of its appends.
    pub(super) fn streams(&self) -> &[u64] {
        &self.all[self.streams.clone()]
    }

    /// Of the messages that it sends.
    pub(super) fn messages(&self) -> &[u64] {
        &self.all[self.messages_from..]
    }

    /// Of what may be touched by one member of a group only.
    pub(super) fn exclusive(&self) -> &[u64] {
        &self.all[self.streams.end..self.messages_from]
    }
}

/// By key.
pub(super) type KeyMap<V> = HashMap<u64, V, BuildHasherDefault<Hashed>>;
pub(super) type KeySet = HashSet<u64, BuildHasherDefault<Hashed>>;

/// A key is a hash already.
#[derive(Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are u64");
    }
}

pub(super) fn commit_key(id: CommitId) -> u64 {
    hash((0_u8, id))
}

/// By a seed of this process, so that no one can choose texts whose keys lie close together.
fn hash(key: impl Hash) -> u64 {
    static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    SEED.hash_one(key)
}
