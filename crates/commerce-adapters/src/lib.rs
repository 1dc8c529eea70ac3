//! The ports of the commerce crates on something real, each behind a feature.
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `http` | no | problem details, callers and roles, idempotency keys, entity tags, rate limits, health and figures for axum |
//! | `sqlite` | no | a store on one SQLite file, with group commit on one writer thread |
//! | `postgres` | no | a store in one schema of a PostgreSQL database, shared by as many processes as there are |

#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;
