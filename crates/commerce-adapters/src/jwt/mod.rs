//! Access tokens: JWT (RFC 7519), signed by EdDSA over Ed25519 (RFC 8037), good for fifteen minutes.
//!
//! - [`SigningKeys`] is a ring: the newest key signs, those before it still verify until they retire. It is kept as a
//!   document of the identity service's store. Who can read that store can sign.
//! - [`AccessTokens`] signs, and answers the public keys as a JWKS (RFC 7517).
//! - [`Verifier`] needs the JWKS alone. It accepts EdDSA and nothing else, whatever a token says of itself, and takes
//!   the time from its caller.
//!
//! No token is looked up: one that was signed is good until it expires.

mod claims;
mod error;
mod keys;
mod stored;
#[cfg(test)]
mod tests;
mod tokens;
mod verifier;

pub use claims::Claims;
pub use error::{KeysError, TokenError};
pub use keys::{RETIRE_AFTER, SigningKeys};
pub use tokens::{ACCESS_TOKEN_LIFE, AccessToken, AccessTokens};
pub use verifier::Verifier;
