//! What worker processes do, so that tests can have several of them over one database.
//!
//! | mode of the program | what it is |
//! |---|---|
//! | `consumer URL LEASE` | a member of the group that handles [`jobs`] |
//! | `member URL LEASE COUNT` | a member that takes jobs and acknowledges them at its test's word |
//! | `holder URL LEASE` | holds a lease, and writes under its token at its test's word |
//! | `shop URL` | carries the sagas of [`orders`] on, from replies and from timers |
//! | `depot URL` | the sagas' participant |
//! | `racer URL` | does what its test tells two of them at the same moment |
//!
//! A worker says what it does line by line, does what it is told line by line, and ends when its stdin does: so none
//! outlives its test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test's worker fails as loudly as tests

pub mod depot;
pub mod jobs;
pub mod line;
pub mod orders;
pub mod race;
pub mod stores;
pub mod work;
