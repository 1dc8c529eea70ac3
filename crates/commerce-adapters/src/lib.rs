//! The ports of the commerce crates on something real, each behind a feature.
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `sqlite` | no | a store on one SQLite file, with group commit on one writer thread |
//! | `postgres` | no | a store in one schema of a PostgreSQL database, shared by as many processes as there are |
//! | `password` | no | Argon2id password hashes, and opaque tokens from the operating system's randomness |
//! | `jwt` | no | access tokens: a ring of signing keys that rotates, its JWKS, and a verifier |

#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "password")]
pub mod password;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;
