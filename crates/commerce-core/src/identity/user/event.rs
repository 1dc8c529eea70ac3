//! What has happened to a user, as it is stored.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::UserId;
use crate::identity::{EmailAddress, PersonName, Roles};
use crate::time::Timestamp;

/// What has happened to a user. No password, hash or token is ever part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UserEvent {
    /// Became known.
    UserRegistered {
        /// The user's id.
        user_id: UserId,
        /// Where mail reaches them.
        email: EmailAddress,
        /// The first name.
        first_name: PersonName,
        /// The last name.
        last_name: PersonName,
        /// What they may do.
        roles: Roles,
        /// When.
        at: Timestamp,
    },
    /// Signed in.
    UserLoggedIn {
        /// When.
        at: Timestamp,
    },
    /// Has another password, by a change or a reset.
    PasswordChanged {
        /// When.
        at: Timestamp,
    },
    /// Was sent a token to reset the password.
    PasswordResetRequested {
        /// When.
        at: Timestamp,
    },
    /// Showed that mail reaches them.
    EmailConfirmed {
        /// When.
        at: Timestamp,
    },
    /// May not sign in any more.
    UserDeactivated {
        /// When.
        at: Timestamp,
    },
    /// May sign in again.
    UserActivated {
        /// When.
        at: Timestamp,
    },
    /// Has other roles.
    RolesChanged {
        /// All of them.
        roles: Roles,
        /// When.
        at: Timestamp,
    },
}

impl Event for UserEvent {}
