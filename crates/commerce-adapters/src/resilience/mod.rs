//! A circuit breaker for any call that can fail.
//!
//! ```text
//!            enough failures in a row               cool-down over
//!   closed ──────────────────────────▶ open ──────────────────────────▶ half-open
//!     ▲                                 ▲                               │   │ one probe
//!     │                                 └──────────── it fails ─────────┘   │
//!     └──────────────────────────────────────────────── it succeeds ────────┘
//! ```
//!
//! What holds:
//! 1. While it is open no call is begun; the caller is told at once, and for how long.
//! 2. After the cool-down one call goes through as a probe; the others are told as before until it has ended.
//! 3. A call is judged only within the state in which it began: one that comes back late moves nothing.
//! 4. A call that is dropped has no verdict. A dropped probe makes room for another.
//!
//! Time is tokio's, so a test can pause it.

mod breaker;
mod error;
mod state;
#[cfg(test)]
mod tests;

pub use breaker::CircuitBreaker;
pub use error::CallError;
pub use state::{BreakerOptions, BreakerStats, CircuitState};
