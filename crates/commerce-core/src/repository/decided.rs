use std::fmt;

use super::snapshot::{Kept, Snapshots};
use crate::aggregate::Aggregate;
use crate::commit::{Commit, CommitError, Committed, Expected, NewEvent};
use crate::id::Tenant;
use crate::stream::{StreamId, Version};

/// What a command would change. Nothing of it is written yet.
#[derive(Clone)]
#[non_exhaustive]
pub struct Decided<A: Aggregate> {
    /// Whose aggregate it is.
    pub tenant: Tenant,
    /// The aggregate's stream.
    pub stream: StreamId,
    /// The state after the events.
    pub state: A,
    /// The version on which it was decided. The commit fails if it is another by then.
    pub before: Version,
    /// The version after the events.
    pub version: Version,
    /// What happens; nothing, if there are none.
    pub events: Vec<A::Event>,
    pub(super) snapshots: Option<Snapshots<A>>,
    pub(super) kept: Kept,
}

impl<A: Aggregate> Decided<A> {
    /// Puts the events into a commit, expecting the version on which they were decided, and a snapshot if one is due.
    /// Without events, the commit stays as it is.
    ///
    /// # Errors
    /// [`CommitError::Invalid`] when the commit is another tenant's, or an event can't be written down. The caller is
    /// at fault.
    pub fn write_to(&self, mut commit: Commit) -> Result<Commit, CommitError> {
        if commit.tenant != self.tenant {
            return Err(CommitError::Invalid(format!(
                "{} belongs to tenant {}, the commit to tenant {}",
                self.stream, self.tenant, commit.tenant
            )));
        }
        if self.events.is_empty() {
            return Ok(commit);
        }
        let invalid = |error: crate::event::CodecError| CommitError::Invalid(error.to_string());
        let events = self.events.iter().map(NewEvent::encode).collect::<Result<_, _>>().map_err(invalid)?;
        if let Some(snapshots) = &self.snapshots
            && let Some(write) =
                snapshots.due(&self.stream, &self.state, self.version, &mut self.kept.clone())
        {
            commit = commit.document(write);
        }
        Ok(commit.append(self.stream.clone(), Expected::Version(self.before), events))
    }

    pub(super) fn into_outcome(self, committed: Option<Committed>) -> Outcome<A> {
        Outcome { state: self.state, version: self.version, events: self.events, committed }
    }
}

impl<A: Aggregate> fmt::Debug for Decided<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decided")
            .field("tenant", &self.tenant)
            .field("stream", &self.stream)
            .field("before", &self.before)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What a command has changed.
#[derive(Clone)]
pub struct Outcome<A: Aggregate> {
    /// The state after it.
    pub state: A,
    /// The version after it.
    pub version: Version,
    /// What happened.
    pub events: Vec<A::Event>,
    /// The commit that made it durable; none if nothing happened.
    pub committed: Option<Committed>,
}

impl<A: Aggregate> fmt::Debug for Outcome<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("kind", &A::KIND)
            .field("version", &self.version)
            .field("committed", &self.committed)
            .finish_non_exhaustive()
    }
}
