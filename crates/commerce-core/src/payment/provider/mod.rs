//! The port to whoever moves the money.
//!
//! ```text
//!   commit StartProcessing{attempt n} ──▶ capture(key n) ──▶ Captured ─────────▶ commit Succeed
//!                  ▲                          │  ├─ Declined ─────────────────▶ commit Fail
//!                  └──── Transient, n + 1 ────┘  ├─ RequiresAction ───────────▶ wait for the webhook
//!      crash, or a timeout of the caller ─▶ find(key n) ◀── Unknown
//!                                             └─ None ─▶ capture(key n), the same key
//!
//!      given up ─▶ cancel(key n) ─▶ Cancelled ─▶ commit Cancel
//!                      ▲       │  ├─ Captured ──▶ commit Succeed, then Refund
//!                      └ Unknown  └─ Declined ──▶ commit Fail
//! ```
//!
//! [`NextStep`] is this drawing as a function. How often and how long to try is the caller's. A charge of another amount
//! than was asked for is none of these ends: [`NextStep::Differs`].

mod action;
mod fake;
mod next_step;
mod port;
#[cfg(test)]
mod tests;

pub use action::CustomerAction;
pub use fake::FakeProvider;
pub use next_step::NextStep;
pub use port::{
    Cancellation, CaptureRequest, Captured, ChargeState, PaymentProvider, ProviderError, RefundRequest,
    Refunded,
};
