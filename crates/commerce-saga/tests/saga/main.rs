//! What the crate promises, each promise under its name.

#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a failed test

mod abort;
mod answers;
mod barrier;
mod calls;
mod decisive;
mod ends;
mod operators;
mod panics;
mod proof;
mod slow;
mod store;
mod sweep;
mod trip;
mod undone;
mod versions;
