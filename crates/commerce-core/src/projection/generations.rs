use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Error, Projection};
use crate::commit::{Commit, DocumentWrite, Expected};
use crate::id::Tenant;
use crate::store::{Store, StoreError};
use crate::stream::{Position, Version};

/// Where it is kept which generation of a projection is live. The log knows no tenants, so neither does this: it is
/// kept for the default one.
const COLLECTION: &str = "projections";

/// No log reaches it. A checkpoint that stands here belongs to a generation that is done with.
pub(super) const SEALED: Position = i64::MAX as u64;

/// The collection in which a generation's documents are.
pub(super) fn physical(collection: &str, generation: u32) -> String {
    format!("{collection}@{generation}")
}

/// The checkpoint of a generation.
pub(super) fn reader(projection: &str, generation: u32) -> String {
    format!("projection/{projection}@{generation}")
}

/// The names of the collections that a projection writes.
pub(super) fn names(projection: &dyn Projection) -> BTreeSet<String> {
    projection.collections().iter().copied().map(str::to_owned).collect()
}

/// One generation: which it is, and what version of the projection writes it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Generation {
    pub(super) number: u32,
    pub(super) version: u32,
}

/// The generations of a projection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Generations {
    pub(super) live: Generation,
    /// Being filled, to replace the live one.
    pub(super) next: Option<Generation>,
    /// Done with; their documents are to be deleted.
    pub(super) retired: Vec<u32>,
    /// The highest number that was ever given.
    pub(super) last: u32,
    /// Written inline: no checkpoint says how far it has come.
    pub(super) inline: bool,
    /// The collections of all generations whose documents are there still.
    #[serde(default)]
    pub(super) collections: BTreeSet<String>,
}

impl Generations {
    fn first(projection: &dyn Projection, inline: bool) -> Self {
        let live = Generation { number: 1, version: projection.version() };
        let collections = names(projection);
        Self { live, next: None, retired: Vec::new(), last: 1, inline, collections }
    }

    /// The next generation, to be filled by this version. One that another version has begun is given up.
    pub(super) fn begin(&mut self, projection: &dyn Projection) -> Generation {
        let version = projection.version();
        self.collections.extend(names(projection));
        if let Some(next) = self.next {
            if next.version == version {
                return next;
            }
            self.retired.push(next.number);
        }
        self.last += 1;
        *self.next.insert(Generation { number: self.last, version })
    }

    /// The next generation takes the place of the live one.
    pub(super) fn swap(&mut self) {
        if let Some(next) = self.next.take() {
            self.retired.push(self.live.number);
            self.live = next;
        }
    }

    /// As the store knows them, and the version of the document in which it does.
    pub(super) async fn find(store: &dyn Store, name: &str) -> Result<Option<(Self, Version)>, StoreError> {
        let Some(document) = store.document(&Tenant::default(), COLLECTION, name).await? else {
            return Ok(None);
        };
        Ok(Some((document.json()?, document.version)))
    }

    /// As the store knows them. A projection that it doesn't know yet is entered.
    pub(super) async fn open(
        store: &Arc<dyn Store>,
        projection: &dyn Projection,
        inline: bool,
    ) -> Result<(Self, Version), Error> {
        let name = projection.name();
        if let Some((found, version)) = Self::find(&**store, name).await? {
            return found.with_names(store, projection, version).await;
        }
        let first = Self::first(projection, inline);
        let answer = store.commit(Commit::new().document(first.write(name, 0)?)).await;
        match answer.map_err(|error| Error::from_commit(name, error)) {
            Ok(_) => Ok((first, 1)),
            // Another has entered it in the meantime.
            Err(error @ Error::Overtaken { .. }) => Self::find(&**store, name).await?.ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// Programs that knew no names of collections have left them out.
    async fn with_names(
        mut self,
        store: &Arc<dyn Store>,
        projection: &dyn Projection,
        version: Version,
    ) -> Result<(Self, Version), Error> {
        let names = names(projection);
        let are_known = names.is_empty() || !self.collections.is_empty();
        if are_known || self.live.version != projection.version() {
            return Ok((self, version));
        }
        self.collections = names;
        let named = store.commit(Commit::new().document(self.write(projection.name(), version)?)).await;
        match named.map_err(|error| Error::from_commit(projection.name(), error)) {
            Ok(_) => Ok((self, version + 1)),
            // Another has done it in the meantime.
            Err(error @ Error::Overtaken { .. }) => {
                Self::find(&**store, projection.name()).await?.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The documents of retired generations are gone, and with them the collections that only those had.
    pub(super) fn clear_retired(&mut self, projection: &dyn Projection) {
        self.retired.clear();
        if self.next.is_none() && self.live.version == projection.version() {
            self.collections = names(projection);
        }
    }

    pub(super) fn write(&self, name: &str, version: Version) -> Result<DocumentWrite, Error> {
        Ok(DocumentWrite::json(COLLECTION, name, Expected::Version(version), self)?)
    }

    /// Whether this projection may go on writing the live generation, in this way.
    pub(super) fn check(&self, projection: &dyn Projection, inline: bool) -> Result<(), Error> {
        let (name, here) = (projection.name().to_owned(), projection.version());
        if self.inline != inline {
            return Err(Error::OtherWay { projection: name, inline: self.inline });
        }
        let built = self.live.version;
        match built.cmp(&here) {
            Ordering::Equal => Ok(()),
            Ordering::Less => Err(Error::NeedsRebuild { projection: name, built, here }),
            // While programs are replaced one by one, the two must not take down what the other has built.
            Ordering::Greater => Err(Error::BuiltByNewer { projection: name, built, here }),
        }
    }
}
