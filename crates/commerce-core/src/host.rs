//! What the host provides, so that core itself stays without clock and chance.

use uuid::Uuid;

use crate::context::Context;
use crate::time::Timestamp;

/// The time and fresh ids.
pub trait Host: Send + Sync + 'static {
    /// The moment it is.
    fn now(&self) -> Timestamp;

    /// An id that no one else has: a UUIDv7 whose last sixteen bits are zero (see [`id::derive`](crate::id::derive)).
    fn new_id(&self) -> Uuid;

    /// The context of an operation that starts now.
    fn context(&self) -> Context {
        Context::new(self.now(), self.new_id())
    }
}
