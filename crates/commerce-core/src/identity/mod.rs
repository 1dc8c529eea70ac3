//! Who may sign in, and as what.
//!
//! [`User`] is the aggregate: who someone is, in which roles, and whether they may sign in. [`Accounts`] is the work
//! around it: passwords, sessions and the tokens that are sent by mail. What is secret never enters an event. It is
//! kept hashed in documents, or goes out once, to the one it is for.
//!
//! | document | kept under | what it holds |
//! |---|---|---|
//! | credentials | the user's id | the hash of the password, and the *epoch*: sessions and reset tokens of an earlier one are void |
//! | attempts | the digest of an e-mail address | the last failed logins, and until when the address is locked |
//! | session | its id | the digests of the session's secret and of its current refresh token |
//! | one-time token | its digest | whose it is, what for, until when |
//!
//! What holds:
//! 1. Each change is one commit: events, documents, the claim of the e-mail address and the mail that is to be sent.
//! 2. At most five passwords are tried for an address within fifteen minutes, however many callers try at once: the
//!    outcome of a try is told only once it is committed on top of all tries before it.
//! 3. An address that no one has is answered like one with another password: the same error, after a password
//!    verification, and it is locked after as many tries.
//! 4. A refresh token is used once. Whoever comes with one that was used before ends the session for everyone,
//!    since of the two who had it one is a thief.
//! 5. After a deactivation or a reset no earlier session can be refreshed, and no earlier reset token be used.
//!
//! A signed access token is not looked up anywhere: it is good until it expires, at most fifteen minutes.

mod accounts;
mod faults;
mod port;
mod secret;
#[cfg(test)]
mod tests;
mod user;
mod value;

pub use accounts::{
    Accounts, ChangePassword, Ensured, IdentityError, LOCK_DURATION, Login, MAX_FAILURES, NewUser, Purpose,
    REFRESH_TOKEN_LIFE, Register, SECRET_ISSUED, SECRETS_TOPIC, SecretIssued, Session,
};
pub use port::{HashingFailed, NoRandomness, PasswordHash, PasswordHasher, SecretSource};
pub use secret::{Digest, Secret};
pub use user::{User, UserCommand, UserEvent, UserRejection};
pub use value::{EmailAddress, Password, PersonName, Role, Roles, SessionId};
