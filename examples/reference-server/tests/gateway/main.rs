//! The gateway, with services in its own process and in front of others.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod description;
mod docs;
mod door;
mod failing;
mod forwarding;
mod support;
