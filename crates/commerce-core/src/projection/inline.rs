use std::sync::Arc;

use uuid::Uuid;

use super::generations::Generations;
use super::{Error, Projection, Views};
use crate::commit::{Append, Commit, CommitId, Expected};
use crate::store::Store;
use crate::stream::{RecordedEvent, Version};
use crate::time::Timestamp;

/// Writes a projection in the commits that make the events.
///
/// The documents expect the versions at which they were read: where two commits touch the same document at once, one
/// of them fails with a document conflict, and is to be decided again.
#[derive(Clone)]
pub struct Inline {
    store: Arc<dyn Store>,
    projection: Arc<dyn Projection>,
    generation: u32,
}

impl Inline {
    /// Finds the live generation. Open it anew after a rebuild.
    ///
    /// # Errors
    /// [`Error::NeedsRebuild`] when another version of the projection has written it, [`Error::OtherWay`] when a
    /// projector catches it up; otherwise what the store says.
    pub async fn open(store: Arc<dyn Store>, projection: Arc<dyn Projection>) -> Result<Self, Error> {
        let (generations, _) = Generations::open(&store, &*projection, true).await?;
        generations.check(&*projection, true)?;
        Ok(Self { store, projection, generation: generations.live.number })
    }

    /// Adds to a commit what the projection makes of its events.
    ///
    /// The events have no position yet, and `now` stands for the time of record. The commit must say which
    /// versions its streams have.
    ///
    /// # Errors
    /// [`Error::Event`] when the projection can't take one of the events in.
    pub async fn project(&self, commit: Commit, now: Timestamp) -> Result<Commit, Error> {
        let collections = self.projection.collections();
        let mut views = Views::new(&*self.store, commit.tenant.clone(), collections, self.generation, false);
        for event in events(&commit, now) {
            let taken_in = self.projection.project(&event, &mut views).await;
            taken_in.map_err(|source| Error::at(self.projection.name(), &event, source))?;
            views.keep();
        }
        Ok(views.write_to(commit))
    }
}

/// The events of a commit, as they will be recorded.
fn events(commit: &Commit, now: Timestamp) -> Vec<RecordedEvent> {
    let metadata = Arc::new(commit.metadata.clone());
    let id = commit.id.unwrap_or(CommitId(Uuid::nil()));
    let mut events = Vec::new();
    for Append { stream, expected, events: appended } in &commit.appends {
        let before: Version = match expected {
            Expected::Version(version) => *version,
            Expected::Any => 0,
        };
        for (version, event) in (before + 1..).zip(appended) {
            let ordinal = u16::try_from(events.len()).unwrap_or(u16::MAX);
            events.push(RecordedEvent {
                position: 0,
                tenant: commit.tenant.clone(),
                stream: stream.clone(),
                version,
                event_type: event.event_type.clone().into(),
                schema: event.schema,
                payload: event.payload.clone(),
                id: id.event_id(ordinal),
                commit: id,
                recorded_at: now,
                metadata: metadata.clone(),
            });
        }
    }
    events
}
