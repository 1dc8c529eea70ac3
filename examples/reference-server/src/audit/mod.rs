//! Proves over the stored data that the books of the whole shop agree.
//!
//! ```text
//!   logs, documents, outbox logs        facts of each tenant            breaches
//!   of five stores ──── gather ───────▶ (folded aggregates, ─ check ──▶ one sentence each,
//!                       │                sums, statuses)                under a stable code
//!                       └── what one stream or document shows alone ──▶
//! ```
//!
//! `gather` reads every store once, in pages, folds each aggregate by its own `apply` and keeps what the checks need:
//! about three kilobytes an order of twenty lines. `check` is pure: facts in, breaches out. What an unfinished saga has under way is
//! explained by the saga, which is reported itself.
//!
//! Messages that notification and analytics have yet to take in are counted, and are no breach: nothing that is checked
//! depends on them, and someone whose account is not known may be waited for a minute. A dead letter of theirs is one.
//!
//! The duty of the caller: nothing writes while it runs. The services are shut down, and their cursors thereby written.
//! Tenants are found by their events; documents of a tenant without any event are not looked at.

mod check;
mod facts;
mod gather;
pub mod invariant;
mod messages;
mod read;
mod report;

use commerce_core::store::StoreError;

pub use report::{AuditReport, Breach, PENDING};

use crate::shop::Stores;
use facts::Shop;
use report::Findings;

/// Checks every invariant of [`invariant::ALL`] over everything that is stored.
///
/// # Errors
/// When a store can't be read. Data that can be read and makes no sense is a breach, not an error.
pub async fn audit(stores: &Stores) -> Result<AuditReport, StoreError> {
    // Documents show what the logs may still hide: what was written last.
    stores.caught_up().await?;
    let mut findings = Findings::default();
    let mut shop = Shop::default();
    gather::all(stores, &mut shop, &mut findings).await?;
    for (tenant, facts) in &shop.tenants {
        findings.turn_to(tenant);
        check::all(facts, &mut findings);
    }
    messages::check(stores, &mut findings).await?;
    Ok(findings.into_report())
}
