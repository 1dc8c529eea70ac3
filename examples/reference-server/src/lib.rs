//! The parts of the reference server, for its program and its tests.

pub mod import;
