use std::fmt;
use std::sync::Arc;

use super::generations::{Generations, SEALED, reader};
use super::{Error, Projection, Views};
use crate::commit::Commit;
use crate::store::Store;
use crate::stream::{Position, RecordedEvent};

/// Follows the log with a projection.
///
/// It holds nothing between two calls: any number may run, in any process, and each call goes on from where the
/// store says that the projection stands.
#[derive(Clone)]
pub struct Projector {
    pub(super) store: Arc<dyn Store>,
    pub(super) projection: Arc<dyn Projection>,
}

/// How far a projection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many events were taken in.
    pub events: usize,
    /// Where it stands in the log now.
    pub position: Position,
    /// There was nothing more to read.
    pub caught_up: bool,
}

/// A generation that is moved along the log.
pub(super) struct Cursor {
    pub(super) generation: u32,
    pub(super) position: Position,
    /// Whether what it says is dropped.
    pub(super) silent: bool,
}

impl Projector {
    /// Follows the log of this store.
    pub fn new(store: Arc<dyn Store>, projection: Arc<dyn Projection>) -> Self {
        Self { store, projection }
    }

    /// Takes in the next events, `limit` at most, and one at least. Documents, messages and the checkpoint's move are one commit for
    /// each run of events of one tenant.
    ///
    /// # Errors
    /// [`Error::Event`] names the event that the projection could not take in; those before it are written. When
    /// another projector was faster, or a rebuild has replaced the live generation: [`Error::Overtaken`]; when the live
    /// generation was built by another version: [`Error::NeedsRebuild`] or [`Error::BuiltByNewer`].
    pub async fn run_batch(&self, limit: usize) -> Result<Progress, Error> {
        let (generations, _) = Generations::open(&self.store, &*self.projection, false).await?;
        self.run_live(&generations, limit).await
    }

    /// The next events for the generation that was live a moment ago.
    pub(super) async fn run_live(&self, generations: &Generations, limit: usize) -> Result<Progress, Error> {
        generations.check(&*self.projection, false)?;
        let generation = generations.live.number;
        let position = self.store.checkpoint(&self.reader(generation)).await?;
        // It was replaced since. That no events follow here says nothing about what readers see now.
        if position == SEALED {
            return Err(Error::overtaken(self.name()));
        }
        let mut cursor = Cursor { generation, position, silent: false };
        // Of none it could not be said whether more follow.
        let limit = limit.max(1);
        let events = self.store.read_log(position, limit).await?;
        self.take_in(&mut cursor, &events).await?;
        Ok(Progress { events: events.len(), position: cursor.position, caught_up: events.len() < limit })
    }

    /// The projection's name.
    pub fn name(&self) -> &str {
        self.projection.name()
    }

    pub(super) fn reader(&self, generation: u32) -> String {
        reader(self.name(), generation)
    }

    /// Takes events in and moves the cursor with them. A commit is one tenant's, so each run of one tenant is one.
    pub(super) async fn take_in(&self, cursor: &mut Cursor, events: &[RecordedEvent]) -> Result<(), Error> {
        for run in events.chunk_by(|one, other| one.tenant == other.tenant) {
            self.take_in_run(cursor, run).await?;
        }
        Ok(())
    }

    async fn take_in_run(&self, cursor: &mut Cursor, run: &[RecordedEvent]) -> Result<(), Error> {
        let Some(first) = run.first() else { return Ok(()) };
        let tenant = first.tenant.clone();
        let collections = self.projection.collections();
        let mut views =
            Views::new(&*self.store, tenant.clone(), collections, cursor.generation, cursor.silent);
        let mut position = cursor.position;
        let mut failed = None;
        for event in run {
            if let Err(source) = self.projection.project(event, &mut views).await {
                views.forget();
                failed = Some(Error::at(self.name(), event, source));
                break;
            }
            views.keep();
            position = event.position;
        }
        if position > cursor.position {
            let commit = views.write_to(Commit { tenant, ..Commit::new() }).checkpoint(
                self.reader(cursor.generation),
                cursor.position,
                position,
            );
            self.commit(commit).await?;
            cursor.position = position;
        }
        failed.map_or(Ok(()), Err)
    }

    pub(super) async fn commit(&self, commit: Commit) -> Result<(), Error> {
        let answer = self.store.commit(commit).await;
        answer.map(|_| ()).map_err(|error| Error::from_commit(self.name(), error))
    }
}

impl fmt::Debug for Projector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projector").field("projection", &self.name()).finish_non_exhaustive()
    }
}
