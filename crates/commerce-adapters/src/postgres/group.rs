//! Which commits are written together.
//!
//! The commits of a group are written by one statement, each all or nothing by itself. What the statement looks at is
//! the state before it, so two members may touch the same thing only in these ways:
//!
//! - The second continues a stream where the first leaves it (as whoever decides upon commits in flight does), or
//!   requires the first. Then only the first is compared with what is stored, and the two stand or fall together: they
//!   form a *component*. If one of a component fails, nothing of it is written; the first that fails is answered, and
//!   the others are looked at again in the next group.
//! - Both send messages of one key: they are numbered in order. They form a component as well: one that is looked at again
//!   must not come after the other.
//!
//! Everything else that shares something with a member waits for the next group.
//!
//! With a group goes what will most likely be refused, as its stream is known to be longer than it expects: it is looked at by
//! the same statement, and not written.

use commerce_core::commit::{Append, Expected};
use commerce_core::store::News;

use super::job::{Job, KeyMap, KeySet};

/// The most members of a group.
const MEMBERS: usize = 256;
/// The most rows of a group: enough to keep a statement busy, few enough for it to end within some 20 ms.
const ROWS: usize = 4_096;

/// The most bytes of a group, after which it takes no more: a statement has room for a gigabyte.
const BYTES: usize = 32 << 20;

/// The most that goes with a group though it is in doubt.
const DOUBTS: usize = 64;

/// Commits that are to be written together, in the order in which they were handed over.
#[derive(Default)]
pub(super) struct Group {
    // Boxed, as they move from the queue to a group, and some back.
    #[allow(clippy::vec_box)]
    pub(super) members: Vec<Box<Job>>,
    /// What is in doubt. It shares nothing with the members, so that it may as well come after them.
    #[allow(clippy::vec_box)]
    pub(super) doubts: Vec<Box<Job>>,
    doubted_keys: KeySet,
    /// For each member, one of its component that came no later; itself at a component's root.
    parents: Vec<usize>,
    /// What members touch.
    touched: KeyMap<Touched>,
    streams: Vec<Stream>,
    rows: usize,
    bytes: usize,
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
    /// The first member that sends messages of this key.
    Messages(usize),
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
    pub(super) fn news(&self, partitions: u32) -> News {
        self.members.iter().map(|job| News::of(&job.commit, partitions)).reduce(News::and).unwrap_or_default()
    }

    pub(super) fn is_full(&self) -> bool {
        self.members.len() >= MEMBERS
            || self.rows >= ROWS
            || self.bytes >= BYTES
            || self.doubts.len() >= DOUBTS
    }

    /// Takes a commit in, unless it has to wait for what is in the group already.
    pub(super) fn admit(&mut self, job: Box<Job>) -> Result<(), Box<Job>> {
        if !self.members.is_empty() && !self.can_join(&job) {
            return Err(job);
        }
        let member = self.members.len();
        self.parents.push(member);
        for required in job.keys.required() {
            if let Some(Touched::Commit(other)) = self.touched.get(required) {
                self.join(member, *other);
            }
        }
        self.touched.insert(job.keys.own(), Touched::Commit(member));
        for (index, (append, key)) in job.commit.appends.iter().zip(job.keys.streams()).enumerate() {
            let events = append.events.len() as u64;
            if let Some(Touched::Stream(stream)) = self.touched.get(key).copied() {
                self.streams[stream].events += events;
                self.join(member, self.streams[stream].first.0);
            } else {
                self.touched.insert(*key, Touched::Stream(self.streams.len()));
                self.streams.push(Stream { first: (member, index), expected: append.expected, events });
            }
        }
        for key in job.keys.messages() {
            match self.touched.get(key) {
                Some(Touched::Messages(other)) => self.join(member, *other),
                Some(_) => {}
                None => _ = self.touched.insert(*key, Touched::Messages(member)),
            }
        }
        self.touched.extend(job.keys.exclusive().iter().map(|key| (*key, Touched::Other)));
        self.rows += job.rows;
        self.bytes += job.bytes;
        self.members.push(job);
        Ok(())
    }

    /// Takes what is in doubt along, unless it has to wait for a member.
    pub(super) fn doubt(&mut self, mut job: Box<Job>) -> Result<(), Box<Job>> {
        if job.keys.all().iter().any(|key| self.touched.contains_key(key)) {
            return Err(job);
        }
        job.was_doubted = true;
        self.doubted_keys.extend(job.keys.all());
        self.doubts.push(job);
        Ok(())
    }

    /// Whether a commit has to wait for what is in doubt: it may be wrongly so, and be written after this group.
    pub(super) fn waits_for_doubts(&self, job: &Job) -> bool {
        !self.doubts.is_empty() && job.keys.all().iter().any(|key| self.doubted_keys.contains(key))
    }

    /// What is in doubt, in a group of its own that has no members.
    pub(super) fn take_doubts(&mut self) -> Self {
        Self { doubts: std::mem::take(&mut self.doubts), ..Self::default() }
    }

    fn can_join(&self, job: &Job) -> bool {
        let id_is_new = !self.touched.contains_key(&job.keys.own());
        // A hash that stands for something else.
        let is_other = |key: &u64| {
            matches!(self.touched.get(key), Some(Touched::Stream(_) | Touched::Messages(_) | Touched::Other))
        };
        let continues = |(append, key): (&Append, &u64)| match self.touched.get(key) {
            None => true,
            Some(Touched::Stream(stream)) => self.continues(&self.streams[*stream], job, append),
            Some(_) => false,
        };
        id_is_new
            && !job.keys.required().iter().any(is_other)
            && job.commit.appends.iter().zip(job.keys.streams()).all(continues)
            && !job.keys.exclusive().iter().any(|key| self.touched.contains_key(key))
    }

    /// Whether an append fits where the members before it leave the stream, if they are applied.
    fn continues(&self, stream: &Stream, job: &Job, append: &Append) -> bool {
        let (member, index) = stream.first;
        let commit = &self.members[member].commit;
        let same = commit.tenant == job.commit.tenant && commit.appends[index].stream == append.stream;
        let fits = match (stream.expected, append.expected) {
            (_, Expected::Any) => true,
            (Expected::Version(first), Expected::Version(next)) => {
                first.checked_add(stream.events) == Some(next)
            }
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

    /// The number of the stream of this key.
    pub(super) fn stream(&self, key: u64) -> Option<usize> {
        match self.touched.get(&key) {
            Some(Touched::Stream(stream)) => Some(*stream),
            _ => None,
        }
    }

    /// Whether a member before this one has the id of this key: then it needn't be looked up.
    pub(super) fn holds_before(&self, member: usize, key: u64) -> bool {
        matches!(self.touched.get(&key), Some(Touched::Commit(other)) if *other < member)
    }
}
