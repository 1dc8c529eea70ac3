//! What customers search: in memory, in each process.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use commerce_adapters::http::Problem;
use commerce_core::Aggregate;
use commerce_core::catalog::search::{Facets, Place, SearchIndex, SearchQuery};
use commerce_core::catalog::{Product, ProductEvent};
use commerce_core::id::{ProductId, Tenant};
use commerce_core::store::{Store, StoreError};
use commerce_core::stream::{Position, RecordedEvent};
use commerce_core::upcast::decode;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{BATCH, behind, wait};

/// Finds published products. It follows the catalog's events, and keeps all of it in memory.
#[derive(Clone)]
pub struct ProductSearch {
    store: Arc<dyn Store>,
    shelves: Arc<RwLock<Shelves>>,
    /// Each event is taken in once, in order.
    turn: Arc<Mutex<()>>,
}

/// What was found, each hit as the caller shows it.
pub struct Found<T> {
    /// As many as were asked for, in order, with their places in it.
    pub hits: Vec<(Place, T)>,
    /// How many there are on all pages.
    pub total: usize,
    /// How those on all pages spread.
    pub facets: Facets,
}

#[derive(Default)]
struct Shelves {
    position: Position,
    tenants: HashMap<Tenant, Shelf>,
}

#[derive(Default)]
struct Shelf {
    products: HashMap<ProductId, Product>,
    index: SearchIndex,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the stream {0} has no product's id")]
    Stream(String),
}

impl ProductSearch {
    /// Over the products of this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, shelves: Arc::default(), turn: Arc::default() }
    }

    /// What fits the question among everything that was answered before this call. `show` makes of each hit what the
    /// caller wants of it.
    ///
    /// # Errors
    /// 503 when the store can't be read.
    pub async fn search<T>(
        &self,
        tenant: &Tenant,
        query: &SearchQuery,
        show: impl Fn(ProductId, &Product) -> Option<T>,
    ) -> Result<Found<T>, Problem> {
        self.store.caught_up().await?;
        self.catch_up().await.map_err(|error| match error {
            Error::Store(error) => behind(error.kind(), error),
            error => Problem::bug(error),
        })?;
        let shelves = self.read();
        let Some(shelf) = shelves.tenants.get(tenant) else {
            return Ok(Found { hits: Vec::new(), total: 0, facets: Facets::default() });
        };
        let page = shelf.index.search(query);
        let hits = page.hits.into_iter().filter_map(|hit| {
            let product = shelf.products.get(&hit.id)?;
            Some((hit.place, show(hit.id, product)?))
        });
        Ok(Found { hits: hits.collect(), total: page.total, facets: page.facets })
    }

    /// Follows the events until `shutdown`, so that a search has little to take in.
    pub async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let change = self.store.changes().listen_for_events();
            if let Err(error) = self.catch_up().await {
                warn!(%error, "the search can't be brought up to date now");
            }
            wait(change, &shutdown).await;
        }
    }

    async fn catch_up(&self) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        loop {
            let from = self.read().position;
            let events = self.store.read_log(from, BATCH).await?;
            let Some(last) = events.last() else { return Ok(()) };
            let changes = events.iter().filter_map(change).collect::<Result<Vec<_>, _>>()?;
            self.write().take_in(changes, last.position);
            if events.len() < BATCH {
                return Ok(());
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Shelves> {
        self.shelves.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Shelves> {
        self.shelves.write().unwrap_or_else(PoisonError::into_inner)
    }
}

type Change = (Tenant, ProductId, ProductEvent);

/// What an event changes; nothing, unless it is one of a product.
fn change(event: &RecordedEvent) -> Option<Result<Change, Error>> {
    let read = || {
        let id = event.stream.id().parse().map_err(|_| Error::Stream(event.stream.to_string()))?;
        Ok((event.tenant.clone(), id, decode(event)?))
    };
    (event.stream.kind() == Product::KIND).then(read)
}

impl Shelves {
    fn take_in(&mut self, changes: Vec<Change>, position: Position) {
        for (tenant, id, event) in changes {
            let Shelf { products, index } = self.tenants.entry(tenant).or_default();
            let product = products.entry(id).or_default();
            product.apply(&event);
            index.put(id, product);
        }
        self.position = position;
    }
}
