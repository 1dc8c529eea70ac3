//! An aggregate as it stands in a list.

use std::borrow::Cow;

use commerce_core::commit::FieldValue;
use commerce_core::projection::{ProjectionError, Views};
use commerce_core::stream::{RecordedEvent, Version};
use commerce_core::upcast::decode;
use commerce_core::{Aggregate, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The fields by which a row is found.
pub(crate) type Fields = Vec<(Cow<'static, str>, FieldValue)>;

/// An aggregate as it stands in a list: its state and its version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row<A> {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: Version,
    /// When its first event was written.
    pub since: Timestamp,
    /// When its last event was written.
    pub changed: Timestamp,
    /// Its state, or what a list shows of it.
    pub state: A,
}

/// Takes an event of one aggregate into its row.
pub(crate) async fn fold<A>(
    event: &RecordedEvent,
    views: &mut Views<'_>,
    collection: &'static str,
    fields: impl Fn(&Row<A>) -> Fields,
) -> Result<(), ProjectionError>
where
    A: Aggregate + Serialize + DeserializeOwned,
{
    let change = decode(event)?;
    fold_with(event, views, collection, |state: &mut A| state.apply(&change), fields).await
}

/// The same for a list that shows less than the aggregate is, and has a state of its own. A row is read and written with
/// each event: what an aggregate keeps that has no bound must not be in it.
pub(crate) async fn fold_with<S>(
    event: &RecordedEvent,
    views: &mut Views<'_>,
    collection: &'static str,
    apply: impl FnOnce(&mut S),
    fields: impl Fn(&Row<S>) -> Fields,
) -> Result<(), ProjectionError>
where
    S: Default + Serialize + DeserializeOwned,
{
    let id = event.stream.id();
    let found: Option<Row<S>> = views.get(collection, id).await?;
    let mut row = found.unwrap_or_else(|| Row {
        id: id.to_owned(),
        version: 0,
        since: event.recorded_at,
        changed: event.recorded_at,
        state: S::default(),
    });
    apply(&mut row.state);
    (row.version, row.changed) = (event.version, event.recorded_at);
    views.put_with(collection, id, &row, fields(&row))
}
