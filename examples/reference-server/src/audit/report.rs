use std::collections::BTreeMap;
use std::fmt;

use commerce_core::id::Tenant;
use serde::Serialize;

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// Every breach, by invariant and subject. None: all is well.
    pub breaches: Vec<Breach>,
    /// How much was looked at, by kind.
    pub checked: BTreeMap<&'static str, u64>,
    /// Messages that those who follow the others, notification and analytics, have yet to take in. No book depends on
    /// them, and they wait for the next time that the services run.
    pub pending: u64,
}

/// What is said of messages that are pending, after their number.
pub const PENDING: &str = "messages wait for notification and analytics: `serve` on this store takes them in";

impl AuditReport {
    /// Whether every invariant holds.
    pub fn is_ok(&self) -> bool {
        self.breaches.is_empty()
    }
}

/// How much was looked at, then each breach, a line each.
impl fmt::Display for AuditReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, number) in &self.checked {
            writeln!(f, "{number:>12} {kind}")?;
        }
        if self.pending > 0 {
            writeln!(f, "{:>12} {PENDING}", self.pending)?;
        }
        if self.is_ok() {
            return f.write_str("audit ok");
        }
        self.breaches.iter().try_for_each(|breach| writeln!(f, "{breach}"))?;
        write!(f, "{} breaches", self.breaches.len())
    }
}

/// An invariant that doesn't hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Breach {
    /// Which one: a code of [`invariant`](super::invariant), stable.
    pub invariant: &'static str,
    /// What it doesn't hold for: `order 0198…`.
    pub subject: String,
    /// How it fails, as the rest of a sentence that begins with the subject.
    pub detail: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}.", self.invariant, self.subject, self.detail)
    }
}

/// Collects what is found.
#[derive(Default)]
pub(super) struct Findings {
    report: AuditReport,
    tenant: Tenant,
}

impl Findings {
    /// What follows is about this tenant's data.
    pub(super) fn turn_to(&mut self, tenant: &Tenant) {
        if self.tenant != *tenant {
            self.tenant = tenant.clone();
        }
    }

    pub(super) fn breach(
        &mut self,
        invariant: &'static str,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) {
        let mut subject = subject.into();
        if self.tenant != Tenant::default() {
            subject = format!("{subject} of tenant {}", self.tenant);
        }
        self.report.breaches.push(Breach { invariant, subject, detail: detail.into() });
    }

    pub(super) fn count(&mut self, kind: &'static str, number: usize) {
        let counted = self.report.checked.entry(kind).or_default();
        *counted = counted.saturating_add(number as u64);
    }

    pub(super) fn pending(&mut self) {
        self.report.pending += 1;
    }

    pub(super) fn into_report(mut self) -> AuditReport {
        self.report.breaches.sort();
        self.report
    }
}
