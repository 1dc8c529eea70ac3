//! Commits by chance: few names, so that they meet each other, and mostly right, so that most are applied.

use std::sync::Arc;
use std::time::Duration;

use crate::commit::{Claim, ClaimKey, Commit, CommitId, DocumentWrite, Expected, NewEvent, NewMessage};
use crate::host::Host;
use crate::id::Tenant;
use crate::memory::MemoryStore;
use crate::store::Store;
use crate::testing::TestHost;

use super::super::fixture::{ALL, stream};

/// So many names there are of each kind of thing.
pub(super) const NAMES: u64 = 6;
pub(super) const COLLECTIONS: [&str; 2] = ["things", "others"];
pub(super) const SCOPES: [&str; 2] = ["once", "twice"];
/// No message is due later than this after it was sent.
pub(super) const LATEST: Duration = Duration::from_secs(100_000);

/// How a group's commits differ from each other.
struct Kind {
    tenants: u64,
    schemas: u64,
    /// How often, in per cent, a commit has a part of a kind, and one of it is wrong.
    parts: u64,
    wrong: u64,
    /// Everything is new.
    fresh: bool,
}

pub(super) struct Draw {
    host: Arc<TestHost>,
    state: u64,
    drawn: u64,
    kind: Kind,
    /// Of commits that were drawn.
    pub(super) ids: Vec<CommitId>,
}

impl Draw {
    pub(super) fn new(host: Arc<TestHost>) -> Self {
        let kind = Kind { tenants: 1, schemas: 1, parts: 40, wrong: 0, fresh: false };
        Self { host, state: 7, drawn: 0, kind, ids: Vec::new() }
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Some different names.
    fn names(&mut self) -> Vec<String> {
        if !self.percent(self.kind.parts) {
            return Vec::new();
        }
        let mut names: Vec<String> = (0..=self.below(3)).map(|_| self.below(NAMES).to_string()).collect();
        names.sort_unstable();
        names.dedup();
        if self.kind.fresh {
            names.iter_mut().for_each(|name| *name = format!("{}-{name}", self.drawn));
        }
        names
    }

    /// Now and then some time passes, so that claims expire.
    pub(super) fn pass_time(&self) {
        if self.drawn.is_multiple_of(3) {
            self.host.advance(Duration::from_secs(self.drawn % 10));
        }
    }

    pub(super) async fn group(&mut self, oracle: &MemoryStore) -> Vec<Commit> {
        self.kind = Kind {
            tenants: self.one_of(&[1, 1, 3]),
            schemas: self.one_of(&[1, 2]),
            parts: self.one_of(&[20, 40, 60]),
            wrong: self.one_of(&[0, 0, 15]),
            fresh: self.percent(20),
        };
        let mut commits = Vec::new();
        for _ in 0..self.one_of(&[1, 2, 4, 12]) {
            commits.push(self.commit(oracle).await);
        }
        commits
    }

    async fn commit(&mut self, oracle: &MemoryStore) -> Commit {
        self.drawn += 1;
        let mut commit = Commit::new();
        commit.tenant = Self::tenant(self.below(self.kind.tenants));
        commit = self.with_id(commit);
        commit = self.with_appends(commit, oracle).await;
        commit = self.with_documents(commit, oracle).await;
        commit = self.with_messages(commit);
        commit = self.with_claims(commit, oracle).await;
        commit = self.with_moves(commit, oracle).await;
        if self.percent(25) { commit.relaxed() } else { commit }
    }

    pub(super) fn tenant(number: u64) -> Tenant {
        Tenant::new(format!("tenant-{number}"))
    }

    fn with_id(&mut self, commit: Commit) -> Commit {
        let new = CommitId(self.host.new_id());
        let used = if self.percent(self.kind.wrong / 3) { self.used_id() } else { None };
        if let Some(used) = used {
            return commit.with_id(used);
        }
        self.ids.push(new);
        if self.percent(30) { commit.with_id(new) } else { commit.with_new_id(new) }
    }

    /// One that was drawn before, for a commit that was applied or not.
    fn used_id(&mut self) -> Option<CommitId> {
        let place = self.below(self.ids.len().max(1) as u64) as usize;
        self.ids.get(place).copied()
    }

    /// What is there, anything, or something else.
    fn expected(&mut self, actual: u64) -> Expected {
        if self.percent(25) {
            Expected::Any
        } else if self.percent(self.kind.wrong) {
            Expected::Version(self.below(6))
        } else {
            Expected::Version(actual)
        }
    }

    async fn with_appends(&mut self, mut commit: Commit, oracle: &MemoryStore) -> Commit {
        for name in self.names() {
            let there = oracle.read_stream(&commit.tenant, &stream(&name), 0, ALL).await;
            let expected = self.expected(there.expect("read_stream answers").len() as u64);
            let count = if self.percent(15) { 0 } else { 1 + self.below(3) };
            let events = (0..count).map(|number| NewEvent {
                event_type: self.one_of(&["Begun", "Counted", "Ended"]).into(),
                schema: 1 + self.below(self.kind.schemas) as u32,
                payload: format!("[{},{number}]", self.drawn).into_bytes(),
            });
            let events = events.collect();
            commit = commit.append(stream(&name), expected, events);
        }
        commit
    }

    async fn with_documents(&mut self, mut commit: Commit, oracle: &MemoryStore) -> Commit {
        for name in self.names() {
            let collection = self.one_of(&COLLECTIONS);
            let there = oracle.document(&commit.tenant, collection, &name).await.expect("document answers");
            let expected = self.expected(there.map_or(0, |document| document.version));
            let mut write = if self.percent(25) {
                DocumentWrite::delete(collection, name, expected)
            } else {
                DocumentWrite::put(collection, name, expected, self.drawn.to_string().into_bytes())
            };
            if write.body.is_some() && self.percent(50) {
                write = write.field("colour", self.one_of(&["red", "green"]));
            }
            if write.body.is_some() && self.percent(50) {
                write = write.field("size", self.below(3) as i64);
            }
            commit = commit.document(write);
        }
        commit
    }

    fn with_messages(&mut self, mut commit: Commit) -> Commit {
        for (place, key) in (0_u64..).zip(self.names()) {
            let topic = self.one_of(&["jobs", "mails"]);
            let body = format!("[{},{place}]", self.drawn).into_bytes();
            let mut message =
                NewMessage::new(topic, key).of_type(self.one_of(&["asked", "told"])).payload(body);
            if self.percent(30) {
                message = message.header("drawn", self.drawn.to_string());
            }
            if self.percent(15) {
                // Each at a moment of its own, so that there is one order.
                let later = Duration::from_secs(60 + self.drawn * 10 + place);
                message = message.not_before(self.host.now().plus(later));
            } else if self.percent(15) {
                message = message.not_before(self.host.now());
            }
            commit = commit.message(message);
        }
        commit
    }

    async fn with_claims(&mut self, mut commit: Commit, oracle: &MemoryStore) -> Commit {
        for name in self.names() {
            let key = ClaimKey::new(self.one_of(&SCOPES), name);
            let held = oracle.claimed(&commit.tenant, &key.scope, &key.key).await.expect("claimed answers");
            let mut claim = Claim::new(key.scope.clone(), key.key.clone());
            if self.percent(50) {
                claim = claim.with_answer(self.drawn.to_string().into_bytes());
            }
            if self.percent(50) {
                claim = claim.until(self.host.now().plus(Duration::from_secs(1 + self.below(20))));
            }
            let is_taken = self.percent(80);
            if !is_taken || self.percent(20) || (held.is_some() && !self.percent(self.kind.wrong)) {
                commit = commit.release(key);
            }
            if is_taken {
                commit = commit.claim(claim);
            }
        }
        commit
    }

    async fn with_moves(&mut self, mut commit: Commit, oracle: &MemoryStore) -> Commit {
        for name in self.names() {
            let there = oracle.checkpoint(&name).await.expect("checkpoint answers");
            let from = if self.percent(self.kind.wrong) { there + 1 } else { there };
            commit = commit.checkpoint(name, from, from + self.below(3));
        }
        let required = if self.percent(10) { self.used_id() } else { None };
        match required {
            Some(id) => commit.requires(id),
            None => commit,
        }
    }
}
