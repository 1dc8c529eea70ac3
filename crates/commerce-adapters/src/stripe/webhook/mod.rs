//! What Stripe tells by itself: whether it is Stripe ([`verify`]), and what it says ([`parse`]).
//!
//! Webhooks come late, twice, and in any order. Claim the event's id in the commit of its effect, and take what follows
//! from [`NextStep::after_webhook`](commerce_core::payment::NextStep::after_webhook).

mod event;
mod signature;
#[cfg(test)]
mod tests;

pub use event::{InvalidWebhook, WebhookEvent, WebhookOutcome, parse};
pub use signature::{InvalidSignature, TOLERANCE, WebhookSecrets, verify};
