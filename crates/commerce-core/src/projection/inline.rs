use std::fmt;
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
    /// [`Error::NeedsRebuild`] when an older version of the projection has written it, [`Error::BuiltByNewer`] when a
    /// newer one has, [`Error::OtherWay`] when a projector catches it up; otherwise what the store says.
    pub async fn open(store: Arc<dyn Store>, projection: Arc<dyn Projection>) -> Result<Self, Error> {
        let (generations, _) = Generations::open(&store, &*projection, true).await?;
        generations.check(&*projection, true)?;
        Ok(Self { store, projection, generation: generations.live.number })
    }

    /// Adds to a commit what the projection makes of its events.
    ///
    /// The projection sees the events as far as they are known before the store has them:
    /// - their stream, tenant, type, schema, payload and metadata are those that will be recorded;
    /// - `version` is so only where the append expects a [version](Expected::Version). With [`Expected::Any`] the events
    ///   are numbered as if their stream were empty;
    /// - `commit` and `id` are so only where the commit [has an id](Commit::with_id), and gets no more appends before
    ///   these. Without one the commit is the nil UUID and the ids are made from it: the same in every such commit;
    /// - `position` is 0, and `now` stands for the time of record: neither is what will be recorded.
    ///
    /// What a projection makes of a field that will be recorded otherwise, a rebuild makes otherwise.
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

impl fmt::Debug for Inline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inline")
            .field("projection", &self.projection.name())
            .field("generation", &self.generation)
            .finish_non_exhaustive()
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
