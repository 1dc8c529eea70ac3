//! The HTTP parts around a small application of their own, on a store in memory.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bodies;
mod callers;
mod correlation;
mod idempotency;
mod limits;
mod openapi;
mod pages;
mod problems;
mod readiness;
mod shop;
mod support;
mod versions;
