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
    patience: Patience,
}

impl Ending {
    /// From `stop` on, time counts.
    pub(super) fn begin(telemetry: Telemetry, stop: &CancellationToken) -> Self {
        Self { telemetry, patience: Patience::of(stop) }
    }

    pub(super) async fn flush(self) {
        if let Err(error) = self.telemetry.shutdown_within(self.patience.left().await) {
            warn!(%error, "the last spans are lost");
        }
    }
}

/// Of whoever has asked a server to end.
struct Patience {
    stop: CancellationToken,
    gone_by: JoinHandle<Instant>,
}

impl Patience {
    fn of(stop: &CancellationToken) -> Self {
        let asked = stop.clone();
        let gone_by = tokio::spawn(async move {
            asked.cancelled().await;
            Instant::now() + ENDS_WITHIN
        });
        Self { stop: stop.clone(), gone_by }
    }

    /// How much is left of it.
    async fn left(self) -> Duration {
        match self.stop.is_cancelled().then_some(self.gone_by) {
            Some(gone_by) => gone_by.await.map_or(Duration::ZERO, |by| by - Instant::now()),
            None => ENDS_WITHIN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of it so long after a server was asked to end.
    async fn left_after(seconds: u64) -> Duration {
        let stop = CancellationToken::new();
        let patience = Patience::of(&stop);
        tokio::time::sleep(Duration::from_secs(60)).await;
        stop.cancel();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        patience.left().await
    }

    #[tokio::test(start_paused = true)]
    async fn what_its_services_took_is_not_there_for_its_last_spans() {
        assert_eq!(left_after(0).await, ENDS_WITHIN);
        assert_eq!(left_after(7).await, ENDS_WITHIN - Duration::from_secs(7));
        assert_eq!(left_after(30).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_ends_by_itself_takes_its_time() {
        let patience = Patience::of(&CancellationToken::new());
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(patience.left().await, ENDS_WITHIN);
    }
}
