//! The end of a server, which is over before whoever has asked for it loses patience.

use std::time::Duration;

use commerce_adapters::telemetry::Telemetry;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// A server that is asked to end is gone after so long: many a supervisor kills it after ten seconds.
pub(super) const ENDS_WITHIN: Duration = Duration::from_secs(9);

/// The last thing a server does: it sends the spans that are left, in the time that is left. Dropped, it sends them too, within
/// their own time.
pub(super) struct Ending {
    telemetry: Telemetry,
    stop: CancellationToken,
    gone_by: JoinHandle<Instant>,
}

impl Ending {
    /// From `stop` on, time counts.
    pub(super) fn begin(telemetry: Telemetry, stop: &CancellationToken) -> Self {
        let asked = stop.clone();
        let gone_by = tokio::spawn(async move {
            asked.cancelled().await;
            Instant::now() + ENDS_WITHIN
        });
        Self { telemetry, stop: stop.clone(), gone_by }
    }

    pub(super) async fn flush(self) {
        let left = match self.stop.is_cancelled().then_some(self.gone_by) {
            Some(gone_by) => gone_by.await.map_or(Duration::ZERO, |by| by - Instant::now()),
            None => ENDS_WITHIN,
        };
        if let Err(error) = self.telemetry.shutdown_within(left) {
            warn!(%error, "the last spans are lost");
        }
    }
}
