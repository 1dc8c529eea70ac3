//! Which commits are written together.
//!
//! The commits of a group are written by one statement, each all or nothing by itself. What the statement looks at is
//! the state before it, so two members may touch the same thing only in these ways:
//!
//! - The second continues a stream where the first leaves it (as whoever decides upon commits in flight does), or
//!   requires the first. Then only the first is compared with what is stored, and the two stand or fall together: they
//!   form a *component*. If one of a component fails, nothing of it is written; the first that fails is answered, and
//!   the others are looked at again in the next group.
//! - Both send messages of one key: they are numbered in order.
//!
//! Everything else that shares something with a member waits for the next group.

use std::collections::HashMap;

use commerce_core::commit::Expected;
use commerce_core::store::News;

use super::job::{self, Job};

/// The most members of a group.
const MEMBERS: usize = 256;
/// The most rows of a group: enough to keep a statement busy, few enough for it to end within some 20 ms.
const ROWS: usize = 4_096;

/// Commits that are to be written together, in the order in which they were handed over.
#[derive(Default)]
pub(super) struct Group {
    // Boxed, as they move from the queue to a group, and some back.
    #[allow(clippy::vec_box)]
    pub(super) members: Vec<Box<Job>>,
    /// For each member, one of its component that came no later; itself at a component's root.
    parents: Vec<usize>,
    /// What members touch, apart from keys of messages.
    touched: HashMap<u64, Touched>,
    streams: Vec<Stream>,
    rows: usize,
}

/// A stream that members append to or count on.
pub(super) struct Stream {
    /// The first member that touches it, and the place among its appends.
    pub(super) first: (usize, usize),
    pub(super) expected: Expected,
    /// How many events all members together append.
    pub(super) events: u64,
}

#[derive(Clone, Copy)]
enum Touched {
    Stream(usize),
    Commit(usize),
    Other,
}

impl Group {
    /// A group of this one commit.
    pub(super) fn of(job: Box<Job>) -> Self {
        let mut group = Self::default();
        let _ = group.admit(job);
        group
    }

    /// What readers have that is new, if all of it is written.
    pub(super) fn news(&self) -> News {
        self.members.iter().map(|job| News::of(&job.commit)).reduce(News::and).unwrap_or_default()
    }

    pub(super) fn is_full(&self) -> bool {
        self.members.len() >= MEMBERS || self.rows >= ROWS
    }

    /// Takes a commit in, unless it has to wait for what is in the group already.
    pub(super) fn admit(&mut self, job: Box<Job>) -> Result<(), Box<Job>> {
        if !self.members.is_empty() && !self.can_join(&job) {
            return Err(job);
        }
        let member = self.members.len();
        self.parents.push(member);
        for required in &job.commit.requires {
            if let Some(Touched::Commit(other)) = self.touched.get(&job::commit_key(*required)) {
                self.join(member, *other);
            }
        }
        self.touched.insert(job::commit_key(job.id), Touched::Commit(member));
        let tenant = job.commit.tenant.as_str();
        for (index, append) in job.commit.appends.iter().enumerate() {
            let key = job::stream_key(tenant, append.stream.as_str());
            let events = append.events.len() as u64;
            if let Some(Touched::Stream(stream)) = self.touched.get(&key).copied() {
                self.streams[stream].events += events;
                self.join(member, self.streams[stream].first.0);
            } else {
                self.touched.insert(key, Touched::Stream(self.streams.len()));
                self.streams.push(Stream { first: (member, index), expected: append.expected, events });
            }
        }
        for key in other_keys(&job) {
            self.touched.insert(key, Touched::Other);
        }
        self.rows += job.rows;
        self.members.push(job);
        Ok(())
    }

    fn can_join(&self, job: &Job) -> bool {
        let tenant = job.commit.tenant.as_str();
        let id_is_new = !self.touched.contains_key(&job::commit_key(job.id));
        let requires = job.commit.requires.iter().all(|required| {
            // A hash that stands for something else.
            !matches!(
                self.touched.get(&job::commit_key(*required)),
                Some(Touched::Stream(_) | Touched::Other)
            )
        });
        let continues = job.commit.appends.iter().all(|append| {
            match self.touched.get(&job::stream_key(tenant, append.stream.as_str())) {
                None => true,
                Some(Touched::Stream(stream)) => self.continues(&self.streams[*stream], tenant, append),
                Some(_) => false,
            }
        });
        id_is_new && requires && continues && other_keys(job).all(|key| !self.touched.contains_key(&key))
    }

    /// Whether an append fits where the members before it leave the stream, if they are applied.
    fn continues(&self, stream: &Stream, tenant: &str, append: &commerce_core::commit::Append) -> bool {
        let (member, index) = stream.first;
        let commit = &self.members[member].commit;
        let same = commit.tenant.as_str() == tenant && commit.appends[index].stream == append.stream;
        let fits = match (stream.expected, append.expected) {
            (_, Expected::Any) => true,
            (Expected::Version(first), Expected::Version(next)) => next == first + stream.events,
            (Expected::Any, Expected::Version(_)) => false,
        };
        same && fits
    }

    fn join(&mut self, member: usize, other: usize) {
        let (one, other) = (self.component(member), self.component(other));
        self.parents[one.max(other)] = one.min(other);
    }

    /// The component of a member: the number of its first member.
    pub(super) fn component(&self, member: usize) -> usize {
        let mut root = member;
        while self.parents[root] != root {
            root = self.parents[root];
        }
        root
    }

    /// All streams of the group, each once.
    pub(super) fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The number of a stream that a member touches.
    pub(super) fn stream(&self, tenant: &str, name: &str) -> Option<usize> {
        match self.touched.get(&job::stream_key(tenant, name)) {
            Some(Touched::Stream(stream)) => Some(*stream),
            _ => None,
        }
    }

    /// Whether a member before this one has this id: then it needn't be looked up.
    pub(super) fn holds_before(&self, member: usize, id: commerce_core::commit::CommitId) -> bool {
        matches!(self.touched.get(&job::commit_key(id)), Some(Touched::Commit(other)) if *other < member)
    }
}

/// What may be touched by one member only.
fn other_keys(job: &Job) -> impl Iterator<Item = u64> {
    let commit = &job.commit;
    let tenant = commit.tenant.as_str();
    let documents =
        commit.documents.iter().map(move |write| job::document_key(tenant, &write.collection, &write.id));
    let claims =
        commit.claims.iter().map(move |claim| job::claim_key(tenant, &claim.key.scope, &claim.key.key));
    let releases = commit.releases.iter().map(move |key| job::claim_key(tenant, &key.scope, &key.key));
    let readers = commit.checkpoints.iter().map(|moved| job::checkpoint_key(&moved.reader));
    documents.chain(claims).chain(releases).chain(readers)
}
