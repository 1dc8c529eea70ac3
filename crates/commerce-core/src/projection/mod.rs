//! Read models: documents that follow the events.
//!
//! One handler, a [`Projection`] (the plainest is a [`Fold`]), serves two ways of following:
//! - **inline** ([`Inline`]): its writes join the commit that makes the events, so a reader never sees one without
//!   the other;
//! - **caught up** ([`Projector`]): it follows the log by a checkpoint, each batch of writes in one commit with the
//!   checkpoint's move. Two that follow at once can't have an effect twice: one of them loses.
//!
//! A read model whose handler has changed is **rebuilt beside the live one**: the writes of generation `g` of a
//! collection `c` are in the collection `c@g`, and the document `projections/{name}` says which generation is live.
//! [`Projector::rebuild`] fills the next one from the start of the log up to where the live one stands, and swaps them in one
//! commit, which holds only if the live one has not moved since. The new one thus never passes the old one before
//! it takes its place: that is why a rebuild drops every message, and no message is lost or sent twice.

mod error;
mod fold;
mod generations;
mod inline;
mod projector;
mod reader;
mod rebuild;
mod status;
#[cfg(test)]
mod tests;
mod views;

use async_trait::async_trait;

pub use error::{Error, ProjectionError};
pub use fold::Fold;
pub use inline::Inline;
pub use projector::{Progress, Projector};
pub use reader::ProjectionReader;
pub use rebuild::Rebuilt;
pub use status::{Live, Status};
pub use views::Views;

use crate::stream::RecordedEvent;

/// Turns events into documents.
///
/// What it writes must follow from the events and from what it has written before, and from nothing else: a rebuild then
/// gives the same again.
///
/// ```
/// # use std::sync::Arc;
/// use async_trait::async_trait;
/// use commerce_core::projection::{Projection, ProjectionError, ProjectionReader, Projector, Views};
/// use commerce_core::stream::RecordedEvent;
/// # use commerce_core::Host;
/// # use commerce_core::commit::{Commit, Expected, NewEvent};
/// # use commerce_core::memory::MemoryStore;
/// # use commerce_core::stream::StreamId;
/// # use commerce_core::testing::TestHost;
///
/// /// How many events each kind of aggregate has had.
/// struct Activity;
///
/// #[async_trait]
/// impl Projection for Activity {
///     fn name(&self) -> &str { "activity" }
///     fn version(&self) -> u32 { 1 }
///     fn collections(&self) -> &[&'static str] { &["activity"] }
///
///     async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
///         let kind = event.stream.kind();
///         let count: u64 = views.get("activity", kind).await?.unwrap_or(0);
///         views.put("activity", kind, &(count + 1))
///     }
/// }
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// # let host = Arc::new(TestHost::new());
/// # let store = Arc::new(MemoryStore::new(host.clone()));
/// # use commerce_core::store::Store;
/// # let event = NewEvent { event_type: "Placed".into(), schema: 1, payload: b"{}".to_vec() };
/// # store.commit(Commit::new().append(StreamId::new("order", 1), Expected::ABSENT, vec![event])).await?;
///
/// let projector = Projector::new(store.clone(), Arc::new(Activity));
/// while !projector.run_batch(100).await?.caught_up {}
///
/// let reader = ProjectionReader::new(store, "activity");
/// let count: Option<u64> = reader.get(host.context().tenant(), "activity", "order").await?;
/// assert_eq!(count, Some(1));
/// # Ok(())
/// # }
/// # let mut run = std::pin::pin!(run());
/// # let waker = std::task::Waker::noop();
/// # match run.as_mut().poll(&mut std::task::Context::from_waker(waker)) {
/// #     std::task::Poll::Ready(done) => done.unwrap(),
/// #     std::task::Poll::Pending => unreachable!("memory answers at once"),
/// # }
/// ```
#[async_trait]
pub trait Projection: Send + Sync + 'static {
    /// Names it in the store. Never change it.
    fn name(&self) -> &str;

    /// Raise it when what it writes changes: the read model is then to be rebuilt.
    fn version(&self) -> u32;

    /// The collections it writes. No other projection may write them.
    fn collections(&self) -> &[&'static str];

    /// Takes one event in. Events come in the order of the log, of all tenants and kinds; one that doesn't matter is
    /// passed over by answering `Ok`. Read them by [`upcast::decode`](crate::upcast::decode), as whoever loads their aggregate
    /// does.
    ///
    /// # Errors
    /// Whatever keeps it from taking the event in. Nothing of the event is written then, and those after it wait.
    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError>;
}
