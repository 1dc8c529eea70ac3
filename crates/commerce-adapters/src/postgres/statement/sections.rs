//! Which kinds of rows a group has, and what these have in common: each combination has a text of its own.

use super::Run;
use crate::postgres::layout::Layout;

/// Which sections a group has rows in, and what holds for all of them, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Sections {
    there: u32,
    /// Of a member that is alone, those with one row. For one event the server then needs about a quarter less time than with arrays of one.
    single: u32,
}

pub(super) const HAS_GIVEN: u32 = 1;
pub(super) const HAS_FENCES: u32 = 1 << 1;
pub(super) const HAS_REQUIRED: u32 = 1 << 2;
pub(super) const HAS_HEADS: u32 = 1 << 3;
pub(super) const HAS_EVENTS: u32 = 1 << 4;
/// Events of streams that may have any version.
pub(super) const HAS_FOLLOWING: u32 = 1 << 5;
pub(super) const HAS_HELD: u32 = 1 << 6;
pub(super) const HAS_DOCUMENTS: u32 = 1 << 7;
pub(super) const HAS_DELETIONS: u32 = 1 << 8;
pub(super) const HAS_FIELDS: u32 = 1 << 9;
pub(super) const HAS_MESSAGES: u32 = 1 << 10;
/// Messages with a moment before which they are not to be delivered.
pub(super) const HAS_TIMED: u32 = 1 << 11;
pub(super) const HAS_CLAIMS: u32 = 1 << 12;
pub(super) const HAS_RETAKEN: u32 = 1 << 13;
pub(super) const HAS_RELEASES: u32 = 1 << 14;
pub(super) const HAS_CHECKPOINTS: u32 = 1 << 15;
/// Members without events, which answer the position of the last event before them.
pub(super) const HAS_NO_EVENTS: u32 = 1 << 16;
pub(super) const JOINED: u32 = 1 << 17;
/// There is one member: nothing needs to be told apart by component.
pub(super) const ALONE: u32 = 1 << 18;

/// No one waits for it to be durable.
pub(super) const RELAXED: u32 = 1 << 19;
/// Documents that may be written for the first time.
pub(super) const HAS_NEW_DOCUMENTS: u32 = 1 << 20;
/// Documents that may be there to be written over.
pub(super) const HAS_OLD_DOCUMENTS: u32 = 1 << 21;
/// A claim may stand where another has expired, or was given back, and was not pruned yet.
pub(super) const CAREFUL: u32 = 1 << 22;
/// Members with a row of their own.
pub(super) const HAS_NOTED: u32 = 1 << 23;

/// Documents that should be new.
pub(super) const HAS_FRESH_DOCUMENTS: u32 = 1 << 24;
pub(super) const HAS_FRESH_FIELDS: u32 = 1 << 25;
/// Not all is looked at: if anything fails, nothing is written.
pub(super) const HASTY: u32 = 1 << 26;
/// There is one member, with no more than a row in each section, in a transaction of its own.
pub(super) const PLAIN: u32 = 1 << 27;
/// What is looked at and not written.
pub(super) const HAS_DOUBTS: u32 = 1 << 28;
/// All rows are of one tenant, which is given once.
pub(super) const ONE_TENANT: u32 = 1 << 29;
/// All events have the same schema version.
pub(super) const ONE_SCHEMA: u32 = 1 << 30;
/// All events are the first of their commits.
pub(super) const FIRST_EVENTS: u32 = 1 << 31;
pub(super) const LOOKS: u32 =
    HAS_GIVEN | HAS_FENCES | HAS_REQUIRED | HAS_HEADS | HAS_DOCUMENTS | HAS_CLAIMS | HAS_CHECKPOINTS;

impl Sections {
    pub(super) fn of(layout: &Layout<'_>, run: Run) -> Self {
        let written = || {
            layout.documents.expected.iter().zip(&layout.documents.bodies).filter(|(_, body)| body.is_some())
        };
        let bits = [
            (HAS_GIVEN, !layout.given.ids.is_empty()),
            (HAS_FENCES, !layout.fences.names.is_empty()),
            (HAS_REQUIRED, !layout.required.ids.is_empty()),
            (HAS_HEADS, !layout.heads.keys.is_empty()),
            (HAS_DOUBTS, !layout.doubts.keys.is_empty()),
            (HAS_EVENTS, !layout.events.streams.is_empty()),
            (HAS_FOLLOWING, layout.events.heads.iter().any(Option::is_some)),
            (HAS_HELD, layout.heads.held.contains(&true)),
            (HAS_FRESH_DOCUMENTS, !layout.fresh_documents.ids.is_empty()),
            (HAS_FRESH_FIELDS, layout.fresh_documents.fields.iter().any(Option::is_some)),
            (HAS_DOCUMENTS, !layout.documents.ids.is_empty()),
            (HAS_DELETIONS, layout.documents.bodies.iter().any(Option::is_none)),
            (HAS_FIELDS, layout.documents.fields.iter().any(Option::is_some)),
            (HAS_MESSAGES, !layout.messages.ids.is_empty()),
            (HAS_TIMED, layout.messages.not_before.iter().any(Option::is_some)),
            (HAS_CLAIMS, !layout.claims.keys.is_empty()),
            (HASTY, layout.is_hasty),
            (HAS_RETAKEN, !layout.retaken.keys.is_empty()),
            (HAS_RELEASES, !layout.releases.keys.is_empty()),
            (HAS_CHECKPOINTS, !layout.checkpoints.readers.is_empty()),
            (HAS_NO_EVENTS, layout.last_events.iter().any(Option::is_none)),
            (HAS_NOTED, !layout.noted.ids.is_empty()),
            (JOINED, run.joined),
            (ALONE, layout.last_events.len() == 1),
            (RELAXED, layout.relaxed && !run.joined),
            (HAS_NEW_DOCUMENTS, written().any(|(expected, _)| *expected <= 0)),
            (HAS_OLD_DOCUMENTS, written().any(|(expected, _)| *expected != 0)),
            (ONE_TENANT, layout.tenant.is_some()),
            (ONE_SCHEMA, are_all(&layout.events.schemas, layout.events.schemas.first())),
            (FIRST_EVENTS, are_all(&layout.events.ordinals, Some(&0))),
            (CAREFUL, !layout.is_hasty && !layout.claims.keys.is_empty()),
        ];
        let there = bits_of(&bits);
        if there & ALONE == 0 {
            return Self { there, single: 0 };
        }
        let rows = Self::rows(layout);
        let plain = !run.joined && layout.doubts.keys.is_empty() && rows.iter().all(|(_, rows)| *rows <= 1);
        let single = bits_of(&rows.map(|(bit, rows)| (bit, rows == 1 && layout.doubts.keys.is_empty())));
        Self { there: there | if plain { PLAIN } else { 0 }, single }
    }

    /// How many rows each section has.
    fn rows(layout: &Layout<'_>) -> [(u32, usize); 13] {
        [
            (HAS_NOTED, layout.noted.ids.len()),
            (HAS_GIVEN, layout.given.ids.len()),
            (HAS_FENCES, layout.fences.names.len()),
            (HAS_REQUIRED, layout.required.ids.len()),
            (HAS_HEADS, layout.heads.keys.len()),
            (HAS_EVENTS, layout.events.streams.len()),
            (HAS_FRESH_DOCUMENTS, layout.fresh_documents.ids.len()),
            (HAS_DOCUMENTS, layout.documents.ids.len()),
            (HAS_MESSAGES, layout.messages.ids.len()),
            (HAS_CLAIMS, layout.claims.keys.len()),
            (HAS_RETAKEN, layout.retaken.keys.len()),
            (HAS_RELEASES, layout.releases.keys.len()),
            (HAS_CHECKPOINTS, layout.checkpoints.readers.len()),
        ]
    }

    pub(super) fn has(self, bits: u32) -> bool {
        self.there & bits != 0
    }

    /// Whether components are told apart: there may be several, and one may fail without the others.
    pub(super) fn has_components(self) -> bool {
        self.looks_for_failures() && !self.has(ALONE)
    }

    /// Whether the statement names what fails, instead of failing itself.
    pub(super) fn looks_for_failures(self) -> bool {
        self.has(LOOKS) && !self.has(HASTY)
    }

    /// Whether a section's columns are values, not arrays.
    pub(super) fn has_one(self, section: u32) -> bool {
        self.single & section != 0
    }
}

fn are_all<T: PartialEq>(values: &[T], value: Option<&T>) -> bool {
    values.iter().all(|other| Some(other) == value)
}

fn bits_of(bits: &[(u32, bool)]) -> u32 {
    bits.iter().filter(|(_, set)| *set).map(|(bit, _)| bit).sum()
}
