//! Messages between services: none lost, none doubled, each key in order.
//!
//! The crate has no features. Each message is handled in a `tracing` span that continues the message's [`trace`], and is
//! counted with `metrics`; without a subscriber and a recorder that costs next to nothing.
//!
//! 1. A message exists if and only if the commit that sends it does: it is written in the same commit; a reader that is
//!    dropped, stopped or killed loses none. [`none_lost`], [`scheduled`]
//! 2. A message has its effect once, however often it is delivered: its claim commits with its effects. [`once`]
//! 3. Messages of one key are handled in order, also through failure: a key waits while its head is retried, and is
//!    parked when its head is dead. Other keys never wait. [`ordered_keys`], [`poison`], [`waiting`]
//! 4. A message that kills its worker is counted, and is dead after as many attempts as any other; one that can't be
//!    read is dead at once; an orderly shutdown or handover costs no attempt. [`poison`], [`leases`],
//!    [`shutdown`], [`suspects`]
//! 5. A dead letter keeps the whole message and every attempt's error; it is replayed in order, at the head of its key;
//!    of two that act on it only one does. [`dead_letters`]
//! 6. Members of a group share a log by lease; one that lost its lease can't move the cursor. [`leases`]
//! 7. A relay's cursor moves only past what was published, and a key whose message is refused waits alone. [`relay`]
//! 8. A request with an idempotency key has one effect, and its answer is stored with it. [`idempotency`]
//! 9. Who carries messages says when it can't, and again when it can: see [`Health`]. [`health`]
//!
//! [`none_lost`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/none_lost.rs
//! [`scheduled`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/scheduled.rs
//! [`once`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/once.rs
//! [`ordered_keys`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/ordered_keys.rs
//! [`poison`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/poison.rs
//! [`leases`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/leases.rs
//! [`shutdown`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/shutdown.rs
//! [`suspects`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/suspects.rs
//! [`waiting`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/waiting.rs
//! [`dead_letters`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/dead_letters.rs
//! [`relay`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/relay.rs
//! [`idempotency`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/idempotency.rs
//! [`health`]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-outbox/tests/guarantees/health.rs
//!
//! Limits: delivery itself is at least once, so effects outside the consumer's store need an idempotency key of their
//! own; claims are kept for seven days, and what is delivered again later takes effect again: of the store's own bus,
//! what was handled shortly before a crash after which no member of the group ran for that long; order holds per key
//! within one source; after a crash every message that may have been taken is suspected, and up to 1,000 behind them,
//! which where a policy allows one attempt makes each a dead letter; a key whose messages are merely slow fills its
//! consumer's window of 4,096 in the end.

#![warn(missing_debug_implementations)]

mod bus;
mod consumer;
mod dead_letters;
mod envelope;
mod error;
mod health;
mod held;
mod host;
mod idempotency;
mod publication;
mod relay;
mod retention;
mod retry;
pub mod trace;

use std::time::Duration;

pub use bus::{Bus, Delivery, READING, Receipt, StoreBus, StoreBusOptions, Subscription};
pub use consumer::{Consumer, Handled, Handler, Message, Scope};
pub use dead_letters::{
    DeadLetterError, DeadLetterFilter, DeadLetters, DiscardedMessage, ParkedKey, ReplayOptions, ReplayReport,
    Unfinished,
};
pub use envelope::Envelope;
pub use error::{BusError, HandleError};
pub use health::{Ailment, Ending, Health};
pub use held::{Attempt, HeldMessage, HeldState, Replay};
pub use host::SystemHost;
pub use idempotency::{Begin, Idempotency, IdempotencyError, Ticket};
pub use publication::{Publication, PublishedEvent};
pub use relay::Relay;
pub use retention::{Pruned, Retention};
pub use retry::RetryPolicy;

/// How long a handled message is remembered. What a bus delivers again later than that takes effect again.
///
/// The store's own bus does so where a group is down for longer: its cursor is moved now and then, and never past a message
/// that is not done, so that what was handled shortly before a crash, or behind such a message, is delivered again whenever a
/// member of the group next runs. An orderly shutdown moves the cursor up to the first message that is not done.
pub const DEDUPLICATION: Duration = Duration::from_secs(7 * 24 * 60 * 60);
