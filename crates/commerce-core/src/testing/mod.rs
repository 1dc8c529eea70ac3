//! Test kits. [`given`] states an aggregate's rules; [`conformance`] proves a store; [`TestHost`] is a clock that stands
//! still until it is told otherwise.

pub mod conformance;
mod given;
mod host;

pub use given::{Given, Outcome, given, test_context};
pub use host::TestHost;
