//! Processes that are killed, stopped and raced over one database.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // also outside of #[test] functions

mod consumers;
mod left_behind;
mod races;
mod sagas;
mod stale;
mod upheaval;
mod worker;
