//! PostgreSQL for integration tests.
//!
//! | | |
//! |---|---|
//! | [`database`] | a database for one test, on a server that the tests of a process share |
//! | [`Cluster`] | a server for one test, that may be stopped, killed and started again |
//! | [`Proxy`] | what a network does to connections, at the moment that the test chooses |
//!
//! 1. Tests run in parallel and in any order: none sees another's database.
//! 2. Nothing is left behind, neither server nor folder nor database, also if the process panics or is killed.
//! 3. Without a server there is no green test: a backend that is missing fails with a sentence on how to get it.
//!
//! The private server is started at first use and takes about a second. `postgres-for-tests COMMAND` starts one for all
//! processes that COMMAND runs, by `DATABASE_URL`.
//!
//! PostgreSQL 13 or newer; Unix.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test's helper fails as loudly as tests

mod cluster;
mod database;
mod programs;
mod proxy;
mod server;
mod settings;
mod url;

use std::panic::resume_unwind;

pub use cluster::Cluster;
pub use database::{TestDatabase, database};
pub use proxy::{CutMode, Proxy};

/// Runs what blocks without holding up the test's runtime.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => resume_unwind(error.into_panic()),
    }
}
