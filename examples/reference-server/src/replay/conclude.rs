//! The audit at the end.

use std::time::{Duration, Instant};

use commerce_core::store::StoreError;

use super::retry::Retries;
use super::watch::Watch;
use super::{Progress, ReplayError, ReplayOptions};
use crate::audit::{AuditReport, audit};
use crate::shop::Stores;

/// A process that was killed is taken to be at work for ten seconds. One that is still there after these is there to
/// stay, as a server is.
const PATIENCE: Duration = Duration::from_secs(15);

/// Audits what was replayed, once no process is at work on it any more. The caller's services have ended. None if some
/// process does not end for 15 seconds.
///
/// # Errors
/// When the stores fail.
pub async fn conclude(
    stores: &Stores,
    options: &ReplayOptions,
    progress: &dyn Progress,
) -> Result<Option<AuditReport>, ReplayError> {
    let watch = Watch::over(progress);
    watch.awaits("the audit begins once other processes have ended");
    let retries = Retries { policy: options.retry, watch: &watch };
    let until = Instant::now() + PATIENCE;
    tokio::select! {
        report = retries.read(|| audit_at_rest(stores, until)) => report,
        never = watch.tell() => never,
    }
}

async fn audit_at_rest(stores: &Stores, until: Instant) -> Result<Option<AuditReport>, StoreError> {
    loop {
        if !stores.left_alone(until.saturating_duration_since(Instant::now())).await? {
            return Ok(None);
        }
        let report = audit(stores).await?;
        // Whoever began meanwhile may have been seen in the middle of a step.
        if report.is_ok() || !stores.are_at_work().await? {
            return Ok(Some(report));
        }
    }
}
