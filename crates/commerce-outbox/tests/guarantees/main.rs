//! What the crate promises, each promise under its name.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod dead_letters;
mod dropped_waits;
mod flowing;
mod health;
mod idempotency;
mod leases;
mod none_lost;
mod not_yet;
mod once;
mod options;
mod ordered_keys;
mod own_store;
mod poison;
mod publications;
mod queues;
mod relay;
mod retention;
mod scheduled;
mod shutdown;
mod silent;
mod sources;
mod store;
mod stuck;
mod support;
mod suspects;
mod topics;
mod unreadable;
mod waiting;
