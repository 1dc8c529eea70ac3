use std::collections::BTreeMap;

use super::Error;
use super::generations::{Generation, Generations, SEALED, names, physical};
use super::projector::{Cursor, Projector};
use crate::commit::{Commit, DocumentWrite, Expected};
use crate::id::Tenant;
use crate::store::Query;
use crate::stream::Position;

/// What a rebuild has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// The generation that is live now; zero if there is none.
    pub generation: u32,
    /// How many events were taken in; those of an earlier call that was interrupted are not counted.
    pub events: u64,
    /// How many documents of older generations were deleted.
    pub deleted: u64,
}

impl Projector {
    /// Builds the read model anew beside the live one, in batches of `limit` events, and puts it in its place.
    ///
    /// Readers see the live one until the swap, and projectors go on with it meanwhile. A rebuild that is
    /// interrupted goes on where it stopped when it is called again. Messages are dropped: the live one has sent them,
    /// up to the very event at which it is replaced.
    ///
    /// A read model that is written [`Inline`](super::Inline) is rebuilt up to the end of the log: **stop its writers
    /// first**, and open it again afterwards. What they wrote in between would be in the old one only.
    ///
    /// Of one that was never written nothing is built: it begins with the first [batch](Self::run_batch), or when it is
    /// [opened](super::Inline::open).
    ///
    /// # Errors
    /// See [`run_batch`](Self::run_batch); which version has built the live one makes no difference. [`Error::Overtaken`] when another rebuilds it at the same time.
    pub async fn rebuild(&self, limit: usize) -> Result<Rebuilt, Error> {
        let limit = limit.max(1);
        let Some(next) = self.begin().await? else {
            return Ok(Rebuilt { generation: 0, events: 0, deleted: 0 });
        };
        let mut events = 0;
        while !self.fill_and_swap(next, limit, &mut events).await? {}
        let deleted = self.delete_retired(limit).await?;
        Ok(Rebuilt { generation: next.number, events, deleted })
    }

    /// Deletes what older generations have left, `limit` documents a commit. [`rebuild`](Self::rebuild) ends with
    /// it; only after one that was interrupted there is anything to do.
    ///
    /// # Errors
    /// What the store says.
    pub async fn delete_retired(&self, limit: usize) -> Result<u64, Error> {
        let found = Generations::find(&*self.store, self.name()).await?;
        let Some((mut generations, version)) = found else { return Ok(0) };
        let mut collections = generations.collections.clone();
        collections.extend(names(&*self.projection));
        let mut deleted = 0;
        for generation in &generations.retired {
            self.seal(*generation).await?;
            for collection in &collections {
                deleted += self.delete_all(physical(collection, *generation), limit.max(1)).await?;
            }
        }
        if !generations.retired.is_empty() {
            generations.clear_retired(&*self.projection);
            self.commit(Commit::new().document(generations.write(self.name(), version)?)).await?;
        }
        Ok(deleted)
    }

    /// The generation to be filled; none if there is no live one.
    async fn begin(&self) -> Result<Option<Generation>, Error> {
        let found = Generations::find(&*self.store, self.name()).await?;
        let Some((mut generations, version)) = found else { return Ok(None) };
        let before = generations.clone();
        let next = generations.begin(&*self.projection);
        if generations != before {
            self.commit(Commit::new().document(generations.write(self.name(), version)?)).await?;
        }
        Ok(Some(next))
    }

    /// One batch, or the swap if there is nothing left to fill in. Whether it is done.
    async fn fill_and_swap(&self, next: Generation, limit: usize, count: &mut u64) -> Result<bool, Error> {
        let found = Generations::find(&*self.store, self.name()).await?;
        let (generations, version) = found.ok_or_else(|| Error::overtaken(self.name()))?;
        if generations.next != Some(next) {
            return match generations.live == next {
                true => Ok(true),
                false => Err(Error::overtaken(self.name())),
            };
        }
        let end = self.end(&generations).await?;
        let position = self.store.checkpoint(&self.reader(next.number)).await?;
        let mut cursor = Cursor { generation: next.number, position, silent: true };
        let mut events = self.store.read_log(position, limit).await?;
        events.retain(|event| event.position <= end);
        if events.is_empty() {
            return self.swap(generations, version, end).await;
        }
        self.take_in(&mut cursor, &events).await?;
        *count += events.len() as u64;
        Ok(false)
    }

    /// Up to where the next generation is to be filled: to where the live one stands.
    async fn end(&self, generations: &Generations) -> Result<Position, Error> {
        match generations.inline {
            true => Ok(SEALED),
            false => Ok(self.store.checkpoint(&self.reader(generations.live.number)).await?),
        }
    }

    /// Makes the next generation the live one, unless that has moved since: then there is more to fill in. Its
    /// checkpoint is sealed, so that a projector that still works on it can't write any more.
    async fn swap(&self, mut generations: Generations, version: u64, end: Position) -> Result<bool, Error> {
        let live = generations.live.number;
        let next = generations.next.map_or(live, |next| next.number);
        let mut commit = Commit::new();
        if !generations.inline {
            let position = self.store.checkpoint(&self.reader(next)).await?;
            commit = commit.checkpoint(self.reader(live), end, SEALED);
            // Every event up to `end` is taken in, even if the last of them was deleted from the log since.
            commit = commit.checkpoint(self.reader(next), position, end);
        }
        generations.swap();
        match self.commit(commit.document(generations.write(self.name(), version)?)).await {
            Ok(()) => Ok(true),
            Err(Error::Overtaken { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A rebuild that was given up may still be at work somewhere.
    async fn seal(&self, generation: u32) -> Result<(), Error> {
        let reader = self.reader(generation);
        let position = self.store.checkpoint(&reader).await?;
        match position {
            SEALED => Ok(()),
            position => self.commit(Commit::new().checkpoint(reader, position, SEALED)).await,
        }
    }

    async fn delete_all(&self, collection: String, limit: usize) -> Result<u64, Error> {
        let mut deleted = 0;
        loop {
            let query = Query::all_tenants(collection.clone()).limit(limit);
            let found = self.store.documents(&query).await?;
            if found.is_empty() {
                return Ok(deleted);
            }
            deleted += found.len() as u64;
            let mut commits: BTreeMap<Tenant, Commit> = BTreeMap::new();
            for document in found {
                let delete = DocumentWrite::delete(collection.clone(), document.id, Expected::Any);
                commits.entry(document.tenant).or_default().documents.push(delete);
            }
            for (tenant, commit) in commits {
                self.commit(Commit { tenant, ..commit }).await?;
            }
        }
    }
}
