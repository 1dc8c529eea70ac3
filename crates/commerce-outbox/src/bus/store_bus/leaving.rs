//! What a source is asked for in an orderly end, and for how long it is waited for.

use std::time::Duration;

use commerce_core::error::Kind;

use super::feed::Feed;
use super::partition::{Partition, is_lost};
use super::word::Speaker;
use crate::error::BusError;

/// A source is waited for so long, or longer where leases last.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// So often, and so long apart, a member that ends tries to leave a partition.
const LEAVE: (u32, Duration) = (3, Duration::from_millis(200));

/// Gives up after so long. What is asked of a source like this may be dropped at any time.
pub(super) async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, BusError>>,
) -> Result<T, BusError> {
    let answer = tokio::time::timeout(limit, work).await;
    answer.unwrap_or_else(|_| {
        Err(BusError::Unavailable { source: format!("no answer within {limit:?}").into() })
    })
}

/// Leaves a partition for good. A store that was restarted since it was last asked is often there at the second attempt.
pub(super) async fn leave_for_good(partition: &mut Partition) -> Result<(), BusError> {
    in_time(PATIENCE, leave_at_last(partition)).await
}

async fn leave_at_last(partition: &mut Partition) -> Result<(), BusError> {
    let mut attempts = 1;
    loop {
        match partition.leave().await {
            Err(error) if is_lost(&error) => return Ok(()),
            Err(error) if error.kind() == Kind::Retryable && attempts < LEAVE.0 => {
                attempts += 1;
                tokio::time::sleep(LEAVE.1).await;
            }
            result => return result,
        }
    }
}

/// Gives back a lease of this source that was asked for in vain, and the member's place among others.
pub(super) async fn forget(feed: &mut Feed, speaker: &Speaker) -> Result<(), BusError> {
    in_time(PATIENCE, forget_at_last(feed, speaker)).await
}

async fn forget_at_last(feed: &mut Feed, speaker: &Speaker) -> Result<(), BusError> {
    let store = &feed.source.store;
    if let Some(mut asked) = feed.lease.take()
        && let Some(lease) = asked.answer().await.ok().flatten()
    {
        store.release_lease(&lease).await?;
    }
    speaker.leave(store).await
}
