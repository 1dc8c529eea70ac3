//! What the PostgreSQL store promises beyond being a store, each promise in the file of its name.
//!
//! Several [`process`](support::process)es on one database are several stores, each with connections of its own. A test
//! that holds a transaction open, or that measures time, has a [`Cluster`](commerce_test_postgres::Cluster) of its own: an
//! open transaction delays the readers of a whole cluster.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests may fail as loudly as tests

mod support;

mod caught_up;
mod caution;
mod chains;
mod connections;
mod contention;
mod disturbances;
mod doubts;
mod dropped_callers;
mod dump;
mod early_transactions;
mod fencing;
mod gone;
mod groups;
mod growth;
mod host_transaction;
mod late_row;
mod log_under_load;
mod lost_answer;
mod migration;
mod opening;
mod outcomes;
mod relaxed;
mod restart;
mod retention;
mod unwritten_streams;
mod waking;
