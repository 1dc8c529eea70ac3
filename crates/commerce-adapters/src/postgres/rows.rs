//! The rows of a group by what they are of, each kind column by column.

use commerce_core::commit::{Append, Claim};
use uuid::Uuid;

use super::group::Group;
use super::layout::number;

/// What a row belongs to: the member, for the answer; its component, which the statement writes or leaves as a whole.
#[derive(Default)]
pub(super) struct Owners {
    pub(super) members: Vec<usize>,
    pub(super) components: Vec<i32>,
}

impl Owners {
    fn with_capacity(rows: usize) -> Self {
        Self { members: Vec::with_capacity(rows), components: Vec::with_capacity(rows) }
    }

    pub(super) fn push(&mut self, group: &Group, member: usize) {
        self.members.push(member);
        self.components.push(number(group.component(member)));
    }
}

/// Commits with a row of their own, which says that they happened: those without events, and those whose id was given and
/// must not be given again.
#[derive(Default)]
pub(super) struct Noted {
    pub(super) owners: Owners,
    pub(super) ids: Vec<Uuid>,
    /// The place of its last message among the group's.
    pub(super) last_messages: Vec<Option<i64>>,
}

/// Ids that might have been used before.
#[derive(Default)]
pub(super) struct Given {
    pub(super) owners: Owners,
    pub(super) ids: Vec<Uuid>,
}

/// Commits that must have been applied.
#[derive(Default)]
pub(super) struct Required {
    pub(super) owners: Owners,
    pub(super) ids: Vec<Uuid>,
}

/// Leases that must be held.
#[derive(Default)]
pub(super) struct Fences<'g> {
    pub(super) owners: Owners,
    pub(super) names: Vec<&'g str>,
    pub(super) tokens: Vec<i64>,
}

/// Streams whose heads are looked at: as long as no caution is needed, all but those that should be new, or that are known to
/// go as far as expected.
#[derive(Default)]
pub(super) struct Heads<'g> {
    pub(super) owners: Owners,
    pub(super) appends: Vec<&'g Append>,
    /// Which of its commit's appends it is.
    pub(super) places: Vec<usize>,
    pub(super) keys: Vec<Uuid>,
    /// -1: any.
    pub(super) expected: Vec<i64>,
    /// It is counted on and not written: the place behind it is held until the commit.
    pub(super) held: Vec<bool>,
}

/// The streams of commits that are in doubt, one of each.
#[derive(Default)]
pub(super) struct Doubts {
    pub(super) keys: Vec<Uuid>,
    pub(super) expected: Vec<i64>,
}

/// Events to be inserted.
#[derive(Default)]
pub(super) struct Events<'g> {
    pub(super) owners: Owners,
    pub(super) places: Vec<i64>,
    pub(super) tenants: Vec<&'g str>,
    pub(super) streams: Vec<&'g str>,
    pub(super) stream_keys: Vec<Uuid>,
    /// The version; where a stream may have any, how far behind its head.
    pub(super) versions: Vec<i64>,
    /// The number of the head to count from, if the stream may have any version.
    pub(super) heads: Vec<Option<i64>>,
    pub(super) types: Vec<&'g str>,
    pub(super) schemas: Vec<i32>,
    pub(super) payloads: Vec<&'g [u8]>,
    pub(super) commits: Vec<Uuid>,
    pub(super) ordinals: Vec<i32>,
    pub(super) metadata: Vec<Option<&'g str>>,
}

impl Events<'_> {
    /// Room for so many, where most of a commit's rows are.
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self {
            owners: Owners::with_capacity(rows),
            places: Vec::with_capacity(rows),
            tenants: Vec::with_capacity(rows),
            streams: Vec::with_capacity(rows),
            stream_keys: Vec::with_capacity(rows),
            versions: Vec::with_capacity(rows),
            heads: Vec::with_capacity(rows),
            types: Vec::with_capacity(rows),
            schemas: Vec::with_capacity(rows),
            payloads: Vec::with_capacity(rows),
            commits: Vec::with_capacity(rows),
            ordinals: Vec::with_capacity(rows),
            metadata: Vec::with_capacity(rows),
        }
    }
}

/// Documents that should be new: of those that are there only that is seen.
#[derive(Default)]
pub(super) struct FreshDocuments<'g> {
    pub(super) owners: Owners,
    pub(super) tenants: Vec<&'g str>,
    pub(super) collections: Vec<&'g str>,
    pub(super) ids: Vec<&'g str>,
    pub(super) fields: Vec<Option<String>>,
    pub(super) bodies: Vec<&'g [u8]>,
}

/// Documents to be looked at, and written or deleted.
#[derive(Default)]
pub(super) struct Documents<'g> {
    pub(super) owners: Owners,
    pub(super) tenants: Vec<&'g str>,
    pub(super) collections: Vec<&'g str>,
    pub(super) ids: Vec<&'g str>,
    pub(super) expected: Vec<i64>,
    pub(super) fields: Vec<Option<String>>,
    pub(super) bodies: Vec<Option<&'g [u8]>>,
}

/// Messages to be sent, now or later.
#[derive(Default)]
pub(super) struct Messages<'g> {
    pub(super) owners: Owners,
    pub(super) commits: Vec<Uuid>,
    pub(super) ordinals: Vec<i32>,
    pub(super) ids: Vec<Uuid>,
    pub(super) partitions: Vec<i32>,
    pub(super) tenants: Vec<&'g str>,
    pub(super) topics: Vec<&'g str>,
    pub(super) keys: Vec<&'g str>,
    pub(super) types: Vec<&'g str>,
    pub(super) headers: Vec<Option<String>>,
    pub(super) metadata: Vec<&'g str>,
    pub(super) payloads: Vec<&'g [u8]>,
    pub(super) not_before: Vec<Option<i64>>,
}

/// Claims to be taken.
#[derive(Default)]
pub(super) struct Claims<'g> {
    pub(super) owners: Owners,
    pub(super) claims: Vec<&'g Claim>,
    pub(super) commits: Vec<Uuid>,
    pub(super) tenants: Vec<&'g str>,
    pub(super) scopes: Vec<&'g str>,
    pub(super) keys: Vec<&'g str>,
    pub(super) expires_at: Vec<Option<i64>>,
    pub(super) answers: Vec<Option<&'g [u8]>>,
}

/// Claims to be given back.
#[derive(Default)]
pub(super) struct Releases<'g> {
    pub(super) owners: Owners,
    pub(super) tenants: Vec<&'g str>,
    pub(super) scopes: Vec<&'g str>,
    pub(super) keys: Vec<&'g str>,
}

/// Readers that move on.
#[derive(Default)]
pub(super) struct Checkpoints<'g> {
    pub(super) owners: Owners,
    pub(super) readers: Vec<&'g str>,
    pub(super) from: Vec<i64>,
    pub(super) to: Vec<i64>,
}
