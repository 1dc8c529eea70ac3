//! How far the projection has come.

use serde::{Deserialize, Serialize};

use super::PROGRESS;
use super::document::{self, Figure};
use crate::projection::{ProjectionError, Views};
use crate::stream::{Position, RecordedEvent};
use crate::time::Timestamp;

/// How far the projection has come. Written with the figures, so it never says more than they do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::analytics) struct ProgressRecord {
    /// The position of the last fact taken in.
    pub(in crate::analytics) position: Position,
    /// When that fact was written.
    pub(in crate::analytics) last_fact_at: Option<Timestamp>,
    /// How many facts were taken in.
    pub(in crate::analytics) facts: u64,
}

impl Figure for ProgressRecord {
    const COLLECTION: &'static str = PROGRESS;
}

impl ProgressRecord {
    /// The one document of its collection.
    pub(in crate::analytics) const ID: &'static str = "facts";
}

pub(super) async fn record(event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
    document::change(views, ProgressRecord::ID, Vec::new(), |progress: &mut ProgressRecord| {
        progress.position = event.position;
        progress.last_fact_at = Some(event.recorded_at);
        progress.facts += 1;
    })
    .await
}
