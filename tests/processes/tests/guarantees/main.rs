//! What `commerce-outbox` promises, proved on PostgreSQL: the crate's own tests, on another store.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../../../crates/commerce-outbox/tests/guarantees/dead_letters.rs"]
mod dead_letters;
#[path = "../../../../crates/commerce-outbox/tests/guarantees/dropped_waits.rs"]
mod dropped_waits;
#[path = "../../../../crates/commerce-outbox/tests/guarantees/idempotency.rs"]
mod idempotency;
#[path = "../../../../crates/commerce-outbox/tests/guarantees/leases.rs"]
mod leases;
#[path = "../../../../crates/commerce-outbox/tests/guarantees/none_lost.rs"]
mod none_lost;
#[path = "../../../../crates/commerce-outbox/tests/guarantees/once.rs"]
mod once;
#[path = "../../../../crates/commerce-outbox/tests/guarantees/ordered_keys.rs"]
mod ordered_keys;
#[path = "../../../../crates/commerce-outbox/tests/guarantees/poison.rs"]
mod poison;
#[path = "../../../../crates/commerce-outbox/tests/guarantees/publications.rs"]
mod publications;
#[path = "../../../../crates/commerce-outbox/tests/guarantees/relay.rs"]
mod relay;
#[path = "../../../../crates/commerce-outbox/tests/guarantees/retention.rs"]
mod retention;
#[path = "../../../../crates/commerce-outbox/tests/guarantees/scheduled.rs"]
mod scheduled;
mod store;
#[path = "../../../../crates/commerce-outbox/tests/guarantees/support.rs"]
mod support;
