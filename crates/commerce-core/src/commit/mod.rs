//! Everything a decision changes, as one value.
//!
//! A command handler, a message consumer, a saga step and a projection all do the same: read some state, decide,
//! write. What is written is a [`Commit`], which a store applies as a whole or not at all.

mod claim;
mod conflict;
mod document;
mod message;

use std::borrow::Cow;

pub use claim::{Claim, ClaimKey};
pub use conflict::{CommitError, Conflict};
pub use document::{DocumentWrite, FieldValue};
pub use message::NewMessage;

use crate::context::{Context, Metadata};
use crate::event::{self, CodecError, Event};
use crate::id::{self, Tenant};
use crate::store::Lease;
use crate::stream::{Position, StreamId, Version};
use crate::time::Timestamp;

crate::uuid_id!(
    /// Identifies a commit: a UUIDv7 whose last sixteen bits are zero.
    pub CommitId
);

impl CommitId {
    /// The id of this commit's event at `ordinal`, counted over all its streams.
    pub fn event_id(self, ordinal: u16) -> uuid::Uuid {
        id::derive(self.0, ordinal)
    }

    /// The id of this commit's message at `ordinal`. Never the same as that of one of its events: it counts from
    /// the end of the range.
    pub fn message_id(self, ordinal: u16) -> uuid::Uuid {
        id::derive(self.0, u16::MAX - ordinal)
    }
}

/// What a writer expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there.
    Any,
    /// Exactly this version; zero means that it must not exist.
    Version(Version),
}

impl Expected {
    /// It must not exist yet.
    pub const ABSENT: Self = Self::Version(0);

    /// Whether `actual` is what was expected.
    pub fn accepts(self, actual: Version) -> bool {
        match self {
            Self::Any => true,
            Self::Version(expected) => expected == actual,
        }
    }
}

/// An event that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// The type of event.
    pub event_type: Cow<'static, str>,
    /// The schema version of the payload.
    pub schema: u32,
    /// The fields, as JSON.
    pub payload: Vec<u8>,
}

impl NewEvent {
    /// Writes down an aggregate's event.
    ///
    /// # Errors
    /// When its serde implementation fails.
    pub fn encode<E: Event>(event: &E) -> Result<Self, CodecError> {
        let event::Encoded { event_type, schema, payload } = event::encode(event)?;
        Ok(Self { event_type: Cow::Borrowed(event_type), schema, payload })
    }
}

/// Events for the end of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Append {
    /// The stream.
    pub stream: StreamId,
    /// What version the stream must have.
    pub expected: Expected,
    /// The events, in order.
    pub events: Vec<NewEvent>,
}

/// A reader's progress: written only if no one else has moved it since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointMove {
    /// Who reads.
    pub reader: String,
    /// Where it stood.
    pub from: Position,
    /// Where it stands now.
    pub to: Position,
}

/// Everything one decision changes. Applied as a whole, or not at all.
///
/// ```
/// use commerce_core::commit::{Claim, Commit, NewMessage};
///
/// let commit = Commit::new()
///     .message(NewMessage::new("invoice.sent", "invoice-7").payload(br#"{"total":"12.00"}"#.to_vec()))
///     .claim(Claim::new("invoice-number", "2026-0007"));
/// assert!(!commit.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commit {
    /// Under which it can be looked up when its answer was lost. The store makes one if there is none.
    pub id: Option<CommitId>,
    /// The id was made for this commit, which is handed over once.
    pub id_is_new: bool,
    /// Whose data it changes.
    pub tenant: Tenant,
    /// Who, why, as part of what.
    pub metadata: Metadata,
    /// Events, at most one append for a stream.
    pub appends: Vec<Append>,
    /// Documents, each at most once.
    pub documents: Vec<DocumentWrite>,
    /// Messages for the outbox.
    pub messages: Vec<NewMessage>,
    /// Claims to take.
    pub claims: Vec<Claim>,
    /// Claims to give back, before any is taken. One that no one holds is no error.
    pub releases: Vec<ClaimKey>,
    /// Readers that move on.
    pub checkpoints: Vec<CheckpointMove>,
    /// Leases that must still be held, under the same fencing token.
    pub fences: Vec<Lease>,
    /// Commits that must have been applied before this one.
    pub requires: Vec<CommitId>,
    /// Whether it may be answered before it is durable: see [`relaxed`](Self::relaxed).
    pub relaxed: bool,
}

impl Commit {
    /// An empty commit of the default tenant.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty commit with the context's tenant and metadata.
    pub fn within(context: &Context) -> Self {
        Self { tenant: context.tenant().clone(), metadata: context.metadata(), ..Self::default() }
    }

    /// Under this id, by which [`Store::outcome`](crate::store::Store::outcome) finds it.
    pub fn with_id(mut self, id: CommitId) -> Self {
        (self.id, self.id_is_new) = (Some(id), false);
        self
    }

    /// Under this id, which was made for this commit: so others can [require](Self::requires) it before it is answered.
    /// A store may do with less than for [any other](Self::with_id), as it need not notice a second commit under the id.
    /// Whoever may hand the commit over twice must not call this.
    pub fn with_new_id(mut self, id: CommitId) -> Self {
        (self.id, self.id_is_new) = (Some(id), true);
        self
    }

    /// Appends events to a stream.
    pub fn append(mut self, stream: StreamId, expected: Expected, events: Vec<NewEvent>) -> Self {
        self.appends.push(Append { stream, expected, events });
        self
    }

    /// Writes or deletes a document.
    pub fn document(mut self, write: DocumentWrite) -> Self {
        self.documents.push(write);
        self
    }

    /// Sends a message.
    pub fn message(mut self, message: NewMessage) -> Self {
        self.messages.push(message);
        self
    }

    /// Takes a claim.
    pub fn claim(mut self, claim: Claim) -> Self {
        self.claims.push(claim);
        self
    }

    /// Gives a claim back.
    pub fn release(mut self, claim: ClaimKey) -> Self {
        self.releases.push(claim);
        self
    }

    /// Moves a reader on.
    pub fn checkpoint(mut self, reader: impl Into<String>, from: Position, to: Position) -> Self {
        self.checkpoints.push(CheckpointMove { reader: reader.into(), from, to });
        self
    }

    /// Only while this lease is still held.
    pub fn fenced_by(mut self, lease: &Lease) -> Self {
        self.fences.push(lease.clone());
        self
    }

    /// Only if the commit of this id was applied. It need not be durable yet: one that was handed over earlier is
    /// applied earlier, or has failed by then. So a chain of commits can be handed over at once.
    ///
    /// ```
    /// use commerce_core::commit::Commit;
    /// use commerce_core::{Host, testing::TestHost};
    ///
    /// let first = TestHost::new().new_id().into();
    /// let second = Commit::new().requires(first);
    /// assert!(second.is_empty(), "it changes nothing");
    /// ```
    pub fn requires(mut self, commit: CommitId) -> Self {
        self.requires.push(commit);
        self
    }

    /// It may be answered before it is durable, for what is found out again when it is lost, such as how far a log was read.
    /// Should the store's machine fail it may be gone, and then so is every relaxed commit after it, but never one that
    /// wasn't relaxed and came after it, nor a part of it. A store may treat it as any other.
    pub fn relaxed(mut self) -> Self {
        self.relaxed = true;
        self
    }

    /// Everything of `other` as well. Tenant, metadata and id stay those of `self`. It is relaxed if both are.
    pub fn and(mut self, other: Commit) -> Self {
        self.appends.extend(other.appends);
        self.documents.extend(other.documents);
        self.messages.extend(other.messages);
        self.claims.extend(other.claims);
        self.releases.extend(other.releases);
        self.checkpoints.extend(other.checkpoints);
        self.fences.extend(other.fences);
        self.requires.extend(other.requires);
        self.relaxed &= other.relaxed;
        self
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.appends.iter().all(|append| append.events.is_empty())
            && self.documents.is_empty()
            && self.messages.is_empty()
            && self.claims.is_empty()
            && self.releases.is_empty()
            && self.checkpoints.is_empty()
    }

    /// What no store can apply: two writes of one stream or document, two of one claim, two values of one field, or more
    /// events and messages than a commit has ids for. Stores call it first.
    ///
    /// # Errors
    /// [`CommitError::Invalid`], naming the fault. The caller is at fault.
    pub fn check(&self) -> Result<(), CommitError> {
        if let Some(id) = self.id.filter(|id| id::derive(id.0, 0) != id.0) {
            return Err(CommitError::Invalid(format!(
                "commit id {id} does not leave its last sixteen bits zero, which number its events and messages"
            )));
        }
        let events: usize = self.appends.iter().map(|append| append.events.len()).sum();
        if events + self.messages.len() > usize::from(u16::MAX) {
            return Err(CommitError::Invalid(format!(
                "a commit holds at most {} events and messages, this one has {}",
                u16::MAX,
                events + self.messages.len()
            )));
        }
        unique("stream", self.appends.iter().map(|append| append.stream.as_str()))?;
        unique("document", self.documents.iter().map(|write| (&*write.collection, &*write.id)))?;
        self.documents.iter().try_for_each(DocumentWrite::check)?;
        unique("claim", self.claims.iter().map(|claim| (&*claim.key.scope, &*claim.key.key)))?;
        unique("checkpoint", self.checkpoints.iter().map(|moved| moved.reader.as_str()))
    }
}

fn unique<T: Ord + std::fmt::Debug>(what: &str, keys: impl Iterator<Item = T>) -> Result<(), CommitError> {
    let mut keys: Vec<T> = keys.collect();
    if keys.len() < 2 {
        return Ok(());
    }
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(CommitError::Invalid(format!(
            "a commit writes a {what} at most once, this one twice: {:?}",
            pair[0]
        ))),
        None => Ok(()),
    }
}

/// A commit that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its id.
    pub id: CommitId,
    /// The position of its last event; of the last event before it, if it has none.
    pub position: Position,
    /// When it was written, by the store's clock.
    pub recorded_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_writes_something_twice_is_refused_by_name() {
        let twice = Commit::new().claim(Claim::new("email", "a@b")).claim(Claim::new("email", "a@b"));
        assert!(twice.check().unwrap_err().to_string().contains("a@b"));
        let stream = StreamId::new("order", "1");
        let twice =
            Commit::new().append(stream.clone(), Expected::Any, vec![]).append(stream, Expected::Any, vec![]);
        assert!(twice.check().unwrap_err().to_string().contains("order/1"));
        let place = DocumentWrite::put("things", "7", Expected::Any, b"{}".to_vec()).field("place", 1);
        let twice = Commit::new().document(place.field("state", "new").field("place", 2));
        let told = twice.check().unwrap_err().to_string();
        assert!(["things", "7", "place"].iter().all(|word| told.contains(word)), "{told}");
    }

    #[test]
    fn ids_of_events_and_messages_differ() {
        let id = CommitId(id::v7(Timestamp::from_micros(1_000_000), &[3; 10]));
        assert_ne!(id.event_id(0), id.message_id(0));
    }

    #[test]
    fn what_a_commit_requires_changes_nothing_and_is_joined() {
        let id = |n| CommitId(id::v7(Timestamp::from_micros(1_000_000), &[n; 10]));
        let commit = Commit::new().requires(id(1)).and(Commit::new().requires(id(2)).requires(id(1)));
        assert!(commit.is_empty() && commit.check().is_ok());
        assert_eq!(commit.requires, [id(1), id(2), id(1)]);
    }

    #[test]
    fn an_append_without_events_changes_nothing() {
        assert!(Commit::new().append(StreamId::new("a", 1), Expected::ABSENT, vec![]).is_empty());
    }
}
