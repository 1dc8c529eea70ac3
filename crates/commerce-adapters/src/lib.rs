//! The ports of the commerce crates on something real, each behind a feature.
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `sqlite` | no | a store on one SQLite file, with group commit on one writer thread |

#[cfg(feature = "sqlite")]
pub mod sqlite;
