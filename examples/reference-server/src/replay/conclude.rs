//! The audit at the end.

use std::time::Duration;

use commerce_core::store::StoreError;

use super::retry::Retries;
use super::watch::Watch;
use super::{Progress, ReplayError, ReplayOptions};
use crate::audit::{AuditReport, audit};
use crate::shop::Stores;

/// Audits what was replayed, once no process is at work on it any more. The caller's services have ended.
///
/// # Errors
/// When the stores fail.
pub async fn conclude(
    stores: &Stores,
    options: &ReplayOptions,
    progress: &dyn Progress,
) -> Result<AuditReport, ReplayError> {
    let watch = Watch::over(progress);
    watch.awaits("the audit begins once other processes have ended");
    let retries = Retries { policy: options.retry, watch: &watch };
    tokio::select! {
        report = retries.read(|| audit_at_rest(stores)) => report,
        never = watch.tell() => never,
    }
}

async fn audit_at_rest(stores: &Stores) -> Result<AuditReport, StoreError> {
    loop {
        stores.left_alone(Duration::MAX).await?;
        let report = audit(stores).await?;
        // Whoever began meanwhile may have been seen in the middle of a step.
        if report.is_ok() || !stores.are_at_work().await? {
            return Ok(report);
        }
    }
}
