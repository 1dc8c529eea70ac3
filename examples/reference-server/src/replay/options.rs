use std::error::Error;
use std::time::Duration;

use commerce_core::commit::{Commit, CommitError, CommitId, Conflict, DocumentWrite, Expected};
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use commerce_core::store::{Store, StoreError};
use commerce_outbox::{BusError, HandleError, RetryPolicy};
use serde::{Deserialize, Serialize};

use crate::services::GoodsError;

/// Which imports a data folder holds, by their digest: with what options each was begun.
const IMPORTS: &str = "imports";

/// How invoices are replayed.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// So many orders are under way at a time.
    pub concurrency: usize,
    /// The opening stock of each product; just enough of each if it is not set.
    pub stock: Option<u32>,
    /// Every so many orders one pays with a card that is declined.
    pub decline_every: Option<usize>,
    /// How often the file is replayed, each time under other invoice numbers.
    pub repeat: usize,
    /// How long a store that is out of reach is waited for.
    pub retry: RetryPolicy,
}

/// For a store on a server: it may be restarted, or another take its place, which takes some minutes at most.
pub const FOR_A_SERVER: RetryPolicy = RetryPolicy {
    attempts: 60,
    first_wait: Duration::from_millis(200),
    longest_wait: Duration::from_secs(5),
};

impl Default for ReplayOptions {
    fn default() -> Self {
        Self { concurrency: 32, stock: None, decline_every: None, repeat: 1, retry: RetryPolicy::default() }
    }
}

/// Why a replay could not go on. What is done stays done: the same command carries on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The data folder holds a replay of the same file with other options. Use the same, or another folder.
    #[error(
        "the data folder holds a replay of this file with {held}, not with {asked}: use the same options, or another \
         --store"
    )]
    OtherOptions {
        /// What it was begun with.
        held: String,
        /// What was asked for.
        asked: String,
    },
    /// A SKU of the file is another product's. What to do is in the sentence.
    #[error("{sentence}")]
    SkuTaken {
        /// Which, and what to do.
        sentence: String,
    },
    /// The store failed.
    #[error("{0}; what is done is kept, and the same command carries on")]
    Store(#[from] StoreError),
    /// The store could not write.
    #[error("{0}; what is done is kept, and the same command carries on")]
    Handle(#[from] HandleError),
    /// What is on the bus can't be read, or not be ticked off.
    #[error("{0}; what is done is kept, and the same command carries on")]
    Bus(#[from] BusError),
    /// Someone stopped it.
    #[error("stopped; what is done is kept, and the same command carries on")]
    Stopped,
}

impl From<CommitError> for ReplayError {
    fn from(error: CommitError) -> Self {
        Self::Handle(error.into())
    }
}

impl From<GoodsError> for ReplayError {
    fn from(error: GoodsError) -> Self {
        match error {
            GoodsError::Handle(error) => Self::Handle(error),
            taken @ GoodsError::SkuTaken { .. } => Self::SkuTaken { sentence: taken.to_string() },
        }
    }
}

impl ReplayError {
    /// Whether the same may succeed later. Whoever lost too many races may win the next one.
    pub(super) fn may_pass(&self) -> bool {
        let kind = match self {
            Self::Store(error) => error.kind(),
            Self::Handle(error) => error.kind(),
            Self::Bus(error) => error.kind(),
            Self::OtherOptions { .. } | Self::SkuTaken { .. } | Self::Stopped => Kind::Terminal,
        };
        matches!(kind, Kind::Retryable | Kind::Conflict)
    }

    /// The commit whose answer was lost, if that is what happened.
    pub(super) fn lost_commit(&self) -> Option<CommitId> {
        let Self::Handle(error) = self else { return None };
        match error.source()?.downcast_ref() {
            Some(CommitError::Unknown { id, .. }) => Some(*id),
            _ => None,
        }
    }

    /// What happened, without what follows from it.
    pub(super) fn cause(&self) -> String {
        match self {
            Self::Store(error) => error.to_string(),
            Self::Handle(error) => error.to_string(),
            Self::Bus(error) => error.to_string(),
            other => other.to_string(),
        }
    }
}

/// What must be the same for a replay to carry on.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Begun {
    stock: Option<u32>,
    decline_every: Option<usize>,
}

impl Begun {
    fn describe(&self) -> String {
        let number = |value: Option<usize>| value.map_or("none".to_owned(), |value| value.to_string());
        format!(
            "--stock {} and --decline-every {}",
            number(self.stock.and_then(|stock| stock.try_into().ok())),
            number(self.decline_every)
        )
    }
}

/// Notes with what options an import began, or checks that it carries on with the same.
pub(super) async fn begin(
    store: &dyn Store,
    digest: &str,
    options: &ReplayOptions,
) -> Result<(), ReplayError> {
    let asked = Begun { stock: options.stock, decline_every: options.decline_every };
    let write = DocumentWrite::json(IMPORTS, digest, Expected::ABSENT, &asked).map_err(HandleError::from)?;
    match store.commit(Commit::new().document(write)).await {
        Ok(_) => return Ok(()),
        Err(CommitError::Conflict(Conflict::Document { .. })) => {}
        Err(error) => return Err(error.into()),
    }
    let document = store.document(&Tenant::default(), IMPORTS, digest).await?;
    match document.map(|document| document.json::<Begun>()).transpose()? {
        Some(held) if held != asked => {
            Err(ReplayError::OtherOptions { held: held.describe(), asked: asked.describe() })
        }
        _ => Ok(()),
    }
}
