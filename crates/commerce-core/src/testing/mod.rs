//! Test kits. [`given`] states an aggregate's rules; [`conformance`] proves a store, and [`StoreAround`] makes one of
//! another; [`TestHost`] is a clock that stands still until it is told otherwise.

mod around;
pub mod conformance;
mod given;
mod host;

pub use around::StoreAround;
pub use given::{Given, Outcome, given, test_context};
pub use host::TestHost;
