use super::Owned;
use super::held::Passenger;
use super::link::Link;
use crate::aggregate::Aggregate;
use crate::commit::{CommitError, CommitId, Committed, Conflict};
use crate::id::Tenant;

/// A commit between its decision and its answer. If it is dropped without an answer, be it by a caller that goes away
/// or by a panic, the aggregates that it has changed are dropped from memory: nobody knows what the log has.
pub(super) struct Flight<'o, A: Aggregate> {
    owned: &'o Owned<A>,
    tenant: Tenant,
    passengers: Vec<Passenger<A>>,
    link: Link,
    /// What the decision's own commit requires. Whether that was applied has nothing to do with the states.
    theirs: Vec<CommitId>,
}

impl<'o, A: Aggregate> Flight<'o, A> {
    pub(super) fn new(owned: &'o Owned<A>, tenant: Tenant, commit: CommitId) -> Self {
        Self { owned, tenant, passengers: Vec::new(), link: Link::new(commit), theirs: Vec::new() }
    }

    pub(super) fn board(&mut self, passengers: Vec<Passenger<A>>, theirs: Vec<CommitId>) -> &Link {
        (self.passengers, self.theirs) = (passengers, theirs);
        &self.link
    }

    /// The store has answered. Whether it was decided on a state that the log doesn't have.
    pub(super) fn settle(mut self, answer: &Result<Committed, CommitError>) -> bool {
        let passengers = std::mem::take(&mut self.passengers);
        let error = match answer {
            Ok(_) => {
                self.link.settle();
                return false;
            }
            Err(error) => error,
        };
        let overtaken = match error {
            CommitError::Conflict(Conflict::Stream { stream, .. }) => {
                // Another kind's stream is one that the decision's own commit brought along.
                stream.kind() == A::KIND
            }
            CommitError::Conflict(Conflict::Required { commit }) => !self.theirs.contains(commit),
            _ => false,
        };
        // If the answer was lost, what builds on this commit asks the store itself, by requiring it. It is read
        // anew all the same, as whoever comes next would build on what may never have been.
        let mut held = self.owned.held();
        // What it only looked at is still right, unless the conflict says that it isn't.
        for passenger in passengers.iter().filter(|passenger| overtaken || passenger.changed) {
            held.evict(&self.tenant, passenger);
        }
        overtaken
    }
}

impl<A: Aggregate> Drop for Flight<'_, A> {
    fn drop(&mut self) {
        if self.passengers.is_empty() {
            return;
        }
        let mut held = self.owned.held();
        for passenger in self.passengers.iter().filter(|passenger| passenger.changed) {
            held.evict(&self.tenant, passenger);
        }
    }
}
