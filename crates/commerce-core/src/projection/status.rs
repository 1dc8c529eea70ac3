use super::Projector;
use super::generations::{Generations, physical, reader};
use crate::id::Tenant;
use crate::store::{Query, StoreError};
use crate::stream::Position;

/// So many documents are counted at once.
const STEP: usize = 500;

/// How a projection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Its name.
    pub name: String,
    /// The version of this program.
    pub here: u32,
    /// What is live; none as long as it never ran.
    pub live: Option<Live>,
    /// Whether another generation is being filled, or was left so.
    pub rebuilding: bool,
}

/// A generation that readers see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Live {
    /// Which.
    pub generation: u32,
    /// The version of the projection that writes it.
    pub built: u32,
    /// How far it has come in the log; none if it is written inline.
    pub position: Option<Position>,
}

impl Projector {
    /// How the projection stands. Nothing is written.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn status(&self) -> Result<Status, StoreError> {
        let (name, here) = (self.name().to_owned(), self.projection.version());
        let Some((generations, _)) = Generations::find(&*self.store, &name).await? else {
            return Ok(Status { name, here, live: None, rebuilding: false });
        };
        let live = generations.live;
        let position = match generations.inline {
            true => None,
            false => Some(self.store.checkpoint(&reader(&name, live.number)).await?),
        };
        let live = Live { generation: live.number, built: live.version, position };
        Ok(Status { name, here, live: Some(live), rebuilding: generations.next.is_some() })
    }

    /// How many documents of a tenant the live generation has in each of its collections.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn count(&self, tenant: &Tenant) -> Result<Vec<(&'static str, u64)>, StoreError> {
        let Some((generations, _)) = Generations::find(&*self.store, self.name()).await? else {
            return Ok(self.projection.collections().iter().map(|collection| (*collection, 0)).collect());
        };
        let mut counts = Vec::new();
        for collection in self.projection.collections().iter().copied() {
            let query = Query::of(tenant, physical(collection, generations.live.number));
            counts.push((collection, self.count_found(query).await?));
        }
        Ok(counts)
    }

    async fn count_found(&self, query: Query) -> Result<u64, StoreError> {
        let mut query = query.limit(STEP);
        let mut count = 0;
        loop {
            let found = self.store.documents(&query).await?;
            count += found.len() as u64;
            match found.last() {
                Some(last) if found.len() == STEP => query = query.after(last.id.clone()),
                _ => return Ok(count),
            }
        }
    }
}
