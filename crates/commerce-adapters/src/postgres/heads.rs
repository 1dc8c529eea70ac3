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

/// So many streams are kept in mind, at 16 bytes each. Of two that share a place the later one is.
const STREAMS: usize = 1 << 16;

/// Up to which version streams are known to go.
#[derive(Default)]
pub(super) struct KnownHeads(Mutex<Known>);

#[derive(Default)]
struct Known {
    origin: Origin,
    /// By the lower bits of a stream's key, its whole key and its version. A key is a hash of 64 bits: should two streams
    /// ever have the same, it matters only to a caller who counts on an event that is not there.
    places: Vec<(u64, u64)>,
}

impl KnownHeads {
    /// Of each of a group's streams a version that it has for certain, if one is known from this origin. None if a
    /// member expects less: then it will be refused.
    pub(super) fn of(&self, group: &Group, origin: Origin) -> Option<Vec<Option<u64>>> {
        let known = self.known();
        let version = |stream: &Stream| {
            let key = key(group, stream);
            let (of, version) = known.places.get(place(key)).filter(|_| known.origin == origin)?;
            (*of == key).then_some(*version)
        };
        let fits = |stream: &Stream| match (version(stream), stream.expected) {
            (Some(known), Expected::Version(expected)) if known > expected => None,
            (known, _) => Some(known),
        };
        group.streams().iter().map(fits).collect()
    }

    /// Whether a stream was longer than this, wherever that was. No more than a hint.
    pub(super) fn seem_longer(&self, key: u64, version: Version) -> bool {
        let known = self.known();
        known.places.get(place(key)).is_some_and(|(of, there)| *of == key && *there > version)
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
                    *known = Known { origin, places: vec![(0, 0); STREAMS] };
                }
                let key = key(group, stream);
                known.places[place(key)] = (key, from + stream.events);
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

fn place(key: u64) -> usize {
    key as usize % STREAMS
}
