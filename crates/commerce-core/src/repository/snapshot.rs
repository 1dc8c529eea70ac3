use std::cmp::Ordering;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Loaded;
use crate::commit::{DocumentWrite, Expected};
use crate::store::Document;
use crate::stream::{StreamId, Version};

/// The collection in which snapshots are kept, each under its stream's name.
pub(super) const COLLECTION: &str = "snapshots";

#[derive(Serialize, Deserialize)]
struct Snapshot<A> {
    schema: u32,
    version: Version,
    state: A,
}

/// The mark alone: a state of another schema need not even be readable.
#[derive(Deserialize)]
struct Mark {
    schema: u32,
    version: Version,
}

type Encode<A> = fn(u32, Version, &A) -> Option<Vec<u8>>;
type Decode<A> = fn(&[u8]) -> Option<A>;

/// About as many bytes as an event of one field or two has, written down.
const BYTES_OF_AN_EVENT: usize = 128;

/// However large a state is, a snapshot is taken after so many times the events that it is to be taken after.
const AT_MOST: u64 = 16;

/// The snapshot that there is of an aggregate; of version zero if there is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    version: Version,
    bytes: usize,
}

/// When snapshots are taken, and how they are written. The state's serde implementation is kept as two functions,
/// so that only aggregates with snapshots need one.
pub(crate) struct Snapshots<A> {
    every: u64,
    schema: u32,
    encode: Encode<A>,
    decode: Decode<A>,
}

impl<A> Clone for Snapshots<A> {
    fn clone(&self) -> Self {
        Self { every: self.every, schema: self.schema, encode: self.encode, decode: self.decode }
    }
}

impl<A> Snapshots<A> {
    pub(super) fn new(every: u64, schema: u32) -> Self
    where
        A: Serialize + DeserializeOwned,
    {
        Self { every: every.max(1), schema, encode: encode::<A>, decode: decode::<A> }
    }

    /// The write of a snapshot of this version, if one is due after the one there is. A large state is written more
    /// rarely, so that snapshots never take much more room than the events between them. One that JSON can't hold is left
    /// out: the events are there.
    pub(crate) fn due(
        &self,
        stream: &StreamId,
        state: &A,
        version: Version,
        kept: &mut Kept,
    ) -> Option<DocumentWrite> {
        let as_large = (kept.bytes / BYTES_OF_AN_EVENT) as u64;
        let after = as_large.clamp(self.every, self.every.saturating_mul(AT_MOST));
        if version.saturating_sub(kept.version) < after {
            return None;
        }
        let body = (self.encode)(self.schema, version, state);
        *kept = Kept { version, bytes: body.as_ref().map_or(kept.bytes, Vec::len) };
        // Any: the append in the same commit has checked the version already.
        Some(DocumentWrite::put(COLLECTION, stream.as_str(), Expected::Any, body?))
    }

    /// The state that a snapshot holds; the first state if it is not of this schema or can't be read. One that is kept by
    /// a program of a later schema is left to it for as long as it would be if it were ours.
    pub(super) fn read(&self, document: &Document) -> Loaded<A>
    where
        A: Default,
    {
        let nothing = Loaded::new(A::default(), 0);
        let Some(mark) = serde_json::from_slice::<Mark>(&document.body).ok() else { return nothing };
        let kept = Kept { version: mark.version, bytes: document.body.len() };
        match mark.schema.cmp(&self.schema) {
            Ordering::Less => nothing,
            Ordering::Greater => Loaded { kept, ..nothing },
            Ordering::Equal => match (self.decode)(&document.body) {
                Some(state) => Loaded { state, version: mark.version, kept },
                None => Loaded { kept, ..nothing },
            },
        }
    }
}

fn encode<A: Serialize>(schema: u32, version: Version, state: &A) -> Option<Vec<u8>> {
    serde_json::to_vec(&Snapshot { schema, version, state }).ok()
}

fn decode<A: DeserializeOwned>(body: &[u8]) -> Option<A> {
    serde_json::from_slice::<Snapshot<A>>(body).ok().map(|snapshot| snapshot.state)
}
