use crate::aggregate::Aggregate;
use crate::commit::Commit;

/// What was decided: events for some of the aggregates, what else is to be committed with them, and a result for the
/// caller.
#[derive(Clone, Debug)]
pub struct Decision<A: Aggregate, R> {
    /// What happens to which aggregate. Only those that were asked for.
    pub events: Vec<(A::Id, Vec<A::Event>)>,
    /// Documents, messages, claims, fences and requirements of the same commit. Its tenant and metadata are replaced
    /// by those of the context, and its id by one that no attempt ever had: others build on it before its answer, and
    /// must not take another commit of the same id for it. To recognise a request that comes again, take a claim.
    pub commit: Commit,
    /// What the caller gets once all of it is durable.
    pub result: R,
}

impl<A: Aggregate, R> Decision<A, R> {
    /// Nothing happens, with this result.
    pub fn new(result: R) -> Self {
        Self { events: Vec::new(), commit: Commit::new(), result }
    }

    /// These events happen to this aggregate.
    pub fn events(mut self, id: A::Id, events: Vec<A::Event>) -> Self {
        self.events.push((id, events));
        self
    }

    /// This belongs to the same commit.
    pub fn with(mut self, commit: Commit) -> Self {
        self.commit = commit;
        self
    }
}
