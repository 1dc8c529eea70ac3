//! What `commerce-saga` promises, proved on PostgreSQL: the crate's own tests and its test kit, on another store.

#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a failed test

#[path = "../../../../crates/commerce-saga/tests/saga/abort.rs"]
mod abort;
mod ashore;
#[path = "../../../../crates/commerce-saga/tests/saga/barrier.rs"]
mod barrier;
#[path = "../../../../crates/commerce-saga/tests/saga/calls.rs"]
mod calls;
#[path = "../../../../crates/commerce-saga/tests/saga/ends.rs"]
mod ends;
#[path = "../../../../crates/commerce-saga/tests/saga/operators.rs"]
mod operators;
#[path = "../../../../crates/commerce-saga/tests/saga/proof.rs"]
mod proof;
mod store;
#[path = "../../../../crates/commerce-saga/tests/saga/sweep.rs"]
mod sweep;
#[path = "../../../../crates/commerce-saga/tests/saga/trip.rs"]
mod trip;
#[path = "../../../../crates/commerce-saga/tests/saga/versions.rs"]
mod versions;
