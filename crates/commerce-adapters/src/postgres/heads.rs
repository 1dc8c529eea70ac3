//! What this process knows of streams without a look.
//!
//! A version that this process has written, and that the server has answered to be durable, is there for good. So an append
//! that goes on from it needs no look at the stream: that nothing follows it yet is for the unique index to say (see
//! [`super::caution`]).
//!
//! What was durable on one server may be missing on another that has taken its place, or in a database that was restored.
//! So all of this counts only on connections to the same database in the same run of its server.

use std::sync::{Mutex, MutexGuard, PoisonError};

use commerce_core::commit::Expected;
use commerce_core::stream::Version;

use super::group::{Group, Stream};
use super::job::Answer;
use super::resolve::Origin;

/// So many streams are kept in mind at most, in a megabyte. Had each but one place, of 4,096 that are in use every sixteenth
/// would share its own with another, and next to each group would have to look.
const STREAMS: usize = 1 << 16;
/// So many share a shelf; whichever was written longest ago makes room.
const SHELF: usize = 4;
const SHELVES: usize = STREAMS / SHELF;

/// Up to which version streams are known to go.
#[derive(Default)]
pub(super) struct KnownHeads(Mutex<Known>);

#[derive(Default)]
struct Known {
    origin: Origin,
    /// By the lower bits of a stream's key. None until there is something to know.
    shelves: Vec<Shelf>,
}

/// Streams' keys and versions, the one that was written last first. A key is a hash of 64 bits: should two streams ever have
/// the same, it matters only to a caller who counts on an event that is not there. No stream is known to go beyond zero where
/// nothing stands yet.
type Shelf = [(u64, u64); SHELF];

impl Known {
    fn version(&self, key: u64) -> Option<Version> {
        let shelf = self.shelves.get(shelf(key))?;
        shelf.iter().find(|(of, _)| *of == key).map(|(_, version)| *version)
    }

    fn put(&mut self, key: u64, version: Version) {
        if self.shelves.is_empty() {
            self.shelves = vec![Shelf::default(); SHELVES];
        }
        let shelf = &mut self.shelves[shelf(key)];
        let place = shelf.iter().position(|(of, _)| *of == key).unwrap_or(SHELF - 1);
        shelf[..=place].rotate_right(1);
        shelf[0] = (key, version);
    }
}

impl KnownHeads {
    /// Of each of a group's streams a version that it has for certain, if one is known from this origin. None if a
    /// member expects less: then it will be refused.
    pub(super) fn of(&self, group: &Group, origin: Origin) -> Option<Vec<Option<u64>>> {
        let known = self.known();
        let version = |stream: &Stream| known.version(key(group, stream)).filter(|_| known.origin == origin);
        let fits = |stream: &Stream| match (version(stream), stream.expected) {
            (Some(known), Expected::Version(expected)) if known > expected => None,
            (known, _) => Some(known),
        };
        group.streams().iter().map(fits).collect()
    }

    /// Whether a stream was longer than this, wherever that was. No more than a hint.
    pub(super) fn seem_longer(&self, key: u64, version: Version) -> bool {
        self.known().version(key).is_some_and(|there| there > version)
    }

    /// A group was written, and is durable, but for members that were refused.
    pub(super) fn learn(&self, group: &Group, answers: &[Option<Answer>], origin: Origin) {
        let mut known = self.known();
        for stream in group.streams() {
            if let Expected::Version(from) = stream.expected
                && stream.events > 0
                && matches!(answers[stream.first.0], Some(Ok(_)))
            {
                if known.origin != origin {
                    *known = Known { origin, shelves: Vec::new() };
                }
                known.put(key(group, stream), from + stream.events);
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(group: &Group, stream: &Stream) -> u64 {
    let (member, index) = stream.first;
    group.members[member].keys.streams()[index]
}

fn shelf(key: u64) -> usize {
    key as usize % SHELVES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_streams_that_share_a_shelf_the_one_written_longest_ago_makes_room() {
        let mut known = Known::default();
        assert_eq!(known.version(1), None);
        let keys: Vec<u64> = (0..=SHELF as u64).map(|n| 1 + n * SHELVES as u64).collect();
        let all = |known: &Known| keys.iter().map(|key| known.version(*key)).collect::<Vec<_>>();
        for key in &keys[..SHELF] {
            known.put(*key, 7);
        }
        assert_eq!(all(&known), [Some(7), Some(7), Some(7), Some(7), None]);
        known.put(keys[2], 8);
        known.put(keys[4], 1);
        assert_eq!(all(&known), [None, Some(7), Some(8), Some(7), Some(1)]);
        assert_eq!(known.version(2), None, "another shelf");
    }
}
