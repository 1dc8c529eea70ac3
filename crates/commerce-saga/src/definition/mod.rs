//! What a saga does, and how it is undone.

mod builder;
mod draw;
mod panics;
mod saga;
mod step;

pub use builder::{BuildError, SagaBuilder};
pub use saga::Saga;
pub(crate) use saga::{Definition, StepKind};
#[cfg(any(test, feature = "testing"))]
pub(crate) use step::{Step, Work};

/// The version of a definition. Raise it when steps change: instances that run finish on the one they began with, as
/// long as it stays registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32);
