//! The main job: a shop's invoices become orders, its credit notes become returns.

mod ending;
mod options;
mod plan;
mod progress;
mod run;
mod summary;

pub use options::{ReplayError, ReplayOptions};
pub use progress::{Lines, Progress, Silent, TerminalBar};
pub use run::{Replayed, replay};
pub use summary::{AuditResult, Summary};
