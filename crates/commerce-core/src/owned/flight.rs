use std::sync::Arc;

use super::Owned;
use super::chain::Link;
use super::held::Passenger;
use crate::aggregate::Aggregate;
use crate::commit::{CommitError, Committed, Conflict};
use crate::id::Tenant;

/// A commit between its decision and its answer. If it is dropped without an answer, be it by a caller that goes away
/// or by a panic, the aggregates that it has changed are dropped from memory: nobody knows what the log has.
pub(super) struct Flight<'o, A: Aggregate> {
    owned: &'o Owned<A>,
    tenant: Tenant,
    passengers: Vec<Passenger<A>>,
    link: Option<Arc<Link>>,
}

impl<'o, A: Aggregate> Flight<'o, A> {
    pub(super) fn new(owned: &'o Owned<A>, tenant: Tenant) -> Self {
        Self { owned, tenant, passengers: Vec::new(), link: None }
    }

    pub(super) fn board(&mut self, passengers: Vec<Passenger<A>>, link: Arc<Link>) -> Arc<Link> {
        self.passengers = passengers;
        self.link.insert(link).clone()
    }

    /// The store has answered. Whether it was decided on a state that the log doesn't have.
    pub(super) fn settle(mut self, answer: &Result<Committed, CommitError>) -> bool {
        let mut held = self.owned.held();
        let overtaken = match answer {
            Err(CommitError::Conflict(Conflict::Stream { stream, .. })) => {
                // Another kind's stream is one that the decision's own commit brought along.
                stream.kind() == A::KIND
            }
            Err(CommitError::Conflict(Conflict::Checkpoint { reader, .. })) => held.chain.owns(reader),
            _ => false,
        };
        if let Some(link) = self.link.take() {
            held.chain.settle(&link, answer);
        }
        for passenger in std::mem::take(&mut self.passengers) {
            // What it only looked at is still right, unless the conflict says that it isn't.
            if answer.is_err() && (overtaken || passenger.changed) {
                held.evict(&self.tenant, &passenger);
            }
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
