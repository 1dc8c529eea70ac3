//! Old events in today's shape: the one path by which stored events are read.
//!
//! What is stored never changes. An [`Upcasters`] brings the payload of an older schema version to the next one, step
//! by step, each time the event is read: on load, on replay, in a projection, in an export.

mod registry;

pub use registry::{Upcasted, Upcasters};
