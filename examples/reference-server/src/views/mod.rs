//! Lists: read models that follow each service's own events.
//!
//! They are caught up in the background, and once more by whoever reads them: a client sees in a list what it was
//! answered before, and a checkout pays nothing for lists.

use std::sync::Arc;
use std::time::Duration;

use commerce_adapters::http::{Listing, Page, Problem};
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use commerce_core::projection::{Error, Projection, ProjectionReader, Projector, Rebuilt, Status};
use commerce_core::store::{ChangeListener, Query, Store, StoreError};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub mod catalog;
pub mod inventory;
pub mod orders;
pub mod payment;
mod row;
mod search;
pub mod shipping;

pub use row::Row;
pub(crate) use row::{Fields, fold, fold_with};
pub use search::{Found, ProductSearch};

/// So many events are taken in at once.
const BATCH: usize = 500;
/// So long a view that is not woken waits before it looks again.
const LOOK: Duration = Duration::from_secs(1);

/// A read model and what keeps it up to date.
#[derive(Clone)]
pub struct View {
    store: Arc<dyn Store>,
    projector: Projector,
    reader: ProjectionReader,
    /// Two that catch up at once in one process would only be in each other's way.
    turn: Arc<Mutex<()>>,
}

impl View {
    /// What this projection makes of the store's events.
    pub fn new(store: Arc<dyn Store>, projection: Arc<dyn Projection>) -> Self {
        let reader = ProjectionReader::new(store.clone(), projection.name());
        let projector = Projector::new(store.clone(), projection);
        Self { store, projector, reader, turn: Arc::default() }
    }

    /// The name of its projection.
    pub fn name(&self) -> &str {
        self.projector.name()
    }

    /// The documents, with everything in them that was answered before this call.
    ///
    /// # Errors
    /// 503 when the store can't be read.
    pub async fn fresh(&self) -> Result<&ProjectionReader, Problem> {
        self.store.caught_up().await?;
        self.catch_up().await.map_err(not_fresh)?;
        Ok(&self.reader)
    }

    /// A page of the rows that a query finds, by their ids, with everything in it that was answered before this call. What
    /// `show` makes nothing of is left out.
    ///
    /// # Errors
    /// 400 for a cursor of another list; 503 when the store can't be read.
    pub async fn page<A: DeserializeOwned, T>(
        &self,
        page: &Page,
        query: Query,
        show: impl Fn(&Row<A>) -> Option<T>,
    ) -> Result<Listing<T>, Problem> {
        let mut query = query.limit(page.look_ahead());
        if let Some(last) = page.after::<String>()? {
            query = query.after(last);
        }
        let rows = self.fresh().await?.query(&query).await?;
        let rows = rows.iter().map(|row| row.json()).collect::<Result<Vec<Row<A>>, _>>()?;
        let Listing { items, next_cursor } = page.listing(rows, |row| row.id.clone())?;
        Ok(Listing { items: items.iter().filter_map(show).collect(), next_cursor })
    }

    /// How it stands, and how many documents each of its collections has.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn status(&self) -> Result<(Status, Vec<(&'static str, u64)>), StoreError> {
        Ok((self.projector.status().await?, self.projector.count(&Tenant::default()).await?))
    }

    /// Builds it anew from the first event on, beside the live one, and puts it in its place. Then it goes on to the end
    /// of the log: a live one that could not is no obstacle, but the reason to build it anew.
    ///
    /// # Errors
    /// See [`Projector::rebuild`] and [`Projector::run_batch`].
    pub async fn rebuild(&self) -> Result<Rebuilt, Error> {
        // What was written last is to be in it, too.
        self.store.caught_up().await?;
        if let Err(error) = self.catch_up().await {
            if error.kind() == Kind::Retryable {
                return Err(error);
            }
            warn!(%error, "the live one can't go on: the new one is filled up to where it stands");
        }
        let rebuilt = {
            let _turn = self.turn.lock().await;
            self.projector.rebuild(BATCH).await?
        };
        self.catch_up().await?;
        Ok(rebuilt)
    }

    async fn catch_up(&self) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        loop {
            match self.projector.run_batch(BATCH).await {
                Ok(progress) if progress.caught_up => return Ok(()),
                // Another process has taken these in.
                Ok(_) | Err(Error::Overtaken { .. }) => {}
                Err(Error::NeedsRebuild { .. }) => match self.projector.rebuild(BATCH).await {
                    // Or another process is at it: whoever is slower goes on from where that has come to.
                    Ok(_) | Err(Error::Overtaken { .. }) => {}
                    Err(error) => return Err(error),
                },
                Err(error) => return Err(error),
            }
        }
    }

    /// Follows the events until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let change = self.store.changes().listen_for_events();
            if let Err(error) = self.catch_up().await {
                warn!(%error, "a list can't be brought up to date now");
            }
            wait(change, &shutdown).await;
        }
    }
}

/// Waits for the next change, or until it is time to look anyway.
async fn wait(change: ChangeListener, shutdown: &CancellationToken) {
    tokio::select! {
        _ = tokio::time::timeout(LOOK, change) => {}
        () = shutdown.cancelled() => {}
    }
    // What comes close together is taken in together.
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// What it means to a client that a list can't be shown.
fn not_fresh(error: Error) -> Problem {
    match error {
        // Programs are being replaced one by one: those that are new already can show it.
        Error::BuiltByNewer { .. } => {
            let detail = "this process is too old to show the list: another one can, try again";
            Problem::unavailable("store_unavailable", detail, LOOK).caused_by(error)
        }
        error => behind(error.kind(), error),
    }
}

/// What it means to a client that a list is not up to date.
fn behind(kind: Kind, error: impl std::error::Error + Send + Sync + 'static) -> Problem {
    match kind {
        Kind::Retryable | Kind::Conflict => {
            let detail = "the list can't be brought up to date now: try again";
            Problem::unavailable("store_unavailable", detail, LOOK).caused_by(error)
        }
        _ => Problem::bug(error),
    }
}
