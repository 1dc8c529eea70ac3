//! What is measured of ours, one family a file, the same on each store.

mod checkout;
mod commands;
mod commits;
mod conflicts;
mod growth;
mod idempotency;
mod import;
mod latency;
mod log;
mod relay;
mod replay;
mod saga;
mod stock;

use crate::harness::{Goal, Measure};
use crate::stand::Kind;

/// Everything that is measured on this store.
pub(crate) fn all(kind: Kind) -> Vec<Measure> {
    [
        commits::measures(kind),
        conflicts::measures(kind),
        commands::measures(kind),
        idempotency::measures(kind),
        import::measures(kind),
        log::measures(kind),
        relay::measures(kind),
        latency::measures(kind),
        saga::measures(kind),
        stock::measures(kind),
        checkout::measures(kind),
        replay::measures(kind),
        growth::measures(kind),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Beside commits of one row by as many callers: raw SQLite has but one, pgbench collapses beyond 32.
fn beside_one_row(measure: Measure, kind: Kind, callers: usize, goal: Option<Goal>) -> Measure {
    match kind {
        Kind::Memory => measure,
        Kind::Sqlite => measure.beside("raw/sqlite/one-row", goal),
        Kind::Postgres => measure.beside(format!("pgbench/one-row/{}", callers.min(32)), goal),
    }
}

/// Goals are for what keeps its data.
fn if_durable(kind: Kind, goal: Goal) -> Option<Goal> {
    (kind != Kind::Memory).then_some(goal)
}

/// A goal that was set for PostgreSQL alone.
fn on_postgres(kind: Kind, goal: Goal) -> Option<Goal> {
    (kind == Kind::Postgres).then_some(goal)
}
