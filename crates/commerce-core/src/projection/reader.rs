use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::generations::{Generations, SEALED, physical, reader};
use crate::id::Tenant;
use crate::store::{Document, Query, Store, StoreError};
use crate::stream::Position;

/// Reads a projection's documents in the generation that is live.
#[derive(Clone)]
pub struct ProjectionReader {
    store: Arc<dyn Store>,
    projection: Arc<str>,
}

impl ProjectionReader {
    /// Reads the projection of this name.
    pub fn new(store: Arc<dyn Store>, projection: impl Into<Arc<str>>) -> Self {
        Self { store, projection: projection.into() }
    }

    /// One document; none as long as the projection has written nothing.
    ///
    /// # Errors
    /// When the store can't be read, or the document doesn't fit `T`.
    pub async fn get<T: DeserializeOwned>(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<T>, StoreError> {
        let mut live = self.live().await?;
        while let Some(generation) = live {
            let found = self.store.document(tenant, &physical(collection, generation), id).await?;
            if let Some(document) = found {
                return document.json().map(Some);
            }
            // It may be gone because the generation is: look whether another has taken its place.
            live = self.live().await?.filter(|now| *now != generation);
        }
        Ok(None)
    }

    /// The documents that a query of a collection describes.
    ///
    /// # Errors
    /// When the store can't be read, or finds fault with the query.
    pub async fn query(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        let mut live = self.live().await?;
        loop {
            let Some(generation) = live else { return Ok(Vec::new()) };
            let collection = physical(&query.collection, generation);
            let found =
                self.store.documents(&Query { collection: collection.into(), ..query.clone() }).await?;
            live = self.live().await?;
            if live == Some(generation) {
                return Ok(found);
            }
        }
    }

    /// How far in the log the live generation has come; zero as long as the projection has written nothing, or if it is
    /// written [`Inline`](super::Inline).
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn position(&self) -> Result<Position, StoreError> {
        loop {
            let Some(generation) = self.live().await? else { return Ok(0) };
            // One that is sealed has been replaced since.
            match self.store.checkpoint(&reader(&self.projection, generation)).await? {
                SEALED => {}
                position => return Ok(position),
            }
        }
    }

    async fn live(&self) -> Result<Option<u32>, StoreError> {
        let found = Generations::find(&*self.store, &self.projection).await?;
        Ok(found.map(|(generations, _)| generations.live.number))
    }
}

impl fmt::Debug for ProjectionReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProjectionReader").field("projection", &self.projection).finish_non_exhaustive()
    }
}
