//! Messages between services: none lost, none doubled, each key in order.
//!
//! 1. A message exists if and only if the commit that sends it does: it is written in the same commit.
//! 2. A message has its effect once, however often it is delivered: its claim commits with its effects.
//! 3. Messages of one key are handled in order, also through failure: a key waits while its head is retried, and is
//!    parked when its head is dead. Other keys never wait.
//! 4. A message that kills its worker is counted, and is dead after as many attempts as any other.
//! 5. A dead letter keeps the whole message and every attempt's error; it is replayed in order, at the head of its key.
//!
//! Limits: delivery itself is at least once, so effects outside the consumer's store need an idempotency key of their
//! own; claims are kept for seven days, so a bus must not deliver again what is older; order holds per key within one
//! source.

mod bus;
mod consumer;
mod envelope;
mod error;
mod held;
mod host;
mod retry;

use std::time::Duration;

pub use bus::{Bus, Delivery, Receipt, StoreBus, StoreBusOptions, Subscription};
pub use consumer::{Consumer, Handled, Handler, Message, Scope};
pub use envelope::Envelope;
pub use error::{BusError, HandleError};
pub use held::{Attempt, HeldMessage, HeldState};
pub use host::SystemHost;
pub use retry::RetryPolicy;

/// How long a handled message is remembered: longer than any replay from a bus.
pub const DEDUPLICATION: Duration = Duration::from_secs(7 * 24 * 60 * 60);
