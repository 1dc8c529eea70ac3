//! Work across services that ends all done or all undone.
//!
//! ```text
//!            begin                 request ──────────────▶ ┌─────────────┐
//!   caller ─────────▶ ┌──────────────┐  (outbox, one commit  │ participant │ one commit: effects,
//!                     │ orchestrator │   with the progress)  │  + barrier  │ claim, answer
//!   operator ───────▶ └──────────────┘ ◀────────────── reply └─────────────┘
//!    retry, skip …       ▲        │
//!              timer ────┘        └──▶ one document per instance: state, steps, deadlines
//! ```
//!
//! 1. A saga's progress and the messages it sends are one commit: neither exists without the other.
//! 2. An action ends as done, failed for certain, or unknown. An unknown one is asked again under the same idempotency
//!    key, and is undone with the others if it stays unknown: it is never skipped.
//! 3. Participants keep a barrier: a repeated request is answered as before, without a second effect; a compensation
//!    that comes before its action prevents it.
//! 4. An instance belongs to no worker: whoever gets a reply, or sees that its time has come, carries it on. The version
//!    of its document is the fencing token that every write checks.
//! 5. A compensation that can't succeed ends in `stuck`, where operators see it. It is never dropped.

mod definition;
mod error;
mod instance;
mod orchestrator;
mod participant;
mod reply;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod timeline;

pub use definition::{BuildError, Saga, SagaBuilder, Version};
pub use error::{SagaError, StepError};
pub use instance::{Failure, Instance, Note, PhaseRecord, PhaseStatus, SagaStatus, StepRecord};
pub use orchestrator::{Finished, Orchestrator};
pub use participant::{Request, action, compensation};
pub use reply::{Phase, Reply};
