//! The ports of the commerce crates on something real, each behind a feature.

#[cfg(feature = "sqlite")]
pub mod sqlite;
