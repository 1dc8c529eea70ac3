//! The main job: a shop's invoices become orders, its credit notes become returns.

mod conclude;
mod ending;
mod options;
mod plan;
mod progress;
mod retry;
mod run;
mod summary;
mod watch;

pub use conclude::conclude;
pub use options::{FOR_A_SERVER, ReplayError, ReplayOptions};
pub use progress::{Lines, Progress, Silent, TerminalBar};
pub use run::{Replayed, replay};
pub use summary::{AuditResult, Summary};
