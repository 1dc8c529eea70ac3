use std::sync::Arc;

use commerce_core::commit::{Commit, Expected, NewEvent};
use commerce_core::event::CodecError;
use commerce_core::repository::Repository;
use commerce_core::store::{Store, StoreError};
use commerce_core::stream::{StreamId, Version};
use commerce_core::{Aggregate, Context};

/// An aggregate that several commands are given to within one commit.
pub(crate) struct Session<A: Aggregate> {
    id: A::Id,
    state: A,
    version: Version,
    events: Vec<A::Event>,
}

impl<A: Aggregate> Session<A> {
    pub(crate) async fn load(
        store: &Arc<dyn Store>,
        context: &Context,
        id: A::Id,
    ) -> Result<Self, StoreError> {
        let loaded = Repository::<A>::new(store.clone()).load(context.tenant(), &id).await?;
        Ok(Self { id, state: loaded.state, version: loaded.version, events: Vec::new() })
    }

    /// One that is not there yet: nothing is read, and the commit expects it to be absent.
    pub(crate) fn absent(id: A::Id) -> Self {
        Self { id, state: A::default(), version: 0, events: Vec::new() }
    }

    /// One that is held in memory, at this version.
    pub(crate) fn held(id: A::Id, state: A, version: Version) -> Self {
        Self { id, state, version, events: Vec::new() }
    }

    pub(crate) fn state(&self) -> &A {
        &self.state
    }

    pub(crate) fn events(&self) -> &[A::Event] {
        &self.events
    }

    /// The version after what was decided.
    pub(crate) fn version(&self) -> Version {
        self.version + self.events.len() as u64
    }

    /// After its events were committed: as if it had been loaded again.
    pub(crate) fn committed(self) -> Self {
        Self { version: self.version(), events: Vec::new(), ..self }
    }

    /// The version that was loaded.
    pub(crate) fn loaded_version(&self) -> Version {
        self.version
    }

    pub(crate) fn id(&self) -> &A::Id {
        &self.id
    }

    pub(crate) fn exists(&self) -> bool {
        self.version > 0 || !self.events.is_empty()
    }

    pub(crate) fn decide(&mut self, command: A::Command, context: &Context) -> Result<(), A::Rejection> {
        let decided = self.state.decide(command, context);
        count_command(A::KIND, decided.is_ok());
        for event in decided? {
            self.state.apply(&event);
            self.events.push(event);
        }
        Ok(())
    }

    /// Takes in what was decided elsewhere.
    pub(crate) fn take_in(&mut self, events: Vec<A::Event>) {
        events.iter().for_each(|event| self.state.apply(event));
        self.events.extend(events);
    }

    pub(crate) fn into_events(self) -> Vec<A::Event> {
        self.events
    }

    /// Adds the events to a commit that expects the version they were decided on.
    pub(crate) fn write_to(&self, commit: Commit) -> Result<Commit, CodecError> {
        if self.events.is_empty() {
            return Ok(commit);
        }
        let events = self.events.iter().map(NewEvent::encode).collect::<Result<_, _>>()?;
        Ok(commit.append(StreamId::of::<A>(&self.id), Expected::Version(self.version), events))
    }
}

/// `commands_total`: what an aggregate was asked, by its kind and whether it agreed. Counted when it is decided: once more,
/// if another was faster and it is decided again.
pub(crate) fn count_command(aggregate: &'static str, accepted: bool) {
    let outcome = if accepted { "accepted" } else { "rejected" };
    metrics::counter!("commands_total", "aggregate" => aggregate, "outcome" => outcome).increment(1);
}
