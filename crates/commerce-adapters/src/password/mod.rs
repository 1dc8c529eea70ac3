//! Password hashes and opaque tokens.
//!
//! - [`Argon2Hasher`]: Argon2id with the parameters of OWASP's Password Storage Cheat Sheet. It hashes on threads that
//!   may block, no more at once than there are processors: each takes 19 MiB, and a flood of logins must not starve
//!   everything else.
//! - [`OsSecrets`]: 256 bits of the operating system's randomness, and SHA-256 digests.

mod hasher;
mod secrets;
#[cfg(test)]
mod tests;

pub use hasher::Argon2Hasher;
pub use secrets::OsSecrets;
