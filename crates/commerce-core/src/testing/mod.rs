//! Test kits. [`given`] states an aggregate's rules.

mod given;

pub use given::{Given, Outcome, given, test_context};
