//! What is measured beside ours: pgbench, hand-written SQL, raw SQLite.

mod bulk;
mod disk;
mod group_commit;
mod journal;
mod pgbench;
mod schema;
mod sqlite;
mod transactions;

use crate::harness::Measure;

pub(crate) fn all() -> Vec<Measure> {
    [
        disk::measures(),
        sqlite::measures(),
        pgbench::measures(),
        transactions::measures(),
        group_commit::measures(),
        bulk::measures(),
        journal::measures(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
