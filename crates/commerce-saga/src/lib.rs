//! Work across services that ends all done or all undone.
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `testing` | no | runs a saga once for every way in which it can go wrong |
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
//! Whoever keeps a saga [attaches](Orchestrator::attach) the orchestrator to a consumer, for the replies, and lets
//! [`run_timers`](Orchestrator::run_timers) run: without timers no call at the beginning of a run starts, no missing answer is
//! noticed, and nothing is tried again.
//!
//! 1. A saga's progress and the messages it sends are one commit: neither exists without the other
//!    ([proof][proof]: a crash before and after every write).
//! 2. An action ends as done, failed for certain, or unknown. An unknown one is asked again under the same idempotency
//!    key, and is undone with the others if it stays unknown: it is never skipped ([ends][ends], [calls][calls]).
//! 3. Participants keep a barrier: a repeated request is answered as before, without a second effect; a compensation
//!    that comes before its action prevents it ([barrier][barrier]).
//! 4. An instance belongs to no worker: whoever gets a reply, or sees that its time has come, carries it on. The version
//!    of its document is the fencing token that every write checks ([calls][calls]). One that can't be carried on does
//!    not stop the others ([sweep][sweep]).
//! 5. A compensation that can't succeed ends in `stuck`, where operators see it, as does what records that all is
//!    undone. It is never dropped ([operators][operators]).
//! 6. After a step that [decides](SagaBuilder::decisive) nothing is undone: what follows it is tried as often as a
//!    compensation, and ends in `stuck` likewise ([decisive][decisive]).
//! 7. A run ends on the version of the definition that it began with, and waits for a program that knows it
//!    ([versions][versions]).
//! 8. A run can be [turned back](Orchestrator::abort) as long as there is a way back. What is under way then is undone like
//!    what was not heard of; of the wish and the end of the run one is committed, and the other is told so. A wish that was
//!    granted survives a crash ([abort][abort], [proof][proof]).
//!
//! Each attempt at a step is a `tracing` span, which its request carries to the participant
//! ([`commerce_outbox::trace`]), and is counted with `metrics`.
//!
//! Limits: participants remember a step for a year, so no run may be stuck longer. A step without a compensation can't be
//! undone if its answer is lost; nor can a run be turned back while it is under way. A call's provider must honour its idempotency key, as a call may be under way when it
//! is verified and made again. When an answer is overdue is judged by the store's clock, whatever those of the programs say; where
//! that one jumps ahead while a call is under way, or a worker stands still in the middle of one, the call may have its
//! effect after it was undone, as it may if its provider goes on after nobody waits any more. Ended runs are kept until they are [pruned](Orchestrator::prune).
//!
//! [proof]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-saga/tests/saga/proof.rs
//! [ends]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-saga/tests/saga/ends.rs
//! [calls]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-saga/tests/saga/calls.rs
//! [barrier]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-saga/tests/saga/barrier.rs
//! [sweep]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-saga/tests/saga/sweep.rs
//! [operators]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-saga/tests/saga/operators.rs
//! [decisive]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-saga/tests/saga/decisive.rs
//! [abort]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-saga/tests/saga/abort.rs
//! [versions]: https://github.com/commerce-rs/commerce/blob/main/crates/commerce-saga/tests/saga/versions.rs

#![warn(missing_debug_implementations)]

mod definition;
mod error;
mod instance;
mod key;
mod orchestrator;
mod participant;
mod reply;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod timeline;

pub use definition::{BuildError, Saga, SagaBuilder, Version};
pub use error::{SagaError, StepError};
pub use instance::{Failure, Instance, LetGo, Note, PhaseRecord, PhaseStatus, SagaStatus, StepRecord};
pub use orchestrator::{Finished, Orchestrator};
pub use participant::{Request, action, compensation};
pub use reply::{Phase, Reply};
