//! What is measured, in which order, and what is said of it.
//!
//! ```text
//!  measures ─ select ─► those wanted, each baseline just before the first that needs it
//!                          │
//!                       rounds: all of them once, and again …  ─► results: a value for each figure and round
//!                          │
//!                       report: medians, ratios within a round, goals ─► table (terminal), document (Markdown)
//! ```

mod callers;
mod document;
mod machine;
mod measure;
mod report;
mod rounds;
mod select;
mod table;

pub(crate) use callers::{Caller, rate};
pub(crate) use document::write;
pub(crate) use machine::{Machine, peak_megabytes};
pub(crate) use measure::{Figure, Goal, Measure, NO_SLOWER, Unit, at_least, at_most};
pub(crate) use report::{Row, rows};
pub(crate) use rounds::{Results, run};
pub(crate) use select::select;
pub(crate) use table::print;
